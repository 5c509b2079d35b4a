// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <string>

#include "runtime/observe/wiring.h"

namespace smartswitch::observe {

/// Whether packets at `place` pass `edge`. A place is "classify.get" (an element and one of its outputs), "classify" (all its outputs), or
/// the name of a port: what comes in there, and what goes out. A name that a port and an element share means the port.
bool passes(const Wiring& wiring, const std::string& place, const Edge& edge);

/// Adds to `problems` if nothing passes there: there is no such place.
void check_place(const Wiring& wiring, const std::string& place, Problems& problems);

}  // namespace smartswitch::observe
