// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/sdk/registry.h"
#include "runtime/control/class_json.h"
#include "runtime/control/switch_routes.h"

namespace smartswitch::runtime::control {
namespace {

Response all_classes() {
  Json json = {{"elements", Json::array()}, {"states", Json::array()}};
  for (const ElementInfo* info : Registry::instance().elements()) json["elements"].push_back(class_json(*info));
  for (const StateInfo* info : Registry::instance().states()) json["states"].push_back(class_json(*info));
  return json_response(json);
}

Response one_class(const std::string& name) {
  const Registry& registry = Registry::instance();
  if (const ElementInfo* element = registry.element(name)) return json_response(class_json(*element));
  if (const StateInfo* state = registry.state(name)) return json_response(class_json(*state));
  std::vector<std::string> known;
  for (const ElementInfo* info : registry.elements()) known.push_back(info->name);
  for (const StateInfo* info : registry.states()) known.push_back(info->name);
  return unknown_name("class", name, known);
}

}  // namespace

void add_class_routes(Router& router) {
  router.add("GET", "/v1/classes", "All element and state classes, as they describe themselves.",
             [](const Request&) { return all_classes(); });
  router.add("GET", "/v1/classes/{name}", "One of them.", [](const Request& request) { return one_class(request.value("name")); });
}

}  // namespace smartswitch::runtime::control
