// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Elements and state objects of a plan, as people and programs speak of them: by kind and name.
#pragma once

#include <optional>
#include <string>

#include "graph/plan.h"
#include "runtime/pipeline.h"

namespace smartswitch::runtime {

enum class ObjectKind : std::uint8_t { kElement, kState };

/// Calls a handler: of an element with copies on several workers each is asked, and the result is a list. For elements no worker may run.
/// Nothing, with the reason in `problems`, if there is no such thing, or it refuses.
std::optional<Value> call_handler(const Pipeline& pipeline, ObjectKind kind, const std::string& object, const std::string& handler,
                                  const Value& argument, Problems& problems);

/// `plan`, but for one parameter, or a part of it: "servers/mc1/weight" as with_value_at() takes it. Nothing, with the reason in
/// `problems`, if there is no such parameter, or it decides how the graph is wired.
std::optional<graph::Plan> with_parameter(graph::Plan plan, ObjectKind kind, const std::string& object, const std::string& parameter,
                                          Value value, Problems& problems);

}  // namespace smartswitch::runtime
