// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/pool.h"

#include <fmt/format.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ether.h>
#include <rte_mbuf.h>

#include <algorithm>
#include <atomic>

#include "elements/sdk/batch.h"
#include "elements/sdk/packet.h"

namespace smartswitch::runtime {
namespace {

// Copies that elements make and packets on their way through the graph.
constexpr std::uint64_t kSlack = 1024;
// Ethernet header, two VLAN tags, checksum.
constexpr unsigned kFrameOverhead = RTE_ETHER_HDR_LEN + 2 * RTE_VLAN_HLEN + RTE_ETHER_CRC_LEN;

// The workers and the thread that builds the switch: each has a cache of packets.
std::uint64_t threads_of(const graph::Plan& plan) { return plan.workers.size() + 1; }

}  // namespace

std::uint64_t PoolSize::bytes() const {
  // An object's header and the padding that spreads objects over memory channels are some 128 bytes.
  return packets * (sizeof(rte_mbuf) + sizeof(Annotations) + data_room + 128ULL);
}

std::uint64_t planned_in_rings(const graph::Port& port, std::size_t workers) {
  const std::uint64_t tx_queues = port.tx_queues != 0 ? port.tx_queues : workers;
  return static_cast<std::uint64_t>(port.rx_queues) * port.rx_descriptors + tx_queues * port.tx_descriptors;
}

PoolNeeds planned_needs(const graph::Plan& plan) {
  PoolNeeds needs;
  for (const graph::Port& port : plan.ports) {
    needs.in_rings += planned_in_rings(port, plan.workers.size());
    needs.mtu = std::max(needs.mtu, port.mtu);
  }
  return needs;
}

std::uint64_t packets_in_caches(const graph::Plan& plan) {
  // DPDK fills a cache up to one and a half of its size.
  return threads_of(plan) * (plan.pool.cache * 3ULL / 2 + 2ULL * Batch::kCapacity);
}

PoolSize size_pool(const graph::Plan& plan, const PoolNeeds& needs) {
  std::uint64_t packets = plan.pool.packets;
  if (packets == 0) packets = needs.in_rings + needs.may_hold + kReserveForReloads + packets_in_caches(plan) + kSlack;

  PoolSize size;
  size.packets = static_cast<std::uint32_t>(std::min<std::uint64_t>(packets, UINT32_MAX / 2));
  // In a small pool the caches must not keep from one worker what another one needs.
  const std::uint64_t fair = packets / (4 * threads_of(plan));
  size.cache = static_cast<std::uint32_t>(std::min({std::uint64_t{plan.pool.cache}, fair, std::uint64_t{RTE_MEMPOOL_CACHE_MAX_SIZE}}));
  const unsigned frame = std::max<unsigned>(RTE_MBUF_DEFAULT_DATAROOM, needs.mtu + kFrameOverhead);
  size.data_room = static_cast<std::uint16_t>(std::min<unsigned>(frame + RTE_PKTMBUF_HEADROOM, UINT16_MAX));
  return size;
}

PoolSize size_large_pool(std::uint64_t packets) {
  return {.packets = static_cast<std::uint32_t>(std::min<std::uint64_t>(packets, UINT32_MAX / 2)),
          .cache = 0,
          .data_room = kLargestPacket + RTE_PKTMBUF_HEADROOM};
}

bool fits(rte_mempool* pool, std::uint16_t mtu) { return mtu + kFrameOverhead + RTE_PKTMBUF_HEADROOM <= rte_pktmbuf_data_room_size(pool); }

Pool make_pool(const PoolSize& size, Problems& problems) {
  static std::atomic<unsigned> serial{0};
  const std::string name = "packets" + std::to_string(serial++);
  // Without huge pages DPDK would put one buffer on each 4 KiB page, lest one crosses a border between pages. Devices that run in ordinary
  // memory address it virtually, so borders do not matter, and leaving that out saves nearly half of the memory.
  const bool packed = rte_eal_has_hugepages() == 0 && rte_eal_iova_mode() == RTE_IOVA_VA;
  const unsigned object = sizeof(rte_mbuf) + sizeof(Annotations) + size.data_room;
  Pool pool(rte_mempool_create_empty(name.c_str(), size.packets, object, size.cache, sizeof(rte_pktmbuf_pool_private), SOCKET_ID_ANY,
                                     packed ? RTE_MEMPOOL_F_NO_IOVA_CONTIG : 0));
  if (pool) {
    rte_pktmbuf_pool_private init{};
    init.mbuf_data_room_size = size.data_room;
    init.mbuf_priv_size = sizeof(Annotations);
    rte_pktmbuf_pool_init(pool.get(), &init);
    const int populated = rte_mempool_populate_default(pool.get());
    if (populated >= 0) {
      rte_mempool_obj_iter(pool.get(), rte_pktmbuf_init, nullptr);
      return pool;
    }
    rte_errno = -populated;
  }
  problems.add({}, fmt::format("no memory for {} packets ({} MiB): {}", size.packets, size.bytes() >> 20, rte_strerror(rte_errno)),
               "ask for fewer with `pool: {packets: N}`, smaller Queues, fewer descriptors or large packets; or get more huge pages");
  return nullptr;
}

}  // namespace smartswitch::runtime
