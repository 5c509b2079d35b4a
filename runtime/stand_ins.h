// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <memory>
#include <vector>

#include "graph/plan.h"

namespace smartswitch::runtime {

/// Puts something harmless in the place of all elements of `plan` that use ports, files or sockets, so that the graph can be tried out
/// without touching any. They keep their names and ports. What would send packets takes them and counts them as sent, or as `too_long`
/// for the port's MTU; what would write them and pass them on passes them on; sources bring nothing in. What is returned must outlive
/// the plan.
std::vector<std::unique_ptr<ElementInfo>> put_stand_ins(graph::Plan& plan);

}  // namespace smartswitch::runtime
