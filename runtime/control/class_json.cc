// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/class_json.h"

namespace smartswitch::runtime::control {
namespace {

Json parameter_json(const ParameterInfo& parameter) {
  Json json = {{"name", parameter.name}, {"type", parameter.type}, {"help", parameter.help}, {"required", parameter.required}};
  if (!parameter.default_text.empty()) json["default"] = parameter.default_text;
  if (!parameter.bounds.empty()) json["bounds"] = parameter.bounds;
  if (!parameter.fields.empty()) {
    json["fields"] = Json::array();
    for (const ParameterInfo& field : parameter.fields) json["fields"].push_back(parameter_json(field));
  }
  return json;
}

template <class Port>
Json ports_json(const std::vector<Port>& ports) {
  Json json = Json::array();
  for (const Port& port : ports) {
    Json one = {{"name", port.name}, {"help", port.help}};
    if (port.group == PortGroup::kNumbered) one["group"] = "numbered";
    if (port.group == PortGroup::kKeyed) one["group"] = "keyed by " + port.keys;
    if constexpr (std::is_same_v<Port, OutputInfo>) one["optional"] = port.optional;
    json.push_back(std::move(one));
  }
  return json;
}

Json common_json(const ClassInfo& info, const char* kind) {
  Json json = {{"name", info.name},       {"kind", kind},           {"room", info.room}, {"summary", info.summary},
               {"details", info.details}, {"example", info.example}};
  json["parameters"] = Json::array();
  for (const ParameterInfo& parameter : info.parameters) json["parameters"].push_back(parameter_json(parameter));
  json["counters"] = Json::array();
  for (const CounterInfo& counter : info.counters)
    json["counters"].push_back({{"name", counter.name}, {"help", counter.help}, {"drop", counter.drop}});
  json["handlers"] = Json::array();
  for (const HandlerInfo& handler : info.handlers) {
    json["handlers"].push_back({{"name", handler.name},
                                {"help", handler.help},
                                {"argument", handler.argument},
                                {"result", handler.result},
                                {"changes", handler.changes}});
  }
  return json;
}

}  // namespace

Json class_json(const ElementInfo& info) {
  Json json = common_json(info, "element");
  json["inputs"] = ports_json(info.inputs);
  json["outputs"] = ports_json(info.outputs);
  json["histograms"] = Json::array();
  for (const HistogramInfo& histogram : info.histograms) json["histograms"].push_back({{"name", histogram.name}, {"help", histogram.help}});
  json["source"] = info.poll != nullptr;
  json["border"] = info.border;
  return json;
}

Json class_json(const StateInfo& info) {
  Json json = common_json(info, "state");
  json["rankings"] = Json::array();
  for (const RankingInfo& ranking : info.rankings) json["rankings"].push_back({{"name", ranking.name}, {"help", ranking.help}});
  return json;
}

}  // namespace smartswitch::runtime::control
