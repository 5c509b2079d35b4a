// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "graph/yaml_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/unit/graph/load_helper.h"

namespace smartswitch::graph {
namespace {

using ::testing::HasSubstr;

Value read(const std::string& text) {
  Report report;
  const auto value = read_yaml(text, "f", report);
  EXPECT_TRUE(value) << text;
  EXPECT_TRUE(report.empty());
  return value.value_or(Value());
}

TEST(YamlReader, KeepsKindsTextsAndPlaces) {
  const Value root = read("a: 02:00:00:00:01:01\nb:\n  - 'x: y'\n  - {c: ~, d: 007}\ne:\n");
  ASSERT_TRUE(root.is_map());
  EXPECT_EQ(root.find("a")->text(), "02:00:00:00:01:01");
  EXPECT_EQ(root.find("a")->where(), (Location{"f", 1, 4}));
  EXPECT_EQ(root.members()[1].where, (Location{"f", 2, 1}));
  ASSERT_TRUE(root.find("b")->is_list());
  EXPECT_EQ(root.find("b")->items()[0].text(), "x: y");
  const Value& map = root.find("b")->items()[1];
  EXPECT_TRUE(map.find("c")->is_null());
  EXPECT_EQ(map.find("d")->text(), "007");
  EXPECT_EQ(map.where(), (Location{"f", 4, 5}));
  EXPECT_TRUE(root.find("e")->is_null());
  EXPECT_EQ(root.find("e")->where(), (Location{"f", 5, 1}));
}

TEST(YamlReader, WindowsLinesAndByteOrderMark) {
  const Loaded loaded = load_text("\xEF\xBB\xBFsmartswitch: 1\r\nelements:\r\n  rx: TestSorce\r\n", "f", only());
  EXPECT_EQ(messages(loaded), "f:3:7: error: unknown class `TestSorce`\n  rx: TestSorce\n      ^\n  hint: did you mean `TestSource`?\n");
}

TEST(YamlReader, TheFirstOfTwoValuesStays) {
  Report report;
  const auto value = read_yaml("a: 1\nb: 2\na: 3\n", "f", report);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->find("a")->text(), "1");
  EXPECT_EQ(value->members().size(), 2U);
  EXPECT_FALSE(report.empty());
}

TEST(YamlReader, HostileTexts) {
  const auto fault = [](const std::string& text) { return messages(load_text(text, "f", only())); };
  EXPECT_THAT(fault(std::string(100'000, '[')), HasSubstr("error"));
  EXPECT_THAT(fault(std::string(100'000, '{')), HasSubstr("error"));
  EXPECT_THAT(fault("a: " + std::string(5'000, '[') + std::string(5'000, ']')), HasSubstr("nested more than 64 deep"));
  std::string lists;
  for (int i = 0; i < 2'000; ++i) lists += "- ";
  EXPECT_THAT(fault(lists + "x"), HasSubstr("nested more than 64 deep"));
  std::string many = "smartswitch: 1\nelements: [";
  for (int i = 0; i < 260'000; ++i) many += "a,";
  EXPECT_THAT(fault(many + "]"), HasSubstr("more than 250000 values"));
  EXPECT_THAT(fault("a: &a [*a, *a]"), HasSubstr("anchors and aliases"));
  EXPECT_THAT(fault(std::string("a: \0b", 5)), HasSubstr("control character 0x00"));
  EXPECT_THAT(fault("\xFF\xFE"
                    "a\0:\0"),
              HasSubstr("error"));
  EXPECT_THAT(fault(std::string(17U << 20, ' ')), HasSubstr("larger than 16 MiB"));
  EXPECT_THAT(fault("? [a]\n: b"), HasSubstr("a key must be a text"));
  EXPECT_THAT(fault(": b"), HasSubstr("error"));
  EXPECT_THAT(fault("%YAML 9.0\n---\na: 1"), HasSubstr("error"));
  EXPECT_THAT(fault("a: 'x"), HasSubstr("a quote is not closed"));
}

TEST(YamlReader, RandomChangesOfARightFile) {
  const std::string right =
      "smartswitch: 1\nvariables: {A: 5}\nports:\n  p: {device: net_null0, rx_queues: 1}\nstate: {hot: TestState}\ntemplates:\n  T:\n    "
      "parameters: {x: ~}\n    elements: {f: {class: TestFilter, limit: \"${x}\"}}\n    connections: [input -> f -> output]\nelements:\n  "
      "rx: "
      "{class: TestPoll, port: p}\n  t: {class: T, x: '${A}'}\n  k: {class: TestKeyed, rules: {a: b}}\n  s: TestSink\nconnections:\n  - rx "
      "-> t "
      "-> k -> s\n  - k.other -> s\nworkers:\n  - {cores: [1], run: [rx]}\n";
  ASSERT_TRUE(load_text(right, "f", only()).plan);
  std::mt19937 random(7);
  LoadOptions options = only();
  options.includes = false;
  for (int round = 0; round < 3000; ++round) {
    std::string text = right;
    for (unsigned changes = 1 + random() % 4; changes > 0; --changes) {
      const std::size_t at = random() % text.size();
      switch (random() % 4) {
        case 0:
          text.erase(at, 1 + random() % 8);
          break;
        case 1:
          text[at] = static_cast<char>(random());
          break;
        case 2:
          text.insert(at, text.substr(random() % text.size(), 1 + random() % 30));
          break;
        default:
          text.insert(at, 1, "{}[]:,-'\"\n \t$.>&*!|?#%@`"[random() % 24]);
          break;
      }
      if (text.empty()) break;
    }
    const Loaded loaded = load_text(text, "f", options);
    EXPECT_NE(loaded.plan.has_value(), !loaded.diagnostics.empty()) << text;
    for (const Diagnostic& diagnostic : loaded.diagnostics) EXPECT_FALSE(diagnostic.problem.message.empty());
  }
}

}  // namespace
}  // namespace smartswitch::graph
