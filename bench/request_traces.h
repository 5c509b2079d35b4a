// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Requests as they are published of real caches, made by rule: which item is asked for, and how large it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace smartswitch::bench {

struct Trace {
  std::string name;
  std::vector<std::uint32_t> items;  ///< in the order they are asked for
  std::vector<std::uint32_t> sizes;  ///< bytes of each item's value
  /// Of all items that are asked for more than once, if each needs so many `besides` its value.
  [[nodiscard]] std::size_t bytes(std::size_t besides) const;
};

std::vector<Trace> make_traces(std::size_t items, std::size_t requests);

}  // namespace smartswitch::bench
