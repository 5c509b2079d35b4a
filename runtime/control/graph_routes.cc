// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/graph_json.h"
#include "runtime/control/switch_routes.h"

namespace smartswitch::runtime::control {
namespace {

using OneJson = Json (*)(const graph::Plan&, const Snapshot&, std::size_t);

template <class Part>
Response one(const Switch& live, const std::vector<Part> graph::Plan::*parts, const char* what, const std::string& name, OneJson describe) {
  Response response;
  live.look([&](const graph::Plan& plan, const Snapshot& counts) {
    std::vector<std::string> known;
    for (std::size_t i = 0; i < (plan.*parts).size(); ++i) {
      known.push_back((plan.*parts)[i].name);
      if (known.back() != name) continue;
      response = json_response(describe(plan, counts, i));
      return;
    }
    response = unknown_name(what, name, known);
  });
  return response;
}

template <class Part>
Response all(const Switch& live, const std::vector<Part> graph::Plan::*parts, OneJson describe) {
  Json json = Json::array();
  live.look([&](const graph::Plan& plan, const Snapshot& counts) {
    for (std::size_t i = 0; i < (plan.*parts).size(); ++i) {
      json.push_back(describe(plan, counts, i));
      json.back().erase("documentation");  // `/v1/classes` has it once
    }
  });
  return json_response(json);
}

Response whole_graph(const SwitchRoutes& routes) {
  Json json = {{"name", routes.program.name}};
  routes.live.look([&json](const graph::Plan& plan, const Snapshot& counts) { json.update(graph_json(plan, counts)); });
  return json_response(json);
}

}  // namespace

void add_graph_routes(Router& router, const SwitchRoutes& routes) {
  using graph::Plan;
  const Switch& live = routes.live;
  router.add("GET", "/v1/graph", "The running graph, with the packets over each connection.",
             [routes](const Request&) { return whole_graph(routes); });
  router.add("GET", "/v1/elements", "All elements with their counts.",
             [&live](const Request&) { return all(live, &Plan::elements, &element_json); });
  router.add("GET", "/v1/elements/{name}", "One element: parameters, counts, drops, and what its class says of itself.",
             [&live](const Request& r) { return one(live, &Plan::elements, "element", r.value("name"), &element_json); });
  router.add("GET", "/v1/states", "All state objects with their counts.",
             [&live](const Request&) { return all(live, &Plan::states, &state_json); });
  router.add("GET", "/v1/states/{name}", "One state object: parameters, counts, rankings, and what its class says of itself.",
             [&live](const Request& r) { return one(live, &Plan::states, "state object", r.value("name"), &state_json); });
}

}  // namespace smartswitch::runtime::control
