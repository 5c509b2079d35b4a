// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/take_in.h"

#include <gtest/gtest.h>

namespace smartswitch::runtime::control {
namespace {

namespace http = boost::beast::http;

constexpr std::string_view kHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST(TakeIn, StopsBehindTheHead) {
  http::response_parser<http::string_body> parser;
  std::string pending = std::string(kHead) + "3\r\nabc\r\n0\r\n\r\nmore";
  EXPECT_FALSE(take_in(parser, pending));
  EXPECT_TRUE(parser.is_header_done());
  EXPECT_EQ(parser.get().body(), "");
  EXPECT_FALSE(take_in(parser, pending));
  EXPECT_TRUE(parser.is_done());
  EXPECT_EQ(parser.get().body(), "abc");
  EXPECT_EQ(pending, "more");
}

// The shortest end of chunks, in all pieces that a stream can make of it.
TEST(TakeIn, WaitsForAllOfAnEnd) {
  const std::string text = std::string(kHead) + "0\r\n\r\n";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    http::response_parser<http::string_body> parser;
    std::string pending;
    for (std::size_t at = 0; at < text.size(); at += piece) {
      pending += text.substr(at, piece);
      boost::beast::error_code error;
      while (!error && !pending.empty() && !parser.is_done()) error = take_in(parser, pending);
      EXPECT_TRUE(!error || error == http::error::need_more) << error.message();
    }
    EXPECT_TRUE(parser.is_done()) << piece;
  }
}

}  // namespace
}  // namespace smartswitch::runtime::control
