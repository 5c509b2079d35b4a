// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// A Snapshot as JSON, and back: what `smartswitch run --json` writes, and what the control API answers.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "runtime/snapshot.h"

namespace smartswitch::runtime {

/// Members stay in the order in which they are put in.
using Json = nlohmann::ordered_json;

Json to_json(const Snapshot& snapshot);
/// The parts of it, without their names.
Json to_json(const ElementCounts& element);
Json to_json(const StateCounts& state);
Json to_json(const PortCounts& port);
Json to_json(const WorkerCounts& worker);

/// The counts that to_json() wrote. Throws nlohmann::json::exception if it is something else.
Snapshot snapshot_from_json(const Json& json);

/// Any bytes as a text without blanks and control characters, which are shown as \xNN.
std::string printable(std::string_view bytes);

}  // namespace smartswitch::runtime
