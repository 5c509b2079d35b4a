// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "runtime/observe/wiring.h"

namespace smartswitch::observe {

/// All that a live element counts, as one row of numbers: its declared counters, what every element counts, and its outputs that lead
/// nowhere. Read before and after a packet was given to it, they say what it did with it.
class Gauges {
 public:
  enum class Kind : std::uint8_t { kCounter, kDrop, kCreated, kConsumed, kReceived, kSent, kHeld, kLoose };

  [[nodiscard]] static std::size_t size(const Node& node) { return node.info->counters.size() + kEvery + node.loose.size(); }
  /// Appends size(node) numbers. On the node's worker.
  static void read(const Node& node, std::vector<std::uint64_t>& numbers);
  [[nodiscard]] static Kind kind(const Node& node, std::size_t gauge);
  /// "hits", "created", or the name of the output.
  [[nodiscard]] static std::string name(const Node& node, std::size_t gauge);

 private:
  static constexpr std::size_t kEvery = 5;
};

}  // namespace smartswitch::observe
