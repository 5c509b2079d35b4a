// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The running graph: what is connected with what, where it runs, and how many packets went each way.
#pragma once

#include "graph/plan.h"
#include "runtime/snapshot_json.h"

namespace smartswitch::runtime::control {

/// `counts` belong to `plan`.
Json graph_json(const graph::Plan& plan, const Snapshot& counts);
/// One element with its counts and what its class says of itself. `index` counts in the plan.
Json element_json(const graph::Plan& plan, const Snapshot& counts, std::size_t index);
Json state_json(const graph::Plan& plan, const Snapshot& counts, std::size_t index);

}  // namespace smartswitch::runtime::control
