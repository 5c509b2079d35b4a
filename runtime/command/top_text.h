// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "runtime/snapshot.h"

namespace smartswitch::command {

enum class TopOrder : std::uint8_t { kPackets, kDrops, kName, kCost };

/// Nanoseconds a packet, of the elements that had packets while it was measured.
using TopCosts = std::map<std::string, double>;

struct TopView {
  TopOrder order = TopOrder::kPackets;
  std::size_t width = 80;
  std::size_t height = 0;  ///< lines; 0: as many as there are
  bool colour = false;
  bool costs = true;  ///< with the column for them
};

/// What happened between two counts: a line for the whole, one a worker, and elements in their order. No line is longer than `width`.
/// An element without a cost has a `-` there, and comes after those that have one.
std::string top_text(const runtime::Snapshot& before, const runtime::Snapshot& now, const TopCosts& costs, const TopView& view);

}  // namespace smartswitch::command
