// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Checks of the graph's shape, whoever runs it.
#pragma once

#include "graph/report.h"
#include "graph/wiring.h"

namespace smartswitch::graph {

/// True if packets come into the graph here without another element's doing.
bool is_source(const ElementSpec& element);

/// Reports outputs that go nowhere, inputs that nothing reaches, and loops that packets would go round in one call. `section` is the
/// place of the file's elements as a whole.
void check_shape(const Wiring& wiring, const Location& section, Report& report);

}  // namespace smartswitch::graph
