// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/sdk/state.h"

namespace smartswitch {

std::function<void()> State::change_to(State& /*fresh*/, Problems& problems) {
  problems.add({}, "its parameters cannot be changed while it is in use",
               "give it another name, and it is made anew; or restart the switch");
  return nullptr;
}

}  // namespace smartswitch
