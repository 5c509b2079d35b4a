// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// A Snapshot for people and for programs.
#pragma once

#include <string>
#include <vector>

#include "runtime/snapshot.h"

namespace smartswitch::runtime {

/// Tables of elements (with all counters that are not 0), state objects, ports and workers. With `colour`, ANSI escapes.
std::string summary_text(const Snapshot& snapshot, bool colour);

/// Everything, as one JSON object.
std::string summary_json(const Snapshot& snapshot);

/// One line about what happened between two snapshots: packets in, out and dropped a second, share of busy time of each worker, pool.
std::string statistics_line(const Snapshot& before, const Snapshot& now);

/// Workers that had to wait for their core for more than a fifth of the time between two snapshots, with advice; mostly empty.
std::vector<std::string> crowded_cores(const Snapshot& before, const Snapshot& now);

}  // namespace smartswitch::runtime
