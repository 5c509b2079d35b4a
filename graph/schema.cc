// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "graph/schema.h"

#include <fmt/format.h>

#include <algorithm>

#include "elements/sdk/registry.h"
#include "graph/parameter_schema.h"
#include "graph/specification.h"
#include "graph/workers.h"

namespace smartswitch::graph {
namespace {

constexpr const char* kName = "^[A-Za-z_][A-Za-z0-9_-]*$";

Json reference(const std::string& definition) { return {{"$ref", "#/$defs/" + definition}}; }

Json names_of(const Json& value) { return {{"propertyNames", {{"pattern", kName}}}, {"additionalProperties", value}}; }

/// A section may be there without a value.
Json map_section(const std::string& description, const Json& value) {
  Json schema = {{"description", description}, {"type", {"object", "null"}}};
  schema.update(names_of(value));
  return schema;
}

Json list_section(const std::string& description, const Json& item) {
  return {{"description", description}, {"type", {"array", "null"}}, {"items", item}};
}

template <class Info>
Json class_names(const std::vector<const Info*>& classes) {
  Json names = Json::array();
  for (const Info* info : classes) names.push_back(info->name);
  return {{"enum", std::move(names)}};
}

Json with_variable() { return {{"type", "string"}, {"pattern", kVariablePattern}}; }

template <class Info>
Json class_schema(const Info& info) {
  Json schema = {{"description", info.summary}};
  schema.update(parameters_schema(info.parameters));
  Json& properties = schema["properties"];
  properties["class"] = {{"const", info.name}, {"description", info.summary}};
  return schema;
}

/// `name: Class` or `name: {class: Class, ...}`: the class decides which parameters there are.
template <class Info>
Json classes_schema(const std::vector<const Info*>& classes, const std::string& kind, const Json& class_name, Json& definitions) {
  Json ways = Json::array();
  Json need_more = Json::array();
  for (const Info* info : classes) {
    if (std::any_of(info->parameters.begin(), info->parameters.end(), [](const ParameterInfo& p) { return p.required; })) {
      need_more.push_back(info->name);
    }
    const std::string definition = fmt::format("{}.{}", kind, info->name);
    definitions[definition] = class_schema(*info);
    const Json is_map_of_class = {{"type", "object"}, {"properties", {{"class", {{"const", info->name}}}}}, {"required", {"class"}}};
    ways.push_back({{"if", is_map_of_class}, {"then", reference(definition)}});
  }
  return {{"type", {"object", "string"}},
          {"if", {{"type", "string"}}},
          {"then", {{"anyOf", class_name["anyOf"]}, {"not", {{"enum", std::move(need_more)}}}}},
          {"else", {{"properties", {{"class", class_name}}}, {"required", {"class"}}}},
          {"allOf", std::move(ways)}};
}

Json template_schema() {
  const Json variable_names = {{"pattern", "^(?!class$)[A-Za-z_][A-Za-z0-9_]*$"}};
  return {{"type", "object"},
          {"properties",
           {{"parameters",
             {{"description", "names and defaults; `~` for one that has to be given"},
              {"type", {"object", "null"}},
              {"propertyNames", variable_names}}},
            {"state", map_section("state objects that each element of the template has for itself", reference("state"))},
            {"elements", map_section("the parts", reference("element"))},
            {"connections",
             list_section("the ways between the parts; `input` and `output` are the template's own ports", reference("connection"))}}},
          {"additionalProperties", false}};
}

Json worker_schema() {
  Json schema = parameters_schema(worker_parameters());
  schema["type"] = "object";
  schema["required"] = {"run"};
  schema["not"] = {{"required", {"core", "cores"}}};
  return schema;
}

Json port_schema() {
  Json schema = parameters_schema(detail::FieldsOf<Port>::get());
  schema["type"] = {"object", "string"};
  return schema;
}

/// A section that is one map of parameters.
Json parameters_section(const std::string& description, const std::vector<ParameterInfo>& parameters) {
  Json schema = {{"description", description}};
  schema.update(parameters_schema(parameters));
  schema["type"] = "object";
  return schema;
}

Json sections_schema() {
  return {
      {"smartswitch", {{"description", "the version of this language"}, {"enum", {1, "1"}}}},
      {"include",
       {{"description", "files whose sections are brought in; paths count from the folder of this file"},
        {"type", {"array", "string", "null"}},
        {"items", {{"type", "string"}}}}},
      {"variables",
       {{"description", "what differs from place to place: values for ${NAME}, unless --set or the environment has one"},
        {"type", {"object", "null"}},
        {"propertyNames", {{"pattern", "^[A-Za-z_][A-Za-z0-9_]*$"}}},
        {"additionalProperties", {{"type", {"string", "number", "boolean", "null"}}}}}},
      {"ports", map_section("devices, by names of your choosing", reference("port"))},
      {"state", map_section("what elements share, by name", reference("state"))},
      {"elements", map_section("what packets meet, by name", reference("element"))},
      {"connections", list_section("the ways between elements: `a -> b.out -> c:in`, `a.x, b.y -> c`", reference("connection"))},
      {"templates", map_section("compound elements, by the name of the class that they become", reference("template"))},
      {"workers", list_section("which core runs which sources; one worker runs all when left out", reference("worker"))},
      {"pool", parameters_section("the packet pool; sized by itself when left out", pool_parameters())},
      {"control", parameters_section("where the control API is served", detail::FieldsOf<Control>::get())},
  };
}

/// A class that is none of the program's is a template. Without templates and included files there are none of these.
Json no_templates_anywhere() {
  return {{"required", {"smartswitch"}}, {"not", {{"anyOf", Json::array({{{"required", {"templates"}}}, {{"required", {"include"}}}})}}}};
}

}  // namespace

std::string configuration_schema() {
  const Registry& registry = Registry::instance();
  const Json known_class = {{"anyOf", Json::array({class_names(registry.elements()), with_variable()})}};
  const Json class_or_template = {{"anyOf", Json::array({class_names(registry.elements()), text_schema(kName)})}};
  const Json state_class = {{"anyOf", Json::array({class_names(registry.states()), with_variable()})}};

  Json definitions = Json::object();
  definitions["element"] = classes_schema(registry.elements(), "element", class_or_template, definitions);
  definitions["state"] = classes_schema(registry.states(), "state", state_class, definitions);
  definitions["known_element"] = {
      {"if", {{"type", "string"}}}, {"then", known_class}, {"else", {{"properties", {{"class", known_class}}}}}};
  definitions["port"] = port_schema();
  definitions["worker"] = worker_schema();
  definitions["template"] = template_schema();
  definitions["connection"] = {{"type", "string"}, {"pattern", fmt::format("->|{}", kVariablePattern)}};

  const Json known_elements = {{"properties", {{"elements", {{"additionalProperties", reference("known_element")}}}}}};
  const Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                       {"title", "A configuration of SmartSwitch"},
                       {"type", "object"},
                       {"properties", sections_schema()},
                       {"additionalProperties", false},
                       {"if", no_templates_anywhere()},
                       {"then", known_elements},
                       {"$defs", std::move(definitions)}};
  return schema.dump(2) + "\n";
}

}  // namespace smartswitch::graph
