// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <map>
#include <optional>
#include <string>

#include "graph/include.h"
#include "graph/report.h"
#include "graph/variables.h"

namespace smartswitch::graph {

/// An entry of `templates:`. Its parts are as the file has them, variables and all. Pointers into the Sections.
struct Template {
  std::string name;
  const Value* parameters = nullptr;
  const Value* state = nullptr;
  const Value* elements = nullptr;
  const Value* connections = nullptr;
};

using Templates = std::map<std::string, Template>;

Templates read_templates(const Sections& sections, Report& report);

/// The parameters of an element (whose map, `class` included, is `given`) that stands for `templ`. Faults are reported; if a parameter is
/// missing, nothing is returned.
std::optional<Arguments> arguments_for(const Template& templ, const Value& given, Variables& variables, Report& report);

}  // namespace smartswitch::graph
