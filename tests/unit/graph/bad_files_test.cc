// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Every wrong file in bad/ has the messages that it must get beside it. To see what a file gets: `smartswitch check`, or this test's
// output.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "graph/load.h"

namespace smartswitch::graph {
namespace {

const std::filesystem::path kFolder = std::filesystem::path(SMARTSWITCH_SOURCE_DIR) / "tests/unit/graph/bad";

std::vector<std::string> wrong_files() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string contents(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path << " is missing";
  return {std::istreambuf_iterator<char>(in), {}};
}

class BadFile : public ::testing::TestWithParam<std::string> {};

TEST_P(BadFile, GetsItsMessages) {
  // The files are named as a person who works in their folder would.
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(kFolder);
  LoadOptions options;
  options.use_environment = false;
  const Loaded loaded = load_file(GetParam() + ".yaml", options);
  std::filesystem::current_path(before);

  std::string messages;
  for (const Diagnostic& diagnostic : loaded.diagnostics) messages += render(diagnostic, false);
  EXPECT_EQ(messages, contents(kFolder / (GetParam() + ".txt")));
  EXPECT_FALSE(loaded.plan);
}

INSTANTIATE_TEST_SUITE_P(Graph, BadFile, ::testing::ValuesIn(wrong_files()), [](const auto& test) { return test.param; });

TEST(BadFiles, EveryMessageFileHasItsConfiguration) {
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    std::filesystem::path path = entry.path();
    if (path.extension() != ".txt") continue;
    EXPECT_TRUE(std::filesystem::exists(path.replace_extension(".yaml"))) << entry.path();
  }
}

}  // namespace
}  // namespace smartswitch::graph
