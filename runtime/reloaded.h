// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What a reload changes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/pipeline.h"

namespace smartswitch::runtime {

/// Names of what is there only afterwards, only before, or both but with other parameters, neighbours or state. Elements that have changed
/// are made anew: their counts begin again. Workers that have changed go on.
struct Difference {
  std::vector<std::string> added, removed, changed;
  [[nodiscard]] bool empty() const { return added.empty() && removed.empty() && changed.empty(); }
};

struct Reloaded {
  Difference elements, states, ports, workers;
  /// Other connections between elements that stay as they are.
  bool rewired = false;
  /// Nanoseconds that each worker stood still, by its own clock.
  std::vector<std::uint64_t> pauses;
  [[nodiscard]] bool nothing() const { return elements.empty() && states.empty() && ports.empty() && workers.empty() && !rewired; }
};

/// `made` is what comes after `running`, and has been created at least.
Reloaded compare(const Pipeline& running, const Pipeline& made);

}  // namespace smartswitch::runtime
