// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What the schema has to say of each class. What it accepts and refuses: tests/integration/schema_test.py, with a validator.
#include "graph/schema.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "elements/sdk/registry.h"
#include "graph/plan.h"

namespace smartswitch::graph {
namespace {

using nlohmann::json;

json schema() { return json::parse(configuration_schema()); }

std::set<std::string> members(const json& object) {
  std::set<std::string> names;
  for (const auto& member : object.items()) names.insert(member.key());
  return names;
}

void expect_parameters(const std::vector<ParameterInfo>& parameters, const json& definition) {
  std::set<std::string> required;
  for (const ParameterInfo& parameter : parameters) {
    ASSERT_TRUE(definition["properties"].contains(parameter.name)) << parameter.name;
    const json& property = definition["properties"][parameter.name];
    EXPECT_TRUE(property["description"].get<std::string>().starts_with(parameter.help)) << parameter.name;
    if (parameter.required) required.insert(parameter.name);
  }
  EXPECT_EQ(definition.value("required", std::set<std::string>()), required);
  EXPECT_EQ(definition["additionalProperties"], false);
}

template <class Info>
void expect_class(const Info& info, const std::string& definition, const json& definitions) {
  SCOPED_TRACE(info.name);
  ASSERT_TRUE(definitions.contains(definition));
  const json& described = definitions[definition];
  EXPECT_EQ(described["description"], info.summary);
  EXPECT_EQ(described["properties"]["class"]["const"], info.name);
  EXPECT_EQ(described["properties"].size(), info.parameters.size() + 1);
  expect_parameters(info.parameters, described);
}

TEST(Schema, KnowsEveryClassAndParameter) {
  const json definitions = schema()["$defs"];
  for (const ElementInfo* info : Registry::instance().elements()) expect_class(*info, "element." + info->name, definitions);
  for (const StateInfo* info : Registry::instance().states()) expect_class(*info, "state." + info->name, definitions);
}

TEST(Schema, KnowsEverySection) {
  const json whole = schema();
  EXPECT_EQ(whole["$schema"], "https://json-schema.org/draft/2020-12/schema");
  const std::set<std::string> sections = {"smartswitch", "include",   "variables", "ports", "state",  "elements",
                                          "connections", "templates", "workers",   "pool",  "control"};
  EXPECT_EQ(members(whole["properties"]), sections);
  expect_parameters(detail::FieldsOf<Port>::get(), whole["$defs"]["port"]);
  expect_parameters(detail::FieldsOf<Control>::get(), whole["properties"]["control"]);
}

TEST(Schema, TypesBoundsAndDefaults) {
  const json definitions = schema()["$defs"];
  const json burst = definitions["element.Queue"]["properties"]["burst"];
  EXPECT_EQ(burst["minimum"], 1);
  EXPECT_EQ(burst["maximum"], 64);
  EXPECT_EQ(burst["default"], 32);
  EXPECT_EQ(burst["type"], json({"integer", "string"}));
  EXPECT_EQ(definitions["element.FromPcap"]["properties"]["timing"]["anyOf"][0]["enum"], json({"flat_out", "original"}));
  const json server = definitions["state.BackendPool"]["properties"]["servers"]["items"];
  EXPECT_EQ(server["properties"]["port"]["default"], 11211);
  EXPECT_EQ(server["additionalProperties"], false);
}

}  // namespace
}  // namespace smartswitch::graph
