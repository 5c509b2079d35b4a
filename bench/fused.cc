// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "bench/fused.h"

#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include <algorithm>
#include <cstring>

#include "elements/memcached/protocol.h"
#include "elements/sdk/hash.h"

namespace smartswitch::bench {
namespace {

constexpr std::uint32_t kIp = sizeof(rte_ether_hdr);
constexpr std::uint32_t kUdp = kIp + sizeof(rte_ipv4_hdr);
constexpr std::uint32_t kFrame = kUdp + sizeof(rte_udp_hdr);
constexpr std::uint32_t kText = kFrame + sizeof(memcached::FrameHeader);
constexpr std::uint32_t kKey = kText + 4;  // behind "get "

// Inline, so that the loop over devices has its own.
[[gnu::always_inline]] inline unsigned redirect(rte_mbuf** packets, unsigned n, const memcached::BackendPool& pool, rte_be32_t service) {
  constexpr unsigned kAhead = 6;
  unsigned rewritten = 0;
  for (unsigned i = 0; i < std::min(n, kAhead); ++i) rte_prefetch0(rte_pktmbuf_mtod(packets[i], void*));
  for (unsigned i = 0; i < n; ++i) {
    if (i + kAhead < n) rte_prefetch0(rte_pktmbuf_mtod(packets[i + kAhead], void*));
    const std::uint32_t length = rte_pktmbuf_data_len(packets[i]);
    auto* data = rte_pktmbuf_mtod(packets[i], char*);
    if (length < kKey) continue;
    auto* ether = reinterpret_cast<rte_ether_hdr*>(data);
    const auto* ip = reinterpret_cast<const rte_ipv4_hdr*>(data + kIp);
    const auto* udp = reinterpret_cast<const rte_udp_hdr*>(data + kUdp);
    const auto* frame = reinterpret_cast<const memcached::FrameHeader*>(data + kFrame);
    const std::uint32_t ip_length = rte_be_to_cpu_16(ip->total_length);
    const std::uint32_t udp_length = rte_be_to_cpu_16(udp->dgram_len);
    if (ether->ether_type != rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4) || ip->version_ihl != 0x45 || ip->next_proto_id != IPPROTO_UDP ||
        (ip->fragment_offset & rte_cpu_to_be_16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)) != 0 || ip_length > length - kIp ||
        ip_length < kKey - kIp || udp_length > ip_length - sizeof(rte_ipv4_hdr) || udp_length < kKey - kUdp + 2 ||
        udp->dst_port != rte_cpu_to_be_16(memcached::kPort) || ip->dst_addr != service || frame->total != rte_cpu_to_be_16(1) ||
        std::memcmp(data + kText, "get ", 4) != 0) {
      continue;
    }
    const char* key = data + kKey;
    const std::size_t rest = udp_length - (kKey - kUdp);
    const std::size_t key_length = memcached::key_length({key, rest});
    if (key_length == 0 || key_length > memcached::kLongestKey || rest != key_length + 2 || std::memcmp(key + key_length, "\r\n", 2) != 0)
      continue;
    const std::uint32_t server = pool.choose(hash_key({key, key_length}), {key, key_length});
    std::memcpy(&ether->dst_addr, pool.servers()[server].mac->bytes.data(), RTE_ETHER_ADDR_LEN);
    ++rewritten;
  }
  return rewritten;
}

}  // namespace

unsigned redirect_fused(rte_mbuf** packets, unsigned n, const memcached::BackendPool& pool, rte_be32_t service) {
  return redirect(packets, n, pool, service);
}

void bare_loop(Bare& bare) {
  constexpr unsigned kBurst = 32;
  std::uint64_t count = 0;
  while (!bare.stop.load(std::memory_order_relaxed)) {
    rte_mbuf* packets[kBurst];
    const std::uint16_t n = rte_eth_rx_burst(bare.rx.port_id, bare.rx.queue_id, packets, kBurst);
    count += redirect(packets, n, bare.backends, rte_cpu_to_be_32(RTE_IPV4(10, 0, 0, 100)));
    const std::uint16_t sent = rte_eth_tx_burst(bare.tx.port_id, bare.tx.queue_id, packets, n);
    rte_pktmbuf_free_bulk(packets + sent, static_cast<unsigned>(n - sent));
    bare.redirected.store(count, std::memory_order_relaxed);
  }
}

}  // namespace smartswitch::bench
