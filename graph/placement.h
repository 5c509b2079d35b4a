// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Which worker runs which copy of which element, and which device queue each of them polls.
#pragma once

#include "graph/plan.h"
#include "graph/report.h"
#include "graph/wiring.h"
#include "graph/workers.h"

namespace smartswitch::graph {

/// Reports elements that two workers reach, and device queues that are polled twice or not at all.
void check_placement(const Wiring& wiring, const Workers& workers, const std::vector<Port>& ports, Report& report);

/// Fills in workers, instances and links. The configuration has no faults.
void place(const Wiring& wiring, const Workers& workers, Plan& plan);

}  // namespace smartswitch::graph
