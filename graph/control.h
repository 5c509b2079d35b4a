// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include "graph/plan.h"
#include "graph/report.h"

namespace smartswitch::graph {

/// Reads the `control:` section, whose variables are filled in.
void read_control(const Value::Member& member, const Value& filled, Control& control, Report& report);

}  // namespace smartswitch::graph
