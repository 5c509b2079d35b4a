// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "graph/templates.h"

#include <fmt/format.h>

#include "elements/sdk/registry.h"
#include "elements/sdk/suggest.h"
#include "graph/names.h"

namespace smartswitch::graph {
namespace {

/// Takes a part of a template that must be a map (or a list), or nothing at all.
const Value* part(const Value::Member& member, bool as_map, Report& report) {
  if (member.value.is_null()) return nullptr;
  if (as_map ? member.value.is_map() : member.value.is_list()) return &member.value;
  report.fault(member.value.where(),
               fmt::format("`{}` is {}, not {}", member.key, as_map ? "a map of names" : "a list", member.value.spoken()));
  return nullptr;
}

void check_parameter_names(const Template& templ, Report& report) {
  if (templ.parameters == nullptr) return;
  for (const Value::Member& parameter : templ.parameters->members()) {
    if (!is_variable_name(parameter.key) || parameter.key == "class") {
      report.fault(parameter.where, fmt::format("a template's parameter cannot be called `{}`", parameter.key),
                   "a parameter's name has letters, digits and `_`, does not start with a digit, and is not `class`");
    }
  }
}

Template read_template(const Value::Member& member, Report& report) {
  static const std::vector<std::string> kParts = {"parameters", "state", "elements", "connections"};
  Template result;
  result.name = member.key;
  if (!member.value.is_map()) {
    report.fault(member.value.where(), fmt::format("a template is a map, not {}", member.value.spoken()),
                 "write `{parameters: {...}, elements: {...}, connections: [...]}`");
    return result;
  }
  for (const Value::Member& entry : member.value.members()) {
    if (entry.key == "parameters") {
      result.parameters = part(entry, true, report);
    } else if (entry.key == "state") {
      result.state = part(entry, true, report);
    } else if (entry.key == "elements") {
      result.elements = part(entry, true, report);
    } else if (entry.key == "connections") {
      result.connections = part(entry, false, report);
    } else {
      const std::string hint = did_you_mean(entry.key, kParts);
      report.fault(entry.where, fmt::format("a template has no `{}`", entry.key), hint.empty() ? "it has " + spoken_list(kParts) : hint);
    }
  }
  check_parameter_names(result, report);
  return result;
}

}  // namespace

Templates read_templates(const Sections& sections, Report& report) {
  Templates templates;
  for (const Value::Member* member : sections.templates) {
    if (report.full()) break;
    if (!is_name(member->key)) {
      report.fault(member->where, fmt::format("a template cannot be called `{}`", member->key), std::string(kNameRule));
    } else if (Registry::instance().element(member->key) != nullptr) {
      report.fault(member->where, fmt::format("there is an element class `{}` already", member->key), "give the template another name");
    }
    templates.emplace(member->key, read_template(*member, report));
  }
  return templates;
}

std::optional<Arguments> arguments_for(const Template& templ, const Value& given, Variables& variables, Report& report) {
  Arguments arguments;
  bool complete = true;
  std::vector<std::string> known;
  if (templ.parameters != nullptr) {
    for (const Value::Member& parameter : templ.parameters->members()) {
      known.push_back(parameter.key);
      if (const Value* value = given.find(parameter.key); value != nullptr && !value->is_null()) {
        arguments.emplace(parameter.key, *value);
      } else if (!parameter.value.is_null()) {
        arguments.emplace(parameter.key, variables.fill(parameter.value, nullptr));
      } else {
        report.fault(given.where(), fmt::format("template `{}` needs the parameter `{}`", templ.name, parameter.key));
        complete = false;
      }
    }
  }
  for (const Value::Member& member : given.members()) {
    if (member.key == "class" || (templ.parameters != nullptr && templ.parameters->find(member.key) != nullptr)) continue;
    std::string hint = did_you_mean(member.key, known);
    if (hint.empty()) hint = known.empty() ? "it takes no parameters" : "it takes " + spoken_list(known);
    report.fault(member.where, fmt::format("template `{}` has no parameter `{}`", templ.name, member.key), hint);
  }
  if (!complete) return std::nullopt;
  return arguments;
}

}  // namespace smartswitch::graph
