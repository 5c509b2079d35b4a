// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <cstdlib>

#include "tests/unit/graph/load_helper.h"

namespace smartswitch::graph {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// The parameter `limit` of the only filter, when the file says `limit: <text>`.
std::string limit_of(const std::string& text, const LoadOptions& options, const std::string& variables = "{}") {
  const Plan plan =
      plan_of("smartswitch: 1\nvariables: " + variables + "\nelements: {rx: TestSource, f: {class: TestFilter, limit: " + text +
                  "}, s: TestSink}\nconnections: [rx -> f -> s]\n",
              options);
  return plan.elements.size() < 2 ? "" : plan.elements[1].parameters.find("limit")->text();
}

TEST(Variables, CommandLineThenEnvironmentThenFileThenDefault) {
  ASSERT_EQ(setenv("SMARTSWITCH_TEST_LIMIT", "22", 1), 0);
  LoadOptions options;
  options.variables["SMARTSWITCH_TEST_LIMIT"] = "11";
  const std::string text = "\"${SMARTSWITCH_TEST_LIMIT:-44}\"";
  EXPECT_EQ(limit_of(text, options, "{SMARTSWITCH_TEST_LIMIT: 33}"), "11");
  options.variables.clear();
  EXPECT_EQ(limit_of(text, options, "{SMARTSWITCH_TEST_LIMIT: 33}"), "22");
  options.use_environment = false;
  EXPECT_EQ(limit_of(text, options, "{SMARTSWITCH_TEST_LIMIT: 33}"), "33");
  EXPECT_EQ(limit_of(text, options), "44");
  unsetenv("SMARTSWITCH_TEST_LIMIT");
}

TEST(Variables, InsideATextAndInEachOther) {
  EXPECT_EQ(limit_of("\"${A}${B:-3}\"", only({{"A", "1"}})), "13");
  EXPECT_EQ(limit_of("\"${B}\"", only(), "{A: 1, B: \"${A}2\"}"), "12");
}

TEST(Variables, EmptyDefaultIsAValue) {
  const Plan plan =
      plan_of("smartswitch: 1\nports: {p: 'net_tap0${ARGS:-}'}\nelements: {rx: TestSource, s: TestSink}\nconnections: [rx -> s]\n");
  EXPECT_EQ(plan.ports.at(0).device, "net_tap0");
}

TEST(Variables, DollarsOfOtherKinds) {
  const Plan plan =
      plan_of("smartswitch: 1\nports: {p: 'a$$b$c$${X}$'}\nelements: {rx: TestSource, s: TestSink}\nconnections: [rx -> s]\n");
  EXPECT_EQ(plan.ports.at(0).device, "a$b$c${X}$");
}

TEST(Variables, InConnections) {
  const Plan plan = plan_of(
      "smartswitch: 1\nvariables: {TO: s}\nelements: {rx: TestSource, s: TestSink, f: TestFilter}\nconnections:\n  - rx -> f -> ${TO}\n  - "
      "f.rest -> ${TO}\n");
  EXPECT_THAT(spoken_connections(plan), ElementsAre("rx.out > f.in", "f.out > s.in", "f.rest > s.in"));
}

TEST(Variables, OneOfTheCommandLineThatTheFileDoesNotKnow) {
  const Loaded loaded =
      load_text("smartswitch: 1\nvariables: {LIMIT: 5}\nelements: {rx: TestSource, s: TestSink}\nconnections: [rx -> s]\n", "test.yaml",
                only({{"LIMTI", "6"}}));
  EXPECT_EQ(messages(loaded),
            "test.yaml: error: `LIMTI` is set, but the configuration has no such variable\n  hint: did you mean `LIMIT`?\n");
}

TEST(Variables, CannotGrowWithoutEnd) {
  std::string text = "smartswitch: 1\nvariables:\n  V0: aaaaaaaaaa\n";
  for (int i = 1; i < 60; ++i) text += fmt::format("  V{}: ${{V{}}}${{V{}}}\n", i, i - 1, i - 1);
  EXPECT_THAT(messages(load_text(text, "test.yaml", only())), HasSubstr("this text is longer than 64 KiB"));
}

TEST(Variables, TemplatesCannotGrowWithoutEnd) {
  std::string text = "smartswitch: 1\ntemplates:\n  T0: {elements: {f: TestFilter}, connections: [input -> f -> output]}\n";
  for (int i = 1; i < 25; ++i) {
    text += fmt::format("  T{0}: {{elements: {{a: T{1}, b: T{1}, c: T{1}}}, connections: [input -> a -> b -> c -> output]}}\n", i, i - 1);
  }
  text += "elements: {rx: TestSource, t: T24, s: TestSink}\nconnections: [rx -> t -> s]\n";
  EXPECT_THAT(messages(load_text(text, "test.yaml", only())), HasSubstr("more than 20000 elements"));
}

TEST(Variables, TemplatesCannotNestWithoutEnd) {
  std::string text = "smartswitch: 1\ntemplates:\n  T0: {elements: {f: TestFilter}, connections: [input -> f -> output]}\n";
  for (int i = 1; i < 2000; ++i) {
    text += fmt::format("  T{}: {{elements: {{a: T{}}}, connections: [input -> a -> output]}}\n", i, i - 1);
  }
  text += "elements: {rx: TestSource, t: T1999, s: TestSink}\nconnections: [rx -> t -> s]\n";
  EXPECT_THAT(messages(load_text(text, "test.yaml", only())), HasSubstr("nested more than 32 deep"));
}

}  // namespace
}  // namespace smartswitch::graph
