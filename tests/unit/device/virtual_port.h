// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <gtest/gtest.h>
#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_mempool.h>

#include <string>
#include <vector>

#include "elements/sdk/testing/test_bench.h"

namespace smartswitch::testing {

/// A virtual DPDK device with one queue each way, started; gone with this object. `net_ring` gives back what is sent to it.
class VirtualPort {
 public:
  /// `driver` is "net_ring", "net_null", ...
  explicit VirtualPort(const std::string& driver, const std::string& arguments = {}) {
    static unsigned serial = 0;
    name_ = driver + std::to_string(serial++);
    start_eal();
    pool_ = rte_pktmbuf_pool_create((name_ + "_pool").c_str(), 1023, 0, sizeof(Annotations), 2048 + RTE_PKTMBUF_HEADROOM, SOCKET_ID_ANY);
    EXPECT_NE(pool_, nullptr);
    EXPECT_EQ(rte_eal_hotplug_add("vdev", name_.c_str(), arguments.c_str()), 0) << name_;
    EXPECT_EQ(rte_eth_dev_get_port_by_name(name_.c_str(), &id_), 0);
    const rte_eth_conf configuration{};
    EXPECT_EQ(rte_eth_dev_configure(id_, 1, 1, &configuration), 0);
    EXPECT_EQ(rte_eth_rx_queue_setup(id_, 0, 256, rte_socket_id(), nullptr, pool_), 0);
    EXPECT_EQ(rte_eth_tx_queue_setup(id_, 0, 256, rte_socket_id(), nullptr), 0);
    EXPECT_EQ(rte_eth_dev_start(id_), 0);
  }
  ~VirtualPort() {
    receive();
    EXPECT_EQ(rte_eth_dev_stop(id_), 0);
    EXPECT_EQ(rte_eal_hotplug_remove("vdev", name_.c_str()), 0);
    EXPECT_EQ(rte_mempool_in_use_count(pool_), 0U) << "packets that came from " << name_ << " are lost";
    rte_mempool_free(pool_);
  }
  VirtualPort(const VirtualPort&) = delete;
  VirtualPort& operator=(const VirtualPort&) = delete;

  [[nodiscard]] std::uint16_t id() const { return id_; }
  [[nodiscard]] TestBench::Options options() const {
    TestBench::Options options;
    options.rx_queue.port_id = id_;
    options.tx_queue.port_id = id_;
    return options;
  }

  /// False if the device does not take it: the packet is freed.
  bool send(Packet packet) const {
    rte_mbuf* mbuf = packet.mbuf();
    if (rte_eth_tx_burst(id_, 0, &mbuf, 1) == 1) return true;
    rte_pktmbuf_free(mbuf);
    return false;
  }
  /// All that the device has for us.
  std::vector<Bytes> receive() const {
    std::vector<Bytes> packets;
    Batch batch;
    while (const std::uint16_t n = rte_eth_rx_burst(id_, 0, batch.mbufs(), Batch::kCapacity)) {
      batch.set_size(n);
      for (Packet packet : batch) {
        Bytes& bytes = packets.emplace_back(packet.wire_length());
        const void* at = rte_pktmbuf_read(packet.mbuf(), 0, packet.wire_length(), bytes.data());
        if (at != bytes.data()) bytes.assign(packet.data(), packet.data() + packet.length());
      }
      batch.free_all();
    }
    return packets;
  }

 private:
  std::string name_;
  std::uint16_t id_ = 0;
  rte_mempool* pool_ = nullptr;
};

}  // namespace smartswitch::testing
