// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/reload_json.h"

#include "elements/sdk/units.h"

namespace smartswitch::runtime::control {
namespace {

Json difference_json(const Difference& difference) {
  return {{"added", difference.added}, {"removed", difference.removed}, {"changed", difference.changed}};
}

}  // namespace

Response reload_response(const Reloaded& report, bool dry_run) {
  Json json = {{"dry_run", dry_run},
               {"nothing", report.nothing()},
               {"elements", difference_json(report.elements)},
               {"states", difference_json(report.states)},
               {"ports", difference_json(report.ports)},
               {"workers", difference_json(report.workers)},
               {"rewired", report.rewired}};
  json["pause_seconds"] = Json::array();
  for (const std::uint64_t pause : report.pauses) json["pause_seconds"].push_back(static_cast<double>(pause) / 1e9);
  return json_response(json);
}

Response refusal_response(const std::vector<Problem>& problems, const std::string& text) {
  Json json = {{"error", problems.empty() ? "" : problems.front().message}, {"hint", problems.empty() ? "" : problems.front().hint}};
  json["problems"] = Json::array();
  for (const Problem& problem : problems) {
    json["problems"].push_back({{"error", problem.message},
                                {"hint", problem.hint},
                                {"file", problem.where.file},
                                {"line", problem.where.line},
                                {"column", problem.where.column}});
  }
  json["text"] = text;
  return json_response(json, 422);
}

Response refusal_response(const Problems& problems) {
  std::string text;
  for (const Problem& problem : problems.list()) text += graph::render({problem, {}}, false);
  return refusal_response(problems.list(), text);
}

}  // namespace smartswitch::runtime::control
