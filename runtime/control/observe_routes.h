// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include "runtime/control/router.h"
#include "runtime/switch.h"

namespace smartswitch::runtime::control {

/// Traces, taps and profiles of `live`, which outlives the router.
void add_observe_routes(Router& router, Switch& live);

}  // namespace smartswitch::runtime::control
