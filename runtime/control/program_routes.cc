// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fmt/format.h>

#include "runtime/control/switch_routes.h"
#include "runtime/control/value_json.h"

namespace smartswitch::runtime::control {
namespace {

const char* phase_name(Phase phase) {
  switch (phase) {
    case Phase::kBuilt:
      return "starting";
    case Phase::kRunning:
      return "running";
    case Phase::kDraining:
      return "draining";
    case Phase::kStopped:
      return "stopped";
  }
  return "unknown";
}

Json table(const Router& router) {
  Json list = Json::array();
  for (const Route& route : router.routes())
    list.push_back({{"method", route.method}, {"path", route.pattern}, {"summary", route.summary}});
  return list;
}

Response about(const SwitchRoutes& routes, const Router& router) {
  Json json = {{"name", routes.program.name}, {"version", routes.program.version}, {"phase", phase_name(routes.live.phase())}};
  routes.live.look([&json](const graph::Plan& plan, const Snapshot& counts) {
    json["uptime_seconds"] = counts.seconds;
    json["elements"] = plan.elements.size();
    json["states"] = plan.states.size();
    json["ports"] = plan.ports.size();
    json["workers"] = plan.workers.size();
  });
  json["configuration"] = routes.program.configuration.get().file;
  json["routes"] = table(router);
  return json_response(json);
}

Response ready(const SwitchRoutes& routes) {
  const Phase phase = routes.live.phase();
  Json json = {{"ready", phase == Phase::kRunning}, {"phase", phase_name(phase)}};
  if (phase == Phase::kRunning) return json_response(json);
  json["error"] = fmt::format("the switch takes no packets in: it is {}", phase_name(phase));
  json["hint"] = "";
  return json_response(json, 503);
}

Response configuration(const SwitchRoutes& routes) {
  const Configuration present = routes.program.configuration.get();
  Json settings = Json::object();
  for (const auto& [name, value] : present.settings) settings[name] = value;
  Json json = {{"file", present.file}, {"settings", settings}, {"files", Json::array()}, {"set", Json::array()}};
  routes.live.look([&json](const graph::Plan& plan, const Snapshot&) {
    for (const graph::ConfigurationFile& file : plan.files) json["files"].push_back({{"name", file.name}, {"text", file.text}});
    for (const graph::SetParameter& s : plan.set)
      json["set"].push_back(
          {{"kind", s.of_state ? "state" : "element"}, {"object", s.object}, {"parameter", s.parameter}, {"value", value_json(s.value)}});
  });
  return json_response(json);
}

// Those that only begin something answer before it is done.
Response ask(const std::function<void()>& order, const char* what) {
  order();
  return json_response({{"accepted", what}}, 202);
}

}  // namespace

void add_program_routes(Router& router, const SwitchRoutes& routes) {
  router.add("GET", "/v1", "What runs here, since when, and what can be asked.",
             [routes, &router](const Request&) { return about(routes, router); });
  router.add(
      "GET", "/v1/health", "Answers as long as the program lives.",
      [](const Request&) {
        return json_response({{"healthy", true}});
      },
      Access::kOpen);
  router.add(
      "GET", "/v1/ready", "200 if the switch takes packets in; 503 before that and while it drains.",
      [routes](const Request&) { return ready(routes); }, Access::kOpen);
  router.add("GET", "/v1/configuration",
             "The configuration files as they were read, what was set on the command line, and what has been set since.",
             [routes](const Request&) { return configuration(routes); });
  router.add("POST", "/v1/drain", "Takes in nothing new from now on, and lets Queues run empty. Only stopping comes after it.",
             [routes](const Request&) { return ask(routes.program.drain, "drain"); });
  router.add("POST", "/v1/stop", "Ends the switch as Ctrl-C does.", [routes](const Request&) { return ask(routes.program.stop, "stop"); });
}

}  // namespace smartswitch::runtime::control
