// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/encode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace smartswitch::runtime::control {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Response hello() {
  Response response;
  response.body = "hello";
  response.headers.emplace_back("X-Own", "1");
  return response;
}

TEST(Encode, FramesByLength) {
  EXPECT_THAT(
      encode(hello(), Framing::kLength, true),
      AllOf(StartsWith("HTTP/1.1 200 OK\r\nDate: "), HasSubstr(" GMT\r\n"), HasSubstr("\r\nContent-Length: 5\r\n"),
            HasSubstr("\r\nX-Own: 1\r\n"), HasSubstr("\r\nCache-Control: no-store\r\n"), EndsWith("Connection: keep-alive\r\n\r\nhello")));
  EXPECT_THAT(encode(hello(), Framing::kHead, false), AllOf(HasSubstr("Content-Length: 5"), EndsWith("Connection: close\r\n\r\n")));
}

TEST(Encode, FramesStreams) {
  EXPECT_THAT(encode(hello(), Framing::kChunks, false), AllOf(HasSubstr("Transfer-Encoding: chunked"), Not(HasSubstr("Content-Length"))));
  EXPECT_THAT(encode(hello(), Framing::kClose, false), AllOf(Not(HasSubstr("Transfer-Encoding")), Not(HasSubstr("Content-Length"))));
  EXPECT_EQ(chunk("0123456789abcdef!"), "11\r\n0123456789abcdef!\r\n");
}

TEST(Encode, LeavesCachingToTheAnswer) {
  Response page = hello();
  page.headers.emplace_back("Cache-Control", "max-age=60");
  EXPECT_THAT(encode(page, Framing::kLength, true), Not(HasSubstr("no-store")));
}

}  // namespace
}  // namespace smartswitch::runtime::control
