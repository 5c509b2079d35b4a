// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/objects.h"

#include <fmt/format.h>

#include <algorithm>

#include "elements/sdk/suggest.h"

namespace smartswitch::runtime {
namespace {

template <class List>
std::vector<std::string> names_of(const List& list) {
  std::vector<std::string> names;
  for (const auto& item : list) names.push_back(item.name);
  return names;
}

template <class List>
const typename List::value_type* find_object(const List& list, const std::string& name, const char* what, Problems& problems) {
  const auto at = std::find_if(list.begin(), list.end(), [&](const auto& item) { return item.name == name; });
  if (at != list.end()) return &*at;
  problems.add({}, fmt::format("there is no {} `{}`", what, name), did_you_mean(name, names_of(list)));
  return nullptr;
}

std::optional<Value> call_each(const ClassInfo& info, const std::string& handler, const std::vector<void*>& objects, const Value& argument,
                               Problems& problems) {
  const HandlerInfo* known = info.handler(handler);
  if (known == nullptr) {
    problems.add({}, fmt::format("{} has no handler `{}`", info.name, handler), did_you_mean(handler, names_of(info.handlers)));
    return std::nullopt;
  }
  const std::size_t before = problems.size();
  std::vector<Value> results;
  for (void* object : objects) results.push_back(known->call(object, argument, problems));
  if (problems.size() != before) return std::nullopt;
  return results.size() == 1 ? std::move(results.front()) : Value::list(std::move(results));
}

// Parameters that name ports or state objects, or that inputs and outputs are named after, need the whole file to be looked at.
bool wires_the_graph(const ElementInfo& info, const ParameterInfo& parameter) {
  const auto keyed = [&](const auto& port) { return port.keys == parameter.name; };
  return parameter.refers != Refers::kNothing || std::any_of(info.inputs.begin(), info.inputs.end(), keyed) ||
         std::any_of(info.outputs.begin(), info.outputs.end(), keyed);
}
bool wires_the_graph(const StateInfo& /*info*/, const ParameterInfo& parameter) { return parameter.refers != Refers::kNothing; }

Value with_member(const Value& map, const std::string& key, Value value) {
  std::vector<Value::Member> members = map.members();
  const auto at = std::find_if(members.begin(), members.end(), [&](const Value::Member& m) { return m.key == key; });
  if (at != members.end()) {
    at->value = std::move(value);
  } else {
    members.emplace_back(key, std::move(value));
  }
  return Value::map(std::move(members), map.where());
}

template <class Spec>
bool set_parameter(Spec& spec, const std::string& name, Value value, Problems& problems) {
  const ParameterInfo* parameter = spec.info->parameter(name);
  if (parameter == nullptr) {
    problems.add({}, fmt::format("{} has no parameter `{}`", spec.info->name, name), did_you_mean(name, names_of(spec.info->parameters)));
    return false;
  }
  if (wires_the_graph(*spec.info, *parameter)) {
    problems.add({}, fmt::format("`{}` of `{}` decides how the graph is wired", name, spec.name), "change it in the file and reload that");
    return false;
  }
  spec.parameters = with_member(spec.parameters, name, std::move(value));
  return true;
}

}  // namespace

std::optional<Value> call_handler(const Pipeline& pipeline, ObjectKind kind, const std::string& object, const std::string& handler,
                                  const Value& argument, Problems& problems) {
  const graph::Plan& plan = pipeline.plan();
  if (kind == ObjectKind::kState) {
    const graph::StateObject* state = find_object(plan.states, object, "state object", problems);
    if (state == nullptr) return std::nullopt;
    State* target = pipeline.states()[static_cast<std::size_t>(state - plan.states.data())].get();
    return call_each(*state->info, handler, {target}, argument, problems);
  }
  const graph::ElementSpec* element = find_object(plan.elements, object, "element", problems);
  if (element == nullptr) return std::nullopt;
  std::vector<void*> copies;
  for (std::size_t i = 0; i < plan.instances.size(); ++i) {
    if (&plan.elements[plan.instances[i].element] == element) copies.push_back(pipeline.elements()[i].get());
  }
  return call_each(*element->info, handler, copies, argument, problems);
}

std::optional<graph::Plan> with_parameter(graph::Plan plan, ObjectKind kind, const std::string& object, const std::string& parameter,
                                          Value value, Problems& problems) {
  const auto set_in = [&](auto& list, const char* what) {
    const auto* found = find_object(list, object, what, problems);
    return found != nullptr && set_parameter(list[static_cast<std::size_t>(found - list.data())], parameter, std::move(value), problems);
  };
  const bool of_state = kind == ObjectKind::kState;
  std::erase_if(plan.set,
                [&](const graph::SetParameter& s) { return s.of_state == of_state && s.object == object && s.parameter == parameter; });
  plan.set.push_back({of_state, object, parameter, value});
  const bool set = of_state ? set_in(plan.states, "state object") : set_in(plan.elements, "element");
  return set ? std::optional(std::move(plan)) : std::nullopt;
}

}  // namespace smartswitch::runtime
