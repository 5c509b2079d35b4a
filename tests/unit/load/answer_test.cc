// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/load/answer.h"

#include <gtest/gtest.h>

#include <string>

namespace smartswitch::load {
namespace {

constexpr std::string_view kHitText = "VALUE key1 0 5\r\nhello\r\nEND\r\n";

TEST(Answer, ReadsAHit) {
  const Answer answer = parse_answer(kHitText);
  EXPECT_EQ(answer.kind, AnswerKind::kHit);
  EXPECT_EQ(answer.key, "key1");
  EXPECT_EQ(answer.value, "hello");
  EXPECT_EQ(parse_answer("VALUE k 0 7 99\r\n\r\nEND\r\n\r\nEND\r\n").value, "\r\nEND\r\n");
}

TEST(Answer, TellsLines) {
  EXPECT_EQ(parse_answer("END\r\n").kind, AnswerKind::kMiss);
  EXPECT_EQ(parse_answer("STORED\r\n").kind, AnswerKind::kStored);
  EXPECT_EQ(parse_answer("NOT_STORED\r\n").kind, AnswerKind::kNotStored);
  for (const char* text : {"ERROR\r\n", "CLIENT_ERROR bad\r\n", "SERVER_ERROR out of memory\r\n"}) {
    EXPECT_EQ(parse_answer(text).kind, AnswerKind::kError) << text;
  }
}

TEST(Answer, TakesNothingElse) {
  for (const char* text : {"", "END", "END\r\nEND\r\n", "STORED\r\nx", "ERROR\r\nERROR\r\n", "VALUE key1 0 5\r\nhello\r\n",
                           "VALUE key1 0 5\r\nhello\r\nEND\r\nx", "VALUE key1 0 4\r\nhello\r\nEND\r\n", "VALUE key1 0 5\r\nhelloxxEND\r\n",
                           "VALUE key1 0\r\n", "VALUE key1 0 -1\r\nEND\r\n", "VALUE  0 5\r\nhello\r\nEND\r\n",
                           "VALUE key1 0 5x\r\nhello\r\nEND\r\n", "VALUE key1 0 99999999999999999999\r\n", "VALUE "}) {
    EXPECT_EQ(parse_answer(text).kind, AnswerKind::kMalformed) << text;
  }
}

TEST(Answer, LengthIsKnownAsSoonAsItCanBe) {
  const std::string stream = std::string(kHitText) + "STORED\r\n";
  EXPECT_EQ(answer_length(stream), kHitText.size());
  EXPECT_EQ(answer_length(kHitText.substr(0, 16)), kHitText.size());
  EXPECT_EQ(answer_length(kHitText.substr(0, 15)), 0U);
  EXPECT_EQ(answer_length("STORED\r\nEND\r\n"), 8U);
  EXPECT_EQ(answer_length("STORED\r"), 0U);
  EXPECT_EQ(answer_length(""), 0U);
}

}  // namespace
}  // namespace smartswitch::load
