// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "elements/sdk/value.h"

namespace smartswitch::graph {

/// "file:line:column", or the file alone.
std::string spoken(const Location& where);

/// The faults of one configuration. They come in the order in which the checks find them and leave in the order of the files.
class Report {
 public:
  void fault(const Location& where, std::string message, std::string hint = {}) {
    problems_.add(where, std::move(message), std::move(hint));
  }
  /// A second `name` in a place where names are unique.
  void twice(const std::string& name, const Location& where, const Location& first);
  /// A fault that makes the whole scalar at `scalar` useless: other faults at that place only follow from it and are left out.
  void spoil(const Location& scalar, const Location& where, std::string message, std::string hint);
  [[nodiscard]] bool spoiled(const Location& where) const { return spoiled_.contains(key(where)); }

  /// For the SDK's checks, which know nothing of a Report.
  [[nodiscard]] Problems& problems() { return problems_; }
  [[nodiscard]] bool empty() const { return problems_.empty() && spoiling_.empty(); }
  /// Nobody reads so many: whoever loops over what a file says should stop.
  [[nodiscard]] bool full() const { return problems_.size() + spoiling_.size() >= 1000; }
  /// All faults, each once, in the order of `files` and then of lines.
  [[nodiscard]] std::vector<Problem> sorted(const std::vector<std::string>& files) const;

 private:
  using Key = std::tuple<std::string, std::uint32_t, std::uint32_t>;
  static Key key(const Location& where) { return {where.file, where.line, where.column}; }

  Problems problems_;
  Problems spoiling_;
  std::set<Key> spoiled_;
};

}  // namespace smartswitch::graph
