// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/target.h"

#include <fmt/format.h>

#include <charconv>

namespace smartswitch::runtime::control {
namespace {

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}

// Cuts `text` at the next `separator` and returns what stands before it.
std::string_view cut(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view first = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return first;
}

bool parse_query(std::string_view text, std::map<std::string, std::string>& query) {
  while (!text.empty()) {
    std::string_view pair = cut(text, '&');
    if (pair.empty()) continue;
    const auto name = percent_decode(cut(pair, '='));
    auto value = percent_decode(pair);
    if (!name || !value) return false;
    query.emplace(*name, std::move(*value));
  }
  return true;
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    unsigned byte = 0;
    const char* end = text.data() + i + 3;
    if (std::from_chars(text.data() + i + 1, end, byte, 16).ptr != end) return std::nullopt;
    result += static_cast<char>(byte);
    i += 2;
  }
  return result;
}

std::string percent_encode(std::string_view segment) {
  std::string result;
  for (const char c : segment) {
    if (is_unreserved(c)) {
      result += c;
    } else {
      result += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return result;
}

std::optional<Target> parse_target(std::string_view text) {
  if (!text.starts_with('/')) return std::nullopt;
  Target target;
  std::string_view path = cut(text, '?');
  target.path = path;
  if (!parse_query(text.substr(0, text.find('#')), target.query)) return std::nullopt;
  path.remove_prefix(1);
  while (!path.empty()) {
    auto segment = percent_decode(cut(path, '/'));
    if (!segment) return std::nullopt;
    target.segments.push_back(std::move(*segment));
  }
  return target;
}

}  // namespace smartswitch::runtime::control
