// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The example that each class gives of itself is in the reference: it has to be right.
#include <gtest/gtest.h>

#include "elements/sdk/registry.h"
#include "graph/load.h"

namespace smartswitch::graph {
namespace {

// Examples show one element or state object, not a whole pipeline: what is missing around it is no fault of theirs.
bool about_surroundings(const Problem& problem) {
  for (const char* part : {"goes nowhere", "nothing reaches", "there is no source", "there is no port", "there is no state object",
                           "cannot read the capture file"}) {
    if (problem.message.find(part) != std::string::npos) return true;
  }
  return false;
}

void expect_right(const std::string& section, const ClassInfo& info) {
  ASSERT_FALSE(info.example.empty()) << info.name << " has no example";
  std::string text = "smartswitch: 1\n" + section + ":\n  ";
  for (const char c : info.example) text += c == '\n' ? std::string("\n  ") : std::string(1, c);
  for (const Diagnostic& d : load_text(text + "\n", info.name, {}).diagnostics) {
    EXPECT_TRUE(about_surroundings(d.problem)) << render(d, false);
  }
}

TEST(ClassExamples, AreRight) {
  for (const ElementInfo* info : Registry::instance().elements()) {
    if (info->room != "graph") expect_right("elements", *info);  // those of room "graph" are these tests' own
  }
  for (const StateInfo* info : Registry::instance().states()) {
    if (info->room != "graph") expect_right("state", *info);
  }
}

}  // namespace
}  // namespace smartswitch::graph
