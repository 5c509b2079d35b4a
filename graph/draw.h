// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
//   std::ofstream("graph.dot") << draw_dot(*loaded.plan);   // dot -Tsvg graph.dot
#pragma once

#include <string>

#include "graph/plan.h"

namespace smartswitch::graph {

/// The plan as a picture for Graphviz: elements by worker, ports and state objects beside them.
std::string draw_dot(const Plan& plan);

}  // namespace smartswitch::graph
