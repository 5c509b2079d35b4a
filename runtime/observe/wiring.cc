// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/observe/wiring.h"

#include <algorithm>

#include "elements/sdk/key_places.h"
#include "graph/port_names.h"

namespace smartswitch::observe {
namespace {

std::vector<std::string> ports_of(const graph::ElementSpec& spec) {
  std::vector<std::string> ports;
  for (const ParameterInfo& parameter : spec.info->parameters) {
    if (parameter.refers != Refers::kRxPort && parameter.refers != Refers::kTxPort) continue;
    if (const Value* value = spec.parameters.find(parameter.name))
      ports.push_back(smartswitch::detail::port_and_queue(value->text()).first);
  }
  return ports;
}

std::vector<std::string> places_of(const graph::ElementSpec& spec, const std::vector<const State*>& states) {
  for (const ParameterInfo& parameter : spec.info->parameters) {
    const Value* value = parameter.refers == Refers::kState ? spec.parameters.find(parameter.name) : nullptr;
    if (value == nullptr) continue;
    const auto at = std::find_if(states.begin(), states.end(), [&](const State* state) { return state->name() == value->text(); });
    const auto* places = at == states.end() ? nullptr : dynamic_cast<const KeyPlaces*>(*at);
    if (places != nullptr) return places->places();
  }
  return {};
}

void add_once(std::vector<std::string>& names, const std::string& name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

// Outputs behind which `plan` has nothing.
void note_loose(const graph::Plan& plan, std::size_t instance, Node& node) {
  const graph::ElementSpec& spec = plan.elements[plan.instances[instance].element];
  const auto leads_on = [&](std::size_t port, unsigned index) {
    return std::any_of(plan.links.begin(), plan.links.end(), [&](const graph::Link& link) {
      return link.from == instance && link.output.port == port && link.output.index == index;
    });
  };
  for (std::size_t port = 0; port < spec.info->outputs.size(); ++port) {
    const OutputInfo& out = spec.info->outputs[port];
    const unsigned size = out.group == PortGroup::kSingle ? 1 : out.array(*node.element).size();
    for (unsigned i = 0; i < size; ++i) {
      if (leads_on(port, i)) continue;
      const Output& output = out.group == PortGroup::kSingle ? out.single(*node.element) : out.array(*node.element)[i];
      node.loose.push_back({graph::name_of(spec.info->outputs, spec.parameters, {port, i}), &output});
    }
  }
}

}  // namespace

Wiring::Wiring(const graph::Plan& plan, const std::vector<Element*>& elements, const std::vector<const State*>& states)
    : workers_(plan.workers.size()) {
  for (std::size_t i = 0; i < plan.instances.size(); ++i) {
    const graph::Instance& instance = plan.instances[i];
    const graph::ElementSpec& spec = plan.elements[instance.element];
    Node& node = nodes_.emplace_back();
    node.name = spec.name;
    node.worker = plan.workers[instance.worker].name;
    node.number = i;
    node.worker_number = instance.worker;
    node.replica = instance.replica;
    node.replicas = instance.replicas;
    node.info = spec.info;
    node.element = elements[i];
    node.ports = ports_of(spec);
    node.places = places_of(spec, states);
    note_loose(plan, i, node);
  }
  for (const graph::Link& link : plan.links) {
    const graph::ElementSpec& from = plan.elements[plan.instances[link.from].element];
    const graph::ElementSpec& to = plan.elements[plan.instances[link.to].element];
    const OutputInfo& out = from.info->outputs[link.output.port];
    Element& element = *elements[link.from];
    Edge& edge = edges_.emplace_back();
    edge.number = edges_.size() - 1;
    edge.from = &nodes_[link.from];
    edge.to = &nodes_[link.to];
    edge.output = out.group == PortGroup::kSingle ? &out.single(element) : &out.array(element)[link.output.index];
    edge.output_name = graph::name_of(from.info->outputs, from.parameters, link.output);
    edge.input_name = graph::name_of(to.info->inputs, to.parameters, link.input);
  }
}

std::vector<std::string> Wiring::element_names() const {
  std::vector<std::string> names;
  for (const Node& node : nodes_) add_once(names, node.name);
  return names;
}

std::vector<std::string> Wiring::port_names() const {
  std::vector<std::string> names;
  for (const Node& node : nodes_) {
    for (const std::string& port : node.ports) add_once(names, port);
  }
  return names;
}

}  // namespace smartswitch::observe
