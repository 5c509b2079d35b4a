// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <rte_mbuf.h>

#include "elements/memcached/backend_pool.h"

namespace smartswitch::bench {

/// The MemSwitch redirect as somebody would write it who needs nothing else: one loop, no elements, no annotations, the same checks and the
/// same choice of servers. Packets that are no get of one key for the service are left as they are. Returns how many were rewritten.
unsigned redirect_fused(rte_mbuf** packets, unsigned n, const memcached::BackendPool& pool, rte_be32_t service);

}  // namespace smartswitch::bench
