// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "graph/wiring.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "graph/names.h"
#include "graph/port_names.h"

namespace smartswitch::graph {
namespace {

class Wirer {
 public:
  Wirer(Draft draft, Report& report) : draft_(std::move(draft)), report_(report) {
    for (const Wire& wire : draft_.wires) {
      if (wire.from && is_border(*wire.from)) onward_.emplace(key(*wire.from), &wire);
      if (wire.to && is_border(*wire.to)) reached_.insert(key(*wire.to));
    }
    for (const Node& node : draft_.nodes) {
      number_.push_back(wiring_.elements.size());
      if (node.kind != Node::Kind::kElement) continue;
      wiring_.elements.push_back(node.spec);
      wiring_.uncertain.push_back(node.uncertain);
      wiring_.fed.push_back(false);
    }
  }

  Wiring run() {
    for (const Wire& wire : draft_.wires) {
      if (!wire.from || !is_border(*wire.from)) follow(wire);
    }
    report_unreached_templates();
    report_template_loops();
    name_ports();
    return std::move(wiring_);
  }

 private:
  [[nodiscard]] const Node& node(const WireEnd& end) const { return draft_.nodes[end.node]; }
  [[nodiscard]] bool is_border(const WireEnd& end) const { return node(end).kind != Node::Kind::kElement; }
  static PortKey key(const WireEnd& end) { return {end.node, end.port.port, end.port.index}; }
  [[nodiscard]] PortKey element_key(const WireEnd& end) const { return {number_[end.node], end.port.port, end.port.index}; }

  /// Goes from an element's output, or from a fault, through the borders of templates to the next element.
  void follow(const Wire& wire) {
    if (wire.from) wiring_.outputs.insert(element_key(*wire.from));
    std::optional<WireEnd> to = wire.to;
    std::set<PortKey> passed;
    while (to && is_border(*to)) {
      visited_.insert(key(*to));
      if (!passed.insert(key(*to)).second) {
        report_.fault(wire.where, "a loop of templates without an element in it");
        return;
      }
      const auto next = onward_.find(key(*to));
      if (next == onward_.end()) {
        lead_nowhere(wire, *to);
        return;
      }
      to = next->second->to;
    }
    if (!to) return;
    const std::size_t element = number_[to->node];
    wiring_.inputs.insert(element_key(*to));
    if (wire.from) {
      wiring_.connections.push_back({number_[wire.from->node], wire.from->port, element, to->port, wire.where});
    } else {
      wiring_.fed[element] = true;
    }
  }

  void lead_nowhere(const Wire& wire, const WireEnd& border) {
    const Node& templ = node(border);
    if (templ.uncertain || !wire.from || !said_.insert(key(border)).second) return;
    if (node(*wire.from).spec.info->outputs[wire.from->port.port].optional) return;
    const std::string& port = templ.ports[border.port.port];
    report_.fault(templ.spec.where,
                  fmt::format("the output `{}` of `{}` (template {}) goes nowhere", port, templ.spec.name, templ.template_name),
                  fmt::format("connect it: `{}.{} -> ...`", own_name(templ.spec.name), port));
  }

  void report_unreached_templates() {
    for (std::size_t i = 0; i < draft_.nodes.size(); ++i) {
      const Node& templ = draft_.nodes[i];
      if (templ.kind != Node::Kind::kTemplateInput) continue;
      for (std::size_t port = 0; port < templ.ports.size(); ++port) {
        const WireEnd border{i, {port, 0}};
        if (reached_.contains(key(border))) continue;
        if (!templ.uncertain) {
          report_.fault(
              templ.spec.where,
              fmt::format("nothing reaches the input `{}` of `{}` (template {})", templ.ports[port], templ.spec.name, templ.template_name),
              fmt::format("connect it: `... -> {}:{}`", own_name(templ.spec.name), templ.ports[port]));
        }
        // What is inside counts as reached: that it is not follows from this.
        if (const auto next = onward_.find(key(border)); next != onward_.end()) follow({std::nullopt, border, next->second->where});
      }
    }
  }

  /// Templates that lead only into each other have been reached by none of the ways followed so far.
  void report_template_loops() {
    for (const Wire& wire : draft_.wires) {
      if (wire.from && is_border(*wire.from) && !visited_.contains(key(*wire.from))) follow({std::nullopt, wire.from, wire.where});
    }
  }

  void name_ports() {
    for (std::size_t i = 0; i < wiring_.elements.size(); ++i) {
      ElementSpec& element = wiring_.elements[i];
      if (element.info == nullptr) continue;
      element.input_names = unfolded_names(element.info->inputs, element.parameters, i, wiring_.inputs);
      element.output_names = unfolded_names(element.info->outputs, element.parameters, i, wiring_.outputs);
    }
  }

  template <class Info>
  static std::vector<std::string> unfolded_names(const std::vector<Info>& declared, const Value& parameters, std::size_t element,
                                                 const std::set<PortKey>& connected) {
    std::vector<std::string> names;
    for (std::size_t port = 0; port < declared.size(); ++port) {
      switch (declared[port].group) {
        case PortGroup::kSingle:
          names.push_back(declared[port].name);
          break;
        case PortGroup::kNumbered:
          for (unsigned n = 0; n < numbered_size(connected, element, port); ++n) names.push_back(std::to_string(n));
          break;
        case PortGroup::kKeyed:
          for (std::string& name : keys_of(parameters, declared[port].keys)) names.push_back(std::move(name));
          break;
      }
    }
    return names;
  }

  Draft draft_;
  Report& report_;
  Wiring wiring_;
  std::vector<std::size_t> number_;  // of each node that is an element, its place in Wiring::elements
  std::map<PortKey, const Wire*> onward_;
  std::set<PortKey> reached_;
  std::set<PortKey> visited_;
  std::set<PortKey> said_;
};

}  // namespace

unsigned numbered_size(const std::set<PortKey>& connected, std::size_t element, std::size_t port) {
  const auto after = connected.lower_bound(PortKey(element, port + 1, 0));
  if (after == connected.begin()) return 0;
  const auto [last_element, last_port, last_index] = *std::prev(after);
  return last_element == element && last_port == port ? last_index + 1 : 0;
}

Wiring wire(Draft draft, Report& report) { return Wirer(std::move(draft), report).run(); }

}  // namespace smartswitch::graph
