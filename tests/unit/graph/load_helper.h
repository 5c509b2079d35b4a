// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "graph/load.h"

namespace smartswitch::graph {

inline LoadOptions only(std::map<std::string, std::string> variables = {}) {
  LoadOptions options;
  options.variables = std::move(variables);
  options.use_environment = false;
  return options;
}

inline std::string messages(const Loaded& loaded) {
  std::string text;
  for (const Diagnostic& diagnostic : loaded.diagnostics) text += render(diagnostic, false);
  return text;
}

/// The plan of a text that must be right.
inline Plan plan_of(const std::string& text, const LoadOptions& options = only()) {
  Loaded loaded = load_text(text, "test.yaml", options);
  EXPECT_TRUE(loaded.plan) << messages(loaded);
  return loaded.plan ? std::move(*loaded.plan) : Plan();
}

inline std::size_t element_index(const Plan& plan, const std::string& name) {
  for (std::size_t i = 0; i < plan.elements.size(); ++i) {
    if (plan.elements[i].name == name) return i;
  }
  ADD_FAILURE() << "there is no element " << name;
  return 0;
}

/// "rx.out > sink.in", with the names that the plan gives to ports.
inline std::string spoken(const Plan& plan, const Connection& c) {
  const auto port = [](const auto& declared, const std::vector<std::string>& names, PortRef ref) {
    // Names come in the order of the declaration; groups before this one are counted in the tests' classes by hand.
    if (declared[ref.port].group == PortGroup::kSingle) return declared[ref.port].name;
    return names.at(ref.index);
  };
  const ElementSpec& from = plan.elements[c.from];
  const ElementSpec& to = plan.elements[c.to];
  return from.name + "." + port(from.info->outputs, from.output_names, c.output) + " > " + to.name + "." +
         port(to.info->inputs, to.input_names, c.input);
}

inline std::vector<std::string> spoken_connections(const Plan& plan) {
  std::vector<std::string> result;
  for (const Connection& c : plan.connections) result.push_back(spoken(plan, c));
  return result;
}

}  // namespace smartswitch::graph
