// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The language of connections: `rx -> count:in.out -> sink`, `a.x, b.y -> c`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace smartswitch::graph {

/// One element of a chain, with its place in the text.
struct ChainItem {
  std::string element;
  std::optional<std::string> input, output;
  std::size_t offset = 0;
  std::size_t length = 0;
};

struct TextFault {
  std::size_t offset = 0;
  std::size_t length = 0;
  std::string message;
  std::string hint;
};

/// Every one of `starts` is connected to the first of `rest`, and that to the next.
struct Chain {
  std::vector<ChainItem> starts;
  std::vector<ChainItem> rest;
  std::optional<TextFault> fault;  ///< then the others mean nothing
};

Chain parse_chain(std::string_view text);

}  // namespace smartswitch::graph
