// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <atomic>
#include <cstdint>

#include "elements/memcached/backend_pool.h"
#include "elements/sdk/parameter.h"

namespace smartswitch::bench {

/// What the bare loop works on. It runs on one thread until `stop`; others may read `redirected`.
struct Bare {
  RxQueue rx;
  TxQueue tx;
  memcached::BackendPool backends;
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> redirected{0};
};

/// Receives, redirects and sends, with nothing around it. It begins at a cache line, and is compiled without link-time optimisation: what
/// the compiler makes of it, and how that lies in cache lines, is the same whatever else changes in the program.
[[gnu::aligned(64)]] void bare_loop(Bare& bare);

/// redirect_fused(), compiled like that.
[[gnu::aligned(64)]] unsigned redirect_alone(rte_mbuf** packets, unsigned n, const memcached::BackendPool& pool, rte_be32_t service);

}  // namespace smartswitch::bench
