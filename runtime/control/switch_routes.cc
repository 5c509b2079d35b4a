// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/switch_routes.h"

#include "runtime/control/page_routes.h"

namespace smartswitch::runtime::control {

void add_switch_routes(Router& router, const SwitchRoutes& routes) {
  add_program_routes(router, routes);
  add_graph_routes(router, routes);
  add_count_routes(router, routes);
  add_change_routes(router, routes);
  add_class_routes(router);
  add_page_routes(router);
}

}  // namespace smartswitch::runtime::control
