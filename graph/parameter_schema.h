// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Parts of the schema of configurations.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "elements/sdk/class_info.h"

namespace smartswitch::graph {

/// In the order in which its members were put in, for people read it.
using Json = nlohmann::ordered_json;

/// What matches a text with a variable in it, which may stand for anything.
inline constexpr const char* kVariablePattern = R"(\$\{)";

/// A text that matches `pattern` or has a variable in it. `types`: what YAML may take such a text for.
Json text_schema(const std::string& pattern, std::vector<std::string> types = {"string"});

/// A map of these parameters: `additionalProperties` and `required` as they need it, no `type`.
Json parameters_schema(const std::vector<ParameterInfo>& parameters);

}  // namespace smartswitch::graph
