// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// ${NAME} and ${NAME:-default}: where their values come from, and how they get into the texts of a file.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "graph/load.h"
#include "graph/report.h"
#include "graph/sources.h"

namespace smartswitch::graph {

/// The parameters of a template as one element of it has them.
using Arguments = std::map<std::string, Value>;

/// The command line wins over the environment, which wins over `variables:`.
class Variables {
 public:
  Variables(const LoadOptions& options, const Sources& sources, Report& report)
      : options_(&options), sources_(&sources), report_(&report) {}

  /// Takes in the `variables:` of one file. They may use those above them.
  void define(const Value& section);
  /// `value` with all its variables filled in; `arguments` (may be null) come before all else. A text that cannot be filled in is left
  /// as it is and reported as spoiled.
  Value fill(const Value& value, const Arguments* arguments);
  /// Reports variables of the command line that no file knows.
  void check_command_line(const std::string& main_file) const;

 private:
  [[nodiscard]] std::optional<std::string> find(const std::string& name) const;
  Value fill_text(const Value& scalar, const Arguments* arguments);
  /// The text for the reference at `offset` of `scalar`, which is `${reference}`.
  std::optional<std::string> resolve(const Value& scalar, std::size_t offset, std::string_view reference, const Arguments* arguments);
  void spoil(const Value& scalar, std::size_t offset, std::size_t length, std::string message, std::string hint);
  bool spend(const Value& value);

  const LoadOptions* options_;
  const Sources* sources_;
  Report* report_;
  std::map<std::string, Value> declared_;  // null: declared without a value
  std::size_t spent_nodes_ = 0;
  std::size_t spent_bytes_ = 0;
};

}  // namespace smartswitch::graph
