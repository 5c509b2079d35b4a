// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Whether a request was made by a page of another site in somebody's browser: the socket may be reached through a tunnel (`ssh -L`), and
// then any page that he looks at could tell the switch to stop.
#pragma once

#include "runtime/control/message.h"

namespace smartswitch::runtime::control {

/// Programs send none of the headers that this looks at, and are never meant.
bool is_from_another_site(const Request& request);

}  // namespace smartswitch::runtime::control
