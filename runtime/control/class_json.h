// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What classes declare of themselves, for programs.
#pragma once

#include "elements/sdk/class_info.h"
#include "runtime/snapshot_json.h"

namespace smartswitch::runtime::control {

Json class_json(const ElementInfo& info);
Json class_json(const StateInfo& info);

}  // namespace smartswitch::runtime::control
