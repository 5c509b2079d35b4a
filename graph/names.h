// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <string_view>

namespace smartswitch::graph {

/// Letters, digits, `_` and `-`, starting with a letter or `_`: what ports, state objects, elements and templates may be called.
bool is_name(std::string_view text);
/// The same without `-`: what variables and template parameters may be called.
bool is_variable_name(std::string_view text);

/// The name by which the connections beside it call an element: "limit" for "left/limit".
std::string_view own_name(std::string_view name);

inline constexpr std::string_view kNameRule = "a name has letters, digits, `_` and `-`, and starts with a letter or `_`";

}  // namespace smartswitch::graph
