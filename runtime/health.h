// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/snapshot.h"

namespace smartswitch::runtime {

/// The workers that did nothing between two looks although they should have: they neither ended a round, nor sleep for good reason.
/// `now_ns` is CLOCK_MONOTONIC at the second look. The looks have to be apart for longer than any round may take: a second is ample.
std::vector<std::string> stuck_workers(const Snapshot& before, const Snapshot& now, std::int64_t now_ns);

}  // namespace smartswitch::runtime
