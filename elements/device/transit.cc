// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/device/transit.h"

#include <fmt/format.h>
#include <rte_errno.h>
#include <rte_mbuf_dyn.h>

namespace smartswitch {

std::uint64_t arrival_flag(Problems& problems) {
  const rte_mbuf_dynflag flag = {.name = "smartswitch_arrival", .flags = 0};
  const int bit = rte_mbuf_dynflag_register(&flag);
  if (bit >= 0) return RTE_BIT64(bit);
  problems.add({}, fmt::format("DPDK has no flag left for packets whose time in the graph is measured: {}", rte_strerror(rte_errno)),
               "does this program, or a driver, register many dynamic flags of mbufs?");
  return 0;
}

}  // namespace smartswitch
