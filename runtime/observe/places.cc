// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/observe/places.h"

#include <fmt/format.h>

#include <algorithm>

#include "elements/sdk/suggest.h"

namespace smartswitch::observe {
namespace {

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Where packets enter the graph nothing leads to the element, and where they leave it nothing leads on.
bool at_port(const std::string& port, const Edge& edge) {
  return (has(edge.from->ports, port) && edge.from->info->poll != nullptr) || (has(edge.to->ports, port) && !edge.to->info->inputs.empty());
}

}  // namespace

bool passes(const Wiring& wiring, const std::string& place, const Edge& edge) {
  if (has(wiring.port_names(), place)) return at_port(place, edge);
  return place == edge.from->name || place == edge.name();
}

void check_place(const Wiring& wiring, const std::string& place, Problems& problems) {
  const auto& edges = wiring.edges();
  if (std::any_of(edges.begin(), edges.end(), [&](const Edge& edge) { return passes(wiring, place, edge); })) return;
  const std::vector<std::string> elements = wiring.element_names();
  const std::string element = place.substr(0, place.rfind('.'));
  if (has(elements, element)) {
    std::vector<std::string> outputs;
    for (const Edge& edge : edges) {
      if (edge.from->name == element && !has(outputs, edge.output_name)) outputs.push_back(edge.output_name);
    }
    problems.add({}, fmt::format("nothing leaves at `{}`", place),
                 outputs.empty() ? fmt::format("no output of `{}` leads anywhere; its packets can be had where they come from", element)
                                 : fmt::format("`{}` has the outputs {}", element, spoken_list(outputs)));
    return;
  }
  std::vector<std::string> known = wiring.port_names();
  known.insert(known.end(), elements.begin(), elements.end());
  const std::string near = did_you_mean(element, known);
  problems.add(
      {}, fmt::format("there is no port or element `{}`", place),
      near.empty() ? "there are the ports " + spoken_list(wiring.port_names()) + " and the elements " + spoken_list(elements) : near);
}

}  // namespace smartswitch::observe
