// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "graph/plan.h"
#include "runtime/observe/traced_packet.h"

namespace smartswitch::runtime {

struct ExplainOptions {
  std::string port;    ///< that the packet comes in by; empty: the one of the first element that receives from any
  unsigned bytes = 0;  ///< of the packet to show in each element
};

/// Which way `packet` would take through the graph of `plan`: its elements run here, with nothing in their caches and all servers up, and
/// what would touch devices, files or sockets is replaced. Nothing, with the reasons in `problems`, if that cannot be done. Starts DPDK in
/// ordinary memory unless the process has done so.
std::optional<observe::TraceResult> explain(graph::Plan plan, std::span<const std::uint8_t> packet, const ExplainOptions& options,
                                            Problems& problems);

}  // namespace smartswitch::runtime
