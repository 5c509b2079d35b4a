// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "graph/names.h"

#include <algorithm>

namespace smartswitch::graph {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

bool is_variable_name(std::string_view text) {
  return !text.empty() && is_letter(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_letter(c) || is_digit(c); });
}

bool is_name(std::string_view text) {
  return !text.empty() && is_letter(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
}

std::string_view own_name(std::string_view name) { return name.substr(name.rfind('/') + 1); }

}  // namespace smartswitch::graph
