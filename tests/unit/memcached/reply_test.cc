// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/reply.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tests/unit/memcached/binary_messages.h"

namespace smartswitch::memcached {
namespace {

TEST(ParseReply, ReadsAValue) {
  const std::string_view text = "VALUE k 3 5\r\nhello\r\nEND\r\n";
  const Reply r = parse_reply(text);
  EXPECT_EQ(r.kind, ReplyKind::kValue);
  EXPECT_TRUE(r.whole);
  EXPECT_EQ(r.key, "k");
  EXPECT_EQ(r.data, "hello");
  EXPECT_EQ(r.client_flags, 3U);
  EXPECT_FALSE(r.has_cas);
  EXPECT_EQ(text.substr(r.size()), "END\r\n");
}

TEST(ParseReply, ReadsAValueWithItsVersion) {
  const Reply r = parse_reply("VALUE k 3 5 18446744073709551615\r\nhello\r\n");
  EXPECT_TRUE(r.has_cas);
  EXPECT_EQ(r.cas, 18446744073709551615ULL);
}

TEST(ParseReply, TakesValuesThatLookLikeProtocol) {
  const Reply r = parse_reply("VALUE k 0 11\r\na\r\nEND\r\nb\r\n\r\nEND\r\n");
  EXPECT_TRUE(r.whole);
  EXPECT_EQ(r.data, "a\r\nEND\r\nb\r\n");
  EXPECT_FALSE(parse_reply("VALUE k 0 12\r\na\r\nEND\r\nb\r\n\r\nEND\r\n").whole) << "11 bytes are there";
}

TEST(ParseReply, SaysHowMuchOfAValueIsToCome) {
  const Reply r = parse_reply("VALUE k 0 1000\r\nhel");
  EXPECT_EQ(r.kind, ReplyKind::kValue);
  EXPECT_FALSE(r.whole);
  EXPECT_EQ(r.data, "hel");
  EXPECT_EQ(r.head, 16U);
  EXPECT_EQ(r.body, 1002U);
}

TEST(ParseReply, TakesNothingElseForAValue) {
  for (const std::string_view text :
       {"", "VALUE k 3", "VALUE k 3\r\nhello\r\n", "VALUE \r\n", "VALUE k x 5\r\nhello\r\n", "VALUE k 0 x\r\nhello\r\n",
        "VALUE k 0 5 x\r\nhello\r\n", "VALUE k 0 5 1 1\r\nhello\r\n", "VA x\r\n", "VALUES k 0 1\r\nx\r\n"}) {
    EXPECT_EQ(parse_reply(text).kind, ReplyKind::kNone) << text;
    EXPECT_FALSE(parse_reply(text).whole) << text;
  }
}

TEST(ParseReply, TellsWhatBecameOfARequest) {
  for (const auto& [text, kind] :
       std::initializer_list<std::pair<std::string_view, ReplyKind>>{{"END\r\n", ReplyKind::kEnd},
                                                                     {"MN\r\n", ReplyKind::kEnd},
                                                                     {"STORED\r\n", ReplyKind::kDone},
                                                                     {"DELETED\r\n", ReplyKind::kDone},
                                                                     {"TOUCHED\r\n", ReplyKind::kDone},
                                                                     {"OK\r\n", ReplyKind::kDone},
                                                                     {"HD t60 O7\r\n", ReplyKind::kDone},
                                                                     {"15\r\n", ReplyKind::kDone},
                                                                     {"NOT_STORED\r\n", ReplyKind::kNotDone},
                                                                     {"EXISTS\r\n", ReplyKind::kNotDone},
                                                                     {"NS\r\n", ReplyKind::kNotDone},
                                                                     {"EX\r\n", ReplyKind::kNotDone},
                                                                     {"NOT_FOUND\r\n", ReplyKind::kNotFound},
                                                                     {"EN\r\n", ReplyKind::kNotFound},
                                                                     {"NF\r\n", ReplyKind::kNotFound},
                                                                     {"ERROR\r\n", ReplyKind::kError},
                                                                     {"CLIENT_ERROR bad data chunk\r\n", ReplyKind::kError},
                                                                     {"SERVER_ERROR object too large for cache\r\n", ReplyKind::kError},
                                                                     {"VERSION 1.6.18\r\n", ReplyKind::kInformation},
                                                                     {"STAT pid 1\r\n", ReplyKind::kInformation},
                                                                     {"ME k exp=-1\r\n", ReplyKind::kInformation},
                                                                     {"NONSENSE\r\n", ReplyKind::kNone},
                                                                     {"STORED", ReplyKind::kNone}}) {
    EXPECT_EQ(parse_reply(text).kind, kind) << text;
    if (kind != ReplyKind::kNone) {
      EXPECT_EQ(parse_reply(text).size(), text.size()) << text;
    }
  }
}

TEST(ParseReply, ReadsAMetaValueWithItsFlags) {
  const Reply r = parse_reply("VA 5 s5 t60 f7 c99 kfoo W\r\nhello\r\n");
  EXPECT_EQ(r.kind, ReplyKind::kValue);
  EXPECT_TRUE(r.whole);
  EXPECT_EQ(r.data, "hello");
  EXPECT_EQ(r.cas, 99U);
  EXPECT_TRUE(r.has_cas);
  EXPECT_EQ(r.client_flags, 7U);
  EXPECT_EQ(r.key, "foo");
  EXPECT_EQ(meta_flag(r.flags, 't'), "60");
  EXPECT_NE(meta_flag(r.flags, 'W').data(), nullptr) << "it is there, and empty";
  EXPECT_EQ(meta_flag(r.flags, 'Z').data(), nullptr);
}

TEST(ParseReply, ReadsBinaryReplies) {
  const Reply value = parse_reply(binary_reply(binary::kGetK, binary::kOk, std::string("\0\0\0\7", 4), "k", "hello", 99));
  EXPECT_EQ(value.kind, ReplyKind::kValue);
  EXPECT_EQ(value.protocol, Protocol::kBinary);
  EXPECT_TRUE(value.whole);
  EXPECT_EQ(value.data.size(), 5U);
  EXPECT_EQ(value.client_flags, 7U);
  EXPECT_EQ(value.cas, 99U);
  EXPECT_EQ(parse_reply(binary_reply(binary::kSet, binary::kOk, "", "", "", 1)).kind, ReplyKind::kDone);
  EXPECT_EQ(parse_reply(binary_reply(binary::kGet, binary::kKeyNotFound, "", "", "Not found")).kind, ReplyKind::kNotFound);
  EXPECT_EQ(parse_reply(binary_reply(binary::kSet, 2, "", "", "Data exists for key.")).kind, ReplyKind::kNotDone);
  EXPECT_EQ(parse_reply(binary_reply(binary::kSet, binary::kTooLarge, "", "", "Too large.")).kind, ReplyKind::kError);
  EXPECT_EQ(parse_reply(binary_reply(binary::kNoop, binary::kOk, "", "", "")).kind, ReplyKind::kEnd);
}

// Any bytes, at their exact size: AddressSanitizer sees to it that nothing is read outside.
TEST(ParseReply, SurvivesEveryCut) {
  const std::string whole[] = {"VALUE key 3 5 77\r\nhello\r\nEND\r\n", "VA 5 s5 t60 f7 c99 kfoo\r\nhello\r\n",
                               binary_reply(binary::kGetK, binary::kOk, std::string(4, '\0'), "key", "hello", 1)};
  for (const std::string& text : whole) {
    for (std::size_t length = 0; length < text.size(); ++length) {
      const std::string cut(text, 0, length);
      const Reply r = parse_reply(cut);
      ASSERT_LE(r.data.size(), cut.size());
      if (r.whole) {
        ASSERT_LE(r.size(), cut.size());
      }
    }
  }
}

}  // namespace
}  // namespace smartswitch::memcached
