// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fmt/format.h>

#include <string_view>

#include "graph/load.h"

namespace smartswitch::graph {
namespace {

constexpr std::size_t kMostShown = 400;

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// A text from a file may hold anything: control characters are written out, and what is too long to read is cut.
std::string printable(std::string_view text) {
  std::string result;
  std::size_t end = text.size();
  if (end > kMostShown) {
    end = kMostShown;
    while (end > 0 && is_continuation(text[end])) --end;
  }
  for (const char c : text.substr(0, end)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      result += "\\n";
    } else if (byte < 0x20 || byte == 0x7F) {
      result += c == '\t' ? " " : fmt::format("\\x{:02x}", byte);
    } else {
      result += c;
    }
  }
  return end < text.size() ? result + "..." : result;
}

/// As many blanks as the line is wide before byte `column`.
std::string indent(std::string_view line, std::size_t column) {
  std::size_t width = 0;
  for (std::size_t i = 0; i + 1 < column; ++i) width += i < line.size() && is_continuation(line[i]) ? 0 : 1;
  return std::string(width, ' ');
}

}  // namespace

std::string render(const Diagnostic& diagnostic, bool colour) {
  const char* bold = colour ? "\033[1m" : "";
  const char* red = colour ? "\033[1;31m" : "";
  const char* green = colour ? "\033[1;32m" : "";
  const char* plain = colour ? "\033[0m" : "";
  const Problem& problem = diagnostic.problem;
  const Location& where = problem.where;

  std::string place = printable(where.file);
  if (where.line > 0) place += fmt::format(":{}:{}", where.line, where.column);
  std::string text = fmt::format("{}{}{}{}error:{} {}{}{}\n", bold, place.empty() ? "" : place + ": ", plain, red, plain, bold,
                                 printable(problem.message), plain);
  if (where.line > 0 && !diagnostic.line_text.empty()) {
    text += printable(diagnostic.line_text) + "\n";
    if (where.column > 0 && where.column <= kMostShown) {
      text += fmt::format("{}{}^{}\n", indent(diagnostic.line_text, where.column), green, plain);
    }
  }
  if (!problem.hint.empty()) text += fmt::format("  hint: {}\n", printable(problem.hint));
  return text;
}

}  // namespace smartswitch::graph
