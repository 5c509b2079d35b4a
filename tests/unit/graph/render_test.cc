// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "tests/unit/graph/load_helper.h"

namespace smartswitch::graph {
namespace {

TEST(Render, PlaceLineCaretAndHint) {
  EXPECT_EQ(render({{{"f.yaml", 3, 5}, "wrong", "do this"}, "  x: y"}, false),
            "f.yaml:3:5: error: wrong\n  x: y\n    ^\n  hint: do this\n");
  EXPECT_EQ(render({{{"f.yaml", 0, 0}, "wrong", ""}, ""}, false), "f.yaml: error: wrong\n");
  EXPECT_EQ(render({{{}, "wrong", ""}, ""}, false), "error: wrong\n");
}

TEST(Render, TheCaretCountsCharactersNotBytes) {
  EXPECT_EQ(render({{{"f", 1, 6}, "m", ""}, "\tä: x"}, false), "f:1:6: error: m\n ä: x\n    ^\n");
}

TEST(Render, Colour) {
  EXPECT_EQ(render({{{"f", 1, 1}, "wrong", ""}, "x"}, true),
            "\033[1mf:1:1: \033[0m\033[1;31merror:\033[0m \033[1mwrong\033[0m\nx\n\033[1;32m^\033[0m\n");
}

TEST(Render, NothingFromTheFileReachesTheTerminalAsACommand) {
  const std::string text = render({{{"f", 1, 1}, "bad `\033[2J\nx`", ""}, "\033]0;x\007"}, false);
  EXPECT_EQ(text, "f:1:1: error: bad `\\x1b[2J\\nx`\n\\x1b]0;x\\x07\n^\n");
}

TEST(Render, LongTextsAreCut) {
  const std::string text = render({{{"f", 1, 1}, std::string(100'000, 'x'), ""}, std::string(100'000, 'y')}, false);
  EXPECT_LT(text.size(), 1000U);
}

}  // namespace
}  // namespace smartswitch::graph
