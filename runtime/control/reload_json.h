// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// How a change of the running graph is answered.
#pragma once

#include <vector>

#include "graph/load.h"
#include "runtime/control/message.h"
#include "runtime/reloaded.h"

namespace smartswitch::runtime::control {

Response reload_response(const Reloaded& report, bool dry_run);
/// 422 with all faults of a file, or with all reasons why a change is refused. `text` is what a person reads of them.
Response refusal_response(const std::vector<Problem>& problems, const std::string& text);
Response refusal_response(const Problems& problems);

}  // namespace smartswitch::runtime::control
