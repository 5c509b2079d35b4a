// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/graph_json.h"

#include <algorithm>
#include <set>

#include "graph/port_names.h"
#include "runtime/control/class_json.h"
#include "runtime/control/value_json.h"

namespace smartswitch::runtime::control {
namespace {

// All but the class, which is told anyway.
Json parameters_json(const Value& parameters) {
  Json json = value_json(parameters);
  json.erase("class");
  return json;
}

Json place_json(const Location& where) { return {{"file", where.file}, {"line", where.line}, {"column", where.column}}; }

// Names of what an element's parameters refer to.
std::set<std::string> references(const graph::ElementSpec& spec, Refers kind) {
  std::set<std::string> names;
  for (const ParameterInfo& parameter : spec.info->parameters) {
    const Value* value = parameter.refers == kind ? spec.parameters.find(parameter.name) : nullptr;
    if (value == nullptr || value->text().empty()) continue;
    names.insert(kind == Refers::kRxPort ? detail::port_and_queue(value->text()).first : value->text());
  }
  return names;
}

Json users_of(const graph::Plan& plan, const std::string& name, Refers kind) {
  Json users = Json::array();
  for (const graph::ElementSpec& spec : plan.elements) {
    if (references(spec, kind).contains(name)) users.push_back(spec.name);
  }
  return users;
}

Json workers_of(const graph::Plan& plan, std::size_t element) {
  Json names = Json::array();
  for (const graph::Instance& instance : plan.instances) {
    if (instance.element == element) names.push_back(plan.workers[instance.worker].name);
  }
  return names;
}

Json spec_json(const graph::Plan& plan, std::size_t index) {
  const graph::ElementSpec& spec = plan.elements[index];
  return {{"name", spec.name},
          {"class", spec.info->name},
          {"room", spec.info->room},
          {"summary", spec.info->summary},
          {"source", spec.info->poll != nullptr},
          {"border", spec.info->border},
          {"parameters", parameters_json(spec.parameters)},
          {"inputs", spec.input_names},
          {"outputs", spec.output_names},
          {"states", references(spec, Refers::kState)},
          {"workers", workers_of(plan, index)},
          {"where", place_json(spec.where)}};
}

std::string output_name(const graph::ElementSpec& from, const graph::Connection& connection) {
  return connection.output.each ? std::string(graph::kEach) : graph::name_of(from.info->outputs, from.parameters, connection.output);
}

// Of a connection from `each` of a group, those of the whole group.
std::uint64_t packets_over(const graph::ElementSpec& from, const graph::Connection& connection, const ElementCounts& counts) {
  const std::string name = output_name(from, connection);
  std::uint64_t packets = 0;
  for (const OutputCount& output : counts.outputs) {
    const auto declared = graph::find_port(from.info->outputs, from.parameters, output.name);
    const bool same = connection.output.each ? declared && declared->port == connection.output.port : output.name == name;
    if (same) packets += output.packets;
  }
  return packets;
}

Json connection_json(const graph::Plan& plan, const Snapshot& counts, const graph::Connection& connection) {
  const graph::ElementSpec& from = plan.elements[connection.from];
  const graph::ElementSpec& to = plan.elements[connection.to];
  const bool counted = connection.from < counts.elements.size();
  return {{"from", from.name},
          {"output", output_name(from, connection)},
          {"to", to.name},
          {"input", graph::name_of(to.info->inputs, to.parameters, connection.input)},
          {"packets", counted ? packets_over(from, connection, counts.elements[connection.from]) : 0}};
}

Json connections_json(const graph::Plan& plan, const Snapshot& counts) {
  Json list = Json::array();
  for (const graph::Connection& connection : plan.connections) list.push_back(connection_json(plan, counts, connection));
  return list;
}

Json worker_plan_json(const graph::Plan& plan, const Snapshot& counts, std::size_t index) {
  Json elements = Json::array();
  Json sources = Json::array();
  for (const graph::Instance& instance : plan.instances) {
    if (instance.worker == index) elements.push_back(plan.elements[instance.element].name);
  }
  for (const std::size_t source : plan.workers[index].sources) sources.push_back(plan.elements[plan.instances[source].element].name);
  Json json = {{"name", plan.workers[index].name},
               {"idle", plan.workers[index].idle == graph::Idle::kPoll ? "poll" : "adaptive"},
               {"sources", sources},
               {"elements", elements}};
  if (index < counts.workers.size()) json["core"] = counts.workers[index].core;
  return json;
}

Json port_plan_json(const graph::Plan& plan, const graph::Port& port) {
  return {{"name", port.name},
          {"device", port.device},
          {"receives", users_of(plan, port.name, Refers::kRxPort)},
          {"sends", users_of(plan, port.name, Refers::kTxPort)}};
}

Json state_plan_json(const graph::Plan& plan, const graph::StateObject& state) {
  return {{"name", state.name},
          {"class", state.info->name},
          {"room", state.info->room},
          {"summary", state.info->summary},
          {"parameters", parameters_json(state.parameters)},
          {"used_by", users_of(plan, state.name, Refers::kState)},
          {"where", place_json(state.where)}};
}

}  // namespace

Json graph_json(const graph::Plan& plan, const Snapshot& counts) {
  Json json = {{"seconds", counts.seconds}};
  for (const char* part : {"elements", "connections", "states", "ports", "workers"}) json[part] = Json::array();
  for (std::size_t i = 0; i < plan.elements.size(); ++i) json["elements"].push_back(spec_json(plan, i));
  json["connections"] = connections_json(plan, counts);
  for (const graph::StateObject& state : plan.states) json["states"].push_back(state_plan_json(plan, state));
  for (const graph::Port& port : plan.ports) json["ports"].push_back(port_plan_json(plan, port));
  for (std::size_t i = 0; i < plan.workers.size(); ++i) json["workers"].push_back(worker_plan_json(plan, counts, i));
  return json;
}

Json element_json(const graph::Plan& plan, const Snapshot& counts, std::size_t index) {
  Json json = spec_json(plan, index);
  if (index < counts.elements.size()) json["counts"] = to_json(counts.elements[index]);
  json["connections"] = Json::array();
  for (const graph::Connection& connection : plan.connections) {
    if (connection.from == index || connection.to == index) json["connections"].push_back(connection_json(plan, counts, connection));
  }
  json["documentation"] = class_json(*plan.elements[index].info);
  return json;
}

Json state_json(const graph::Plan& plan, const Snapshot& counts, std::size_t index) {
  Json json = state_plan_json(plan, plan.states[index]);
  if (index < counts.states.size()) json["counts"] = to_json(counts.states[index]);
  json["documentation"] = class_json(*plan.states[index].info);
  return json;
}

}  // namespace smartswitch::runtime::control
