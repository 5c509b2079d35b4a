// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/metrics.h"
#include "runtime/control/switch_routes.h"

namespace smartswitch::runtime::control {
namespace {

Response part(const Switch& live, const char* name) { return json_response(to_json(live.snapshot()).at(name)); }

// With what share of its time each has been busy since it started.
Response workers(const Switch& live) {
  Json json = Json::object();
  for (const WorkerCounts& worker : live.snapshot().workers) {
    Json one = to_json(worker);
    const double all = worker.busy_seconds + worker.idle_seconds;
    one["busy_share"] = all > 0 ? worker.busy_seconds / all : 0;
    json[worker.name] = std::move(one);
  }
  return json_response(json);
}

Response metrics(const SwitchRoutes& routes) {
  Response response;
  response.type = kMetricsType;
  response.body = metrics_text(routes.live.snapshot(), {routes.program.version, routes.live.phase() == Phase::kRunning}, routes.counts);
  return response;
}

}  // namespace

void add_count_routes(Router& router, const SwitchRoutes& routes) {
  router.add("GET", "/v1/stats", "All counts, as `smartswitch run --json` writes them.",
             [routes](const Request&) { return json_response(to_json(routes.live.snapshot())); });
  router.add("GET", "/v1/ports", "What devices count, and whether their links are up.",
             [routes](const Request&) { return part(routes.live, "ports"); });
  router.add("GET", "/v1/workers", "How busy workers are.", [routes](const Request&) { return workers(routes.live); });
  router.add("GET", "/v1/pool", "The packet pool.", [routes](const Request&) { return part(routes.live, "pool"); });
  router.add(
      "GET", "/metrics", "All counts in Prometheus' text format.", [routes](const Request&) { return metrics(routes); },
      routes.metrics_without_token ? Access::kOpen : Access::kToken);
}

}  // namespace smartswitch::runtime::control
