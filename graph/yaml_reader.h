// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <optional>
#include <string>

#include "graph/report.h"

namespace smartswitch::graph {

/// Reads one YAML document into Values with their places. Hostile texts are refused, not followed: depth and number of nodes are bounded,
/// anchors, aliases and tags are errors. Nothing, with the reason in `report`, if the text is no YAML; a key given twice is reported,
/// its first value stays. An empty text is a null.
std::optional<Value> read_yaml(const std::string& text, const std::string& name, Report& report);

}  // namespace smartswitch::graph
