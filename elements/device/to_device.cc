// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <rte_ethdev.h>
#include <rte_ether.h>

#include <algorithm>

#include "elements/device/transit.h"
#include "elements/sdk/element.h"
#include "elements/sdk/headers.h"

namespace smartswitch {

class ToDevice final : public Element {
 public:
  static void describe(Describe<ToDevice>& d) {
    d.summary("Sends packets through a port.");
    d.details(
        "The device gets a batch at once. What its ring does not take is offered twice more and then dropped, so that a slow device never "
        "holds up the rest of the graph; put a Queue in front where bursts must be ridden out.\n\n"
        "Frames that are longer than the port's MTU allows are dropped here, because many drivers and the kernel behind net_af_packet drop "
        "them without a word. Up to two VLAN tags are allowed on top. The MTU is read once, at the start.");
    d.example("to_servers: {class: ToDevice, port: servers}");
    d.input<&ToDevice::push>("in", "packets to send");
    d.parameter("port", &ToDevice::queue_, "port to send through; each worker has a queue of its own");
    d.histogram(
        "latency", &ToDevice::latency_,
        "time of packets from PollDevice until the device here has them; measured of one packet in each 20 us at most, which stands "
        "for those sent since the one before");
    d.drop("ring_full", &ToDevice::ring_full_, "packets that the device did not take: its transmit ring was full");
    d.drop("too_long", &ToDevice::too_long_, "packets that are longer than the port's MTU and Ethernet header");
    d.drop("too_short", &ToDevice::too_short_, "packets without a whole Ethernet header: some devices stop at them");
  }

  void start(Problems& problems) override {
    departures_.start(problems);
    std::uint16_t mtu = 0;
    if (rte_eth_dev_get_mtu(queue_.port_id, &mtu) != 0) {
      problems.add({}, fmt::format("the device of this port (DPDK port {}) does not say its MTU", queue_.port_id),
                   "see whether the device is still there");
      return;
    }
    if (mtu != 0) longest_untagged_ = mtu + static_cast<std::uint32_t>(sizeof(rte_ether_hdr));
  }

  void push(Batch& batch) {
    if (look_over(batch)) [[unlikely]]
      departures_.collect(batch);
    const std::uint16_t n = static_cast<std::uint16_t>(batch.size());
    std::uint16_t taken = 0;
    for (int attempt = 0; attempt < kAttempts && taken < n; ++attempt) {
      taken += rte_eth_tx_burst(queue_.port_id, queue_.queue_id, batch.mbufs() + taken, static_cast<std::uint16_t>(n - taken));
    }
    count_sent(taken);
    departures_.record(
        taken, [this] { return exact_now(); }, latency_);
    if (taken < n) {
      ring_full_.add(n - taken);
      rte_pktmbuf_free_bulk(batch.mbufs() + taken, n - taken);
    }
    batch.release();
  }

 private:
  static constexpr int kAttempts = 3;
  static constexpr std::uint32_t kHeader = sizeof(rte_ether_hdr);

  /// Drops what cannot be sent. True if the time of one of these packets is measured.
  bool look_over(Batch& batch) {
    std::uint64_t flags = 0;
    std::uint32_t longest = 0;  // without the Ethernet header: of what is too short for one it is longest of all
    for (Packet packet : batch) {
      flags |= packet.mbuf()->ol_flags;
      longest = std::max(longest, packet.wire_length() - kHeader);
    }
    if (longest > longest_untagged_ - kHeader) [[unlikely]]
      drop_unfit(batch);
    return (flags & departures_.flag()) != 0;
  }

  [[gnu::noinline]] void drop_unfit(Batch& batch) {
    Batch too_short;
    batch.split(too_short, [](Packet packet) { return packet.wire_length() >= kHeader; });
    drop(too_short, too_short_);
    Batch too_long;
    batch.split(too_long, [&](Packet packet) { return packet.wire_length() <= longest_untagged_ + tag_bytes(packet); });
    drop(too_long, too_long_);
  }

  static std::uint32_t tag_bytes(Packet packet) {
    const auto* outer = packet.at<rte_ether_hdr>(0);
    if (outer == nullptr || !is_tag(outer->ether_type)) return 0;
    const auto* inner = packet.at<rte_vlan_hdr>(sizeof(rte_ether_hdr));
    return inner != nullptr && is_tag(inner->eth_proto) ? 2 * sizeof(rte_vlan_hdr) : sizeof(rte_vlan_hdr);
  }
  static bool is_tag(rte_be16_t type) { return type == rte_cpu_to_be_16(ether_type::kVlan) || type == rte_cpu_to_be_16(ether_type::kQinQ); }

  TxQueue queue_;
  std::uint32_t longest_untagged_ = UINT32_MAX;  // for devices that know no MTU
  Departures departures_;
  DurationHistogram latency_;
  DropReason ring_full_;
  DropReason too_long_;
  DropReason too_short_;
};
SMARTSWITCH_ELEMENT(ToDevice)

}  // namespace smartswitch
