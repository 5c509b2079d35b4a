// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Completion, in a real bash.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/runtime/command_fixture.h"

namespace smartswitch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::UnorderedElementsAre;

class CompletionTest : public CommandTest {
 protected:
  void SetUp() override {
    CommandTest::SetUp();
    const Result script = run("completion bash");
    ASSERT_EQ(script.exit_code, 0) << script.err;
    file("completion", script.out);
  }

  // What bash proposes for the last of `words` (in bash's own splitting: `=` is a word), with the folder of this test as its own.
  std::vector<std::string> propose(const std::string& words) {
    const std::string program = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "smartswitch";
    file("ask", "set -u\ncd " + folder_.string() + "\nsource ./completion\nCOMP_WORDS=(" + program + " " + words +
                    ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_smartswitch\nprintf '%s\\n' \"${COMPREPLY[@]-}\"\n");
    const std::string out = folder_ / "proposals";
    EXPECT_EQ(std::system(("bash " + (folder_ / "ask").string() + " >" + out + " 2>&1").c_str()), 0) << read(out);
    std::vector<std::string> lines;
    std::istringstream text(read(out));
    for (std::string line; std::getline(text, line);) {
      if (!line.empty()) lines.push_back(line);
    }
    return lines;
  }
};

TEST_F(CompletionTest, Verbs) {
  EXPECT_THAT(propose("''"), IsSupersetOf({"run", "check", "list", "describe", "completion"}));
  EXPECT_THAT(propose("de"), ElementsAre("describe"));
  EXPECT_THAT(propose("nonsense"), IsEmpty());
}

TEST_F(CompletionTest, OptionsOfTheVerb) {
  EXPECT_THAT(propose("run --j"), ElementsAre("--json"));
  EXPECT_THAT(propose("check --"), UnorderedElementsAre("--help", "--set", "--load"));
  EXPECT_THAT(propose("--v"), ElementsAre("--version"));
}

TEST_F(CompletionTest, ChoicesOfAnOption) {
  EXPECT_THAT(propose("run --huge-pages ''"), ElementsAre("auto", "yes", "no"));
  EXPECT_THAT(propose("run --huge-pages = y"), ElementsAre("yes"));
  EXPECT_THAT(propose("load --protocol t"), ElementsAre("tcp"));
  EXPECT_THAT(propose("list s"), ElementsAre("states"));
  EXPECT_THAT(propose("run --control ''"), ElementsAre("none")) << "PATH is no choice";
  EXPECT_THAT(propose("ctl P"), UnorderedElementsAre("POST", "PUT"));
  EXPECT_THAT(propose("completion ''"), ElementsAre("bash"));
}

TEST_F(CompletionTest, Files) {
  file("pipeline one.yaml", "");
  file("second.yaml", "");
  EXPECT_THAT(propose("run pi"), ElementsAre("pipeline one.yaml"));
  EXPECT_THAT(propose("run --json --for 1s s"), ElementsAre("second.yaml"));
  EXPECT_THAT(propose("graph x.yaml -o s"), ElementsAre("second.yaml"));
  EXPECT_THAT(propose("run --for s"), IsEmpty()) << "a duration is no file";
}

TEST_F(CompletionTest, Classes) {
  EXPECT_THAT(propose("describe Que"), ElementsAre("Queue"));
  EXPECT_THAT(propose("describe ''"), IsSupersetOf({"Queue", "KeyCache"}));
}

TEST_F(CompletionTest, VariablesOfTheFile) {
  file("my.yaml", "smartswitch: 1\nvariables:\n  # these\n  IFACE: eth1\n  RATE: 1k\nports: {p: {device: x}}\nelements:\n  NOT: Counter\n");
  EXPECT_THAT(propose("run my.yaml --set ''"), ElementsAre("IFACE=", "RATE="));
  EXPECT_THAT(propose("run my.yaml --set IFACE = eth2 --set R"), ElementsAre("RATE="));
  EXPECT_THAT(propose("run my.yaml --set RATE = ''"), IsEmpty());
  EXPECT_THAT(propose("run missing.yaml --set ''"), IsEmpty());
}

}  // namespace
}  // namespace smartswitch
