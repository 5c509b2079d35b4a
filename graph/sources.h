// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The texts that a configuration is read from: for showing the line of a fault, and for finding the place of a word in a scalar.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "elements/sdk/value.h"

namespace smartswitch::graph {

struct FileText {
  std::optional<std::string> text;
  std::string fault;  ///< why there is no text
};

/// Reads a whole file; large ones, folders and what is no text are refused.
FileText read_file(const std::string& path);
/// What is wrong with a text that cannot be YAML (size, bytes that are no text); empty if nothing.
std::string fault_of_text(std::string_view text);

class Sources {
 public:
  void add(const std::string& name, std::string text);
  /// In the order in which they were added.
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  [[nodiscard]] const std::string& text(const std::string& name) const { return texts_.at(name).text; }
  /// The line of `where` without its end; empty if there is none.
  [[nodiscard]] std::string_view line(const Location& where) const;
  /// The place of the word at `offset` of a scalar's text, if that can be told from the file; else the place of the scalar.
  [[nodiscard]] Location inside(const Value& scalar, std::size_t offset, std::size_t length) const;
  /// True if some file uses ${variable}.
  [[nodiscard]] bool mention(const std::string& variable) const;

 private:
  struct Text {
    std::string text;
    std::vector<std::size_t> line_starts;
  };
  std::vector<std::string> names_;
  std::map<std::string, Text> texts_;
};

}  // namespace smartswitch::graph
