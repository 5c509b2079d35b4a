// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What can be asked of every switch; docs/openapi.yaml describes it for clients.
#pragma once

#include "runtime/control/counts.h"
#include "runtime/control/program.h"
#include "runtime/control/router.h"
#include "runtime/switch.h"

namespace smartswitch::runtime::control {

struct SwitchRoutes {
  const Switch& live;
  const Program& program;
  const Counts& counts;
  bool metrics_without_token = false;
};

/// All that `routes` refers to outlives the server.
void add_switch_routes(Router& router, const SwitchRoutes& routes);

// The parts of it.
void add_program_routes(Router& router, const SwitchRoutes& routes);  ///< version, health, configuration, stop and drain
void add_count_routes(Router& router, const SwitchRoutes& routes);    ///< statistics, ports, workers, pool, metrics
void add_graph_routes(Router& router, const SwitchRoutes& routes);    ///< graph, elements, state objects
void add_change_routes(Router& router, const SwitchRoutes& routes);   ///< reload, handlers, parameters
void add_class_routes(Router& router);                                ///< what classes there are

}  // namespace smartswitch::runtime::control
