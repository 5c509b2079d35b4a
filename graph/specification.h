// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What a configuration declares by name: ports, state objects, the pool; and the checks that elements and state objects share.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "graph/include.h"
#include "graph/plan.h"
#include "graph/report.h"
#include "graph/variables.h"

namespace smartswitch::graph {

struct Specification {
  std::vector<Port> ports;  ///< those with faults, too
  std::vector<StateObject> states;
  /// Of every state object its class, which is null if there is no such class.
  std::map<std::string, const StateInfo*> state_classes;
  Control control;
  PacketPool pool;
};

/// What `pool:` takes.
std::vector<ParameterInfo> pool_parameters();

Specification read_specification(const Sections& sections, Variables& variables, Report& report);

/// The map of an element or a state object: a bare class name stands for `{class: Name}`. Nothing, with the reason reported, if it is
/// neither.
std::optional<Value> class_map(const Value& value, Report& report);

/// Reads one entry of a `state:` section, whose variables are filled in, and adds it under `name`.
void add_state(const std::string& name, const Location& where, const Value& value, Specification& specification, Report& report);

/// Checks the parameters of an element without making more of it than that.
void check_element(const ElementInfo& info, const Location& where, const Value& parameters, const Specification& specification,
                   Report& report);

}  // namespace smartswitch::graph
