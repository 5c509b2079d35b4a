// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/intake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace smartswitch::runtime::control {
namespace {

using ::testing::HasSubstr;
using State = Intake::State;

Limits small() {
  Limits limits;
  limits.header = 512;
  limits.body = 64;
  return limits;
}

class IntakeTest : public ::testing::Test {
 protected:
  State feed(std::string_view bytes) {
    intake_.feed(bytes);
    return intake_.advance();
  }
  bool admitted_ = true;
  std::string authorization_;
  Intake intake_{small(), [this](std::string_view text) {
                   authorization_ = text;
                   return admitted_;
                 }};
};

TEST_F(IntakeTest, TakesARequestByteByByte) {
  const std::string text = "PUT /v1/x?y=1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer t\r\nContent-Length: 5\r\n\r\nhello";
  for (std::size_t i = 0; i + 1 < text.size(); ++i) ASSERT_EQ(feed(text.substr(i, 1)), State::kMore) << i;
  ASSERT_EQ(feed("o"), State::kComplete);
  const Incoming incoming = intake_.take();
  EXPECT_EQ(incoming.request.method, "PUT");
  EXPECT_EQ(incoming.target, "/v1/x?y=1");
  EXPECT_EQ(incoming.request.body, "hello");
  EXPECT_EQ(incoming.request.headers.at("host"), "a");
  EXPECT_TRUE(incoming.keep_alive);
  EXPECT_TRUE(incoming.has_token);
  EXPECT_EQ(authorization_, "Bearer t");
  EXPECT_FALSE(intake_.begun());
}

TEST_F(IntakeTest, TakesOneOfSeveral) {
  ASSERT_EQ(feed("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.0\r\n\r\nGET /3"), State::kComplete);
  EXPECT_EQ(intake_.take().target, "/1");
  EXPECT_TRUE(intake_.begun());
  ASSERT_EQ(intake_.advance(), State::kComplete);
  const Incoming second = intake_.take();
  EXPECT_EQ(second.target, "/2");
  EXPECT_FALSE(second.keep_alive);
  EXPECT_FALSE(second.chunks_allowed);
  EXPECT_EQ(intake_.advance(), State::kMore);
}

TEST_F(IntakeTest, TakesChunks) {
  ASSERT_EQ(feed("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), State::kComplete);
  EXPECT_EQ(intake_.take().request.body, "abcde");
}

// A body of one chunk at least, and one of none, which ends with the shortest text that a parser of chunks can be given.
TEST(IntakeChunks, AreTakenHoweverTheyAreCut) {
  for (const std::string body : {"abcde", ""}) {
    const std::string chunks = body.empty() ? "0\r\n\r\n" : "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nA: b\r\n\r\n";
    const std::string text = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks;
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
      Intake intake(small(), [](std::string_view) { return true; });
      State state = State::kMore;
      for (std::string_view rest = text; !rest.empty(); rest.remove_prefix(std::min(piece, rest.size()))) {
        ASSERT_EQ(state, State::kMore) << piece;
        intake.feed(rest.substr(0, piece));
        state = intake.advance();
      }
      ASSERT_EQ(state, State::kComplete) << piece;
      EXPECT_EQ(intake.take().request.body, body) << piece;
    }
  }
}

TEST_F(IntakeTest, TakesMoreThanOneRequestBehindChunks) {
  ASSERT_EQ(feed("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /2 HTTP/1.1\r\n\r\n"), State::kComplete);
  EXPECT_EQ(intake_.take().request.method, "POST");
  ASSERT_EQ(intake_.advance(), State::kComplete);
  EXPECT_EQ(intake_.take().target, "/2");
}

// What stands between chunks and behind them is not the body, and has no end of its own.
TEST_F(IntakeTest, RefusesEndlessExtensionsAndTrailers) {
  for (const std::string start : {"1;", "0\r\n"}) {
    Intake intake(small(), [](std::string_view) { return true; });
    intake.feed("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + start);
    State state = State::kMore;
    int fed = 0;
    for (; state == State::kMore && fed < 1000; ++fed) {
      intake.feed(start == "1;" ? "a" : "A: b\r\n");
      state = intake.advance();
    }
    ASSERT_EQ(state, State::kFault) << start;
    EXPECT_EQ(intake.fault().status, 431U) << start;
  }
}

TEST_F(IntakeTest, SaysThatItWaits) {
  EXPECT_EQ(feed("PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"), State::kContinue);
  EXPECT_EQ(intake_.advance(), State::kMore);
  EXPECT_EQ(feed("ab"), State::kComplete);
}

TEST_F(IntakeTest, RefusesWhatIsTooLarge) {
  EXPECT_EQ(feed("PUT / HTTP/1.1\r\nContent-Length: 65\r\n\r\n"), State::kFault);
  EXPECT_EQ(intake_.fault().status, 413U);
}

TEST_F(IntakeTest, RefusesChunksThatAreTooMany) {
  std::string text = "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 9; ++i) text += "8\r\n12345678\r\n";
  EXPECT_EQ(feed(text), State::kFault);
  EXPECT_EQ(intake_.fault().status, 413U);
}

TEST_F(IntakeTest, RefusesLongHeaders) {
  EXPECT_EQ(feed("GET /" + std::string(600, 'x')), State::kFault);
  EXPECT_EQ(intake_.fault().status, 431U);
}

// However they are cut into pieces.
TEST(IntakeBound, CountsHeadersTogether) {
  std::string text = "GET / HTTP/1.1\r\n";
  while (text.size() < 513) text += "A: b\r\n";
  for (const std::string& end : {std::string(), std::string("\r\n")}) {
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
      Intake intake(small(), [](std::string_view) { return true; });
      State state = State::kMore;
      std::string_view rest = text;
      for (; !rest.empty() && state == State::kMore; rest.remove_prefix(std::min(piece, rest.size()))) {
        intake.feed(rest.substr(0, piece));
        state = intake.advance();
      }
      intake.feed(end);
      if (state == State::kMore) state = intake.advance();
      ASSERT_EQ(state, State::kFault) << piece;
      EXPECT_EQ(intake.fault().status, 431U);
    }
  }
}

TEST_F(IntakeTest, RefusesABodyOfAStranger) {
  admitted_ = false;
  EXPECT_EQ(feed("PUT / HTTP/1.1\r\nContent-Length: 5\r\n\r\n"), State::kFault);
  EXPECT_EQ(intake_.fault().status, 401U);
}

TEST_F(IntakeTest, LetsAStrangerAskWithoutABody) {
  admitted_ = false;
  ASSERT_EQ(feed("GET /v1/health HTTP/1.1\r\n\r\n"), State::kComplete);
  EXPECT_FALSE(intake_.take().has_token);
}

class NoHttp : public ::testing::TestWithParam<const char*> {};

TEST_P(NoHttp, IsRefused) {
  Intake intake(small(), [](std::string_view) { return true; });
  intake.feed(GetParam());
  ASSERT_EQ(intake.advance(), State::kFault);
  EXPECT_EQ(intake.fault().status, 400U);
  EXPECT_THAT(intake.fault().body, HasSubstr("no HTTP/1.1 request"));
}

INSTANTIATE_TEST_SUITE_P(Intake, NoHttp,
                         ::testing::Values("hello\r\n\r\n", "GET / HTTP/3.0\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n",
                                           "GET / HTTP/1.1\r\nBad Name: x\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
                                           "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                                           "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                                           "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab", "\x16\x03\x01\x02\r\n\r\n"));

}  // namespace
}  // namespace smartswitch::runtime::control
