// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "bench/bare_loop.h"

#include <rte_ethdev.h>

#include "bench/fused.h"

namespace smartswitch::bench {

void bare_loop(Bare& bare) {
  constexpr unsigned kBurst = 32;
  std::uint64_t count = 0;
  while (!bare.stop.load(std::memory_order_relaxed)) {
    rte_mbuf* packets[kBurst];
    const std::uint16_t n = rte_eth_rx_burst(bare.rx.port_id, bare.rx.queue_id, packets, kBurst);
    count += redirect_fused(packets, n, bare.backends, rte_cpu_to_be_32(RTE_IPV4(10, 0, 0, 100)));
    const std::uint16_t sent = rte_eth_tx_burst(bare.tx.port_id, bare.tx.queue_id, packets, n);
    rte_pktmbuf_free_bulk(packets + sent, static_cast<unsigned>(n - sent));
    bare.redirected.store(count, std::memory_order_relaxed);
  }
}

unsigned redirect_alone(rte_mbuf** packets, unsigned n, const memcached::BackendPool& pool, rte_be32_t service) {
  return redirect_fused(packets, n, pool, service);
}

}  // namespace smartswitch::bench
