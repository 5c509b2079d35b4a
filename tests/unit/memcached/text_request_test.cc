// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "elements/memcached/request.h"

namespace smartswitch::memcached {
namespace {

TEST(ParseRequest, ReadsAGetOfOneKey) {
  const Request r = parse_request("get greeting\r\n");
  EXPECT_EQ(r.verb, Verb::kGet);
  EXPECT_EQ(r.status, Status::kWhole);
  EXPECT_EQ(r.key, "greeting");
  EXPECT_EQ(r.keys, 1U);
}

TEST(ParseRequest, ReadsKeysOfEveryLength) {
  for (std::size_t length = 1; length <= kLongestKey + 1; ++length) {
    const std::string key(length, 'k');
    const std::string text = "get " + key + "\r\n";
    const Request r = parse_request(text);
    EXPECT_EQ(r.status, length <= kLongestKey ? Status::kWhole : Status::kBadLine) << length;
    EXPECT_EQ(r.key, key) << length;
  }
}

TEST(ParseRequest, TakesHighBytesAsPartsOfAKey) { EXPECT_EQ(parse_request("get \xC3\xA4\xFF\r\n").key, "\xC3\xA4\xFF"); }

TEST(ParseRequest, TakesControlCharactersInAKeyAsMemcachedDoes) {
  EXPECT_EQ(parse_request("get a\tb\r\n").key, "a\tb");
  EXPECT_EQ(parse_request("set a\x7f 0 0 1\r\nx\r\n").status, Status::kWhole);
  EXPECT_EQ(parse_request(std::string_view("get a\0b\r\n", 9)).status, Status::kBadLine) << "memcached stops reading there";
}

TEST(ParseRequest, TrustsNoLineWithANul) {
  // memcached does a flush_all, and sets without an answer.
  for (const std::string& text : {std::string("flush_all\0x\r\n", 13), std::string("set k 0 0 1 noreply\0x\r\nx\r\n", 26)}) {
    const Request r = parse_request(text);
    EXPECT_EQ(r.status, Status::kBadLine) << text;
    EXPECT_TRUE(r.writes) << text;
  }
  EXPECT_EQ(parse_request(std::string_view("set k 0 0 1\r\n\0\r\n", 16)).status, Status::kWhole) << "in data it is like any other byte";
}

TEST(ParseRequest, CountsTheKeysOfAGet) {
  const Request r = parse_request("gets  a bb  ccc \r\n");
  EXPECT_EQ(r.verb, Verb::kGets);
  EXPECT_EQ(r.status, Status::kWhole);
  EXPECT_EQ(r.keys, 3U);
  EXPECT_EQ(r.key, "a");
  std::string_view more = r.more_keys;
  EXPECT_EQ(next_key(more), "bb");
  EXPECT_EQ(next_key(more), "ccc");
  EXPECT_EQ(next_key(more), "");
}

TEST(ParseRequest, AcceptsALineThatEndsWithALineFeedAlone) {
  EXPECT_EQ(parse_request("get a\n").key, "a");
  EXPECT_EQ(parse_request("get a\n").status, Status::kWhole);
}

TEST(ParseRequest, ReadsStorageCommands) {
  for (const auto& [text, verb] :
       std::initializer_list<std::pair<std::string_view, Verb>>{{"set k 1 60 5\r\nhello\r\n", Verb::kSet},
                                                                {"add k 1 60 5\r\nhello\r\n", Verb::kAdd},
                                                                {"replace k 1 60 5\r\nhello\r\n", Verb::kReplace},
                                                                {"append k 1 60 5\r\nhello\r\n", Verb::kAppend},
                                                                {"prepend k 1 60 5\r\nhello\r\n", Verb::kPrepend},
                                                                {"cas k 1 60 5 77\r\nhello\r\n", Verb::kCas}}) {
    const Request r = parse_request(text);
    EXPECT_EQ(r.verb, verb) << text;
    EXPECT_EQ(r.status, Status::kWhole) << text;
    EXPECT_EQ(r.key, "k") << text;
    EXPECT_EQ(r.expiry, 60) << text;
    EXPECT_FALSE(r.quiet) << text;
    EXPECT_TRUE(r.writes) << text;
  }
}

TEST(ParseRequest, SeesNoreply) {
  EXPECT_TRUE(parse_request("set k 0 0 1 noreply\r\nx\r\n").quiet);
  EXPECT_TRUE(parse_request("cas k 0 0 1 5 noreply\r\nx\r\n").quiet);
  EXPECT_TRUE(parse_request("delete k noreply\r\n").quiet);
  EXPECT_TRUE(parse_request("incr k 1 noreply\r\n").quiet);
  EXPECT_TRUE(parse_request("flush_all noreply\r\n").quiet);
  EXPECT_TRUE(parse_request("ms k 1 q\r\nx\r\n").quiet);
  EXPECT_FALSE(parse_request("delete noreply\r\n").quiet) << "here it is the key";
}

TEST(ParseRequest, TellsAnIncompleteSet) {
  const std::string whole = "set k 0 0 5\r\nhello\r\n";
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_EQ(parse_request(whole.substr(0, length)).status, Status::kIncomplete) << length;
  }
}

TEST(ParseRequest, SaysHowMuchDataIsToCome) {
  const Request r = parse_request("set k 0 0 1000000\r\nhel");
  EXPECT_EQ(r.status, Status::kIncomplete);
  EXPECT_EQ(r.verb, Verb::kSet);
  EXPECT_EQ(r.key, "k");
  EXPECT_EQ(r.head, 19U);
  EXPECT_EQ(r.body, 1000002U);
  EXPECT_EQ(r.value_size(), 1000000U);
  EXPECT_EQ(parse_request("set k 0 0 10").head, 0U) << "the line is not over";
}

TEST(ParseRequest, RefusesDataThatIsLongerThanAnnounced) { EXPECT_EQ(parse_request("set k 0 0 2\r\nhello\r\n").status, Status::kBadData); }

TEST(ParseRequest, RefusesLinesAfterWhichMemcachedTakesDataForCommands) {
  for (const std::string_view text :
       {"set k 0 0 -1\r\nx\r\n", "set k 0 0 99999999999999999999\r\nx\r\n", "set k 0 0 1x\r\nx\r\n", "set k x 0 1\r\nx\r\n",
        "set k 0 x 1\r\nx\r\n", "set k 0 0 1 nonsense\r\nx\r\n", "ms k\r\nx\r\n", "ms k S1\r\nx\r\n"}) {
    EXPECT_EQ(parse_request(text).status, Status::kBadLine) << text;
    EXPECT_TRUE(parse_request(text).writes) << text;
  }
  EXPECT_EQ(parse_request("set k 0 0 1 noreply more\r\nx\r\n").status, Status::kNoCommand);
  EXPECT_EQ(parse_request("set k 0 0\r\nx\r\n").status, Status::kNoCommand);
  std::string words;
  for (int i = 0; i < 30; ++i) words += " 1";
  EXPECT_EQ(parse_request("set" + words + "\r\n").status, Status::kNoCommand);
  EXPECT_EQ(parse_request("delete" + words + "\r\n").status, Status::kNoCommand);
  EXPECT_EQ(parse_request("mg" + words + "\r\n").status, Status::kBadLine);
  EXPECT_EQ(parse_request("set k 0 +5 +1\r\nx\r\n").status, Status::kWhole) << "strtol() takes a plus";
}

TEST(ParseRequest, FindsWhatLiesBehindACommand) {
  const std::string_view text = "set k 0 0 1\r\nx\r\ndelete j\r\n";
  const Request first = parse_request(text);
  EXPECT_EQ(first.status, Status::kMoreBehind);
  const Request second = parse_request(text.substr(first.size()));
  EXPECT_EQ(second.verb, Verb::kDelete);
  EXPECT_EQ(second.key, "j");
  EXPECT_EQ(second.status, Status::kWhole);
}

TEST(ParseRequest, FindsWhatLiesBehindAGetThatIsWrong) {
  for (const std::string& wrong : {"get " + std::string(251, 'k') + "\r\n", std::string("get\r\n"), std::string("mg\r\n")}) {
    const std::string text = wrong + "set k 0 0 1\r\nx\r\n";
    const Request first = parse_request(text);
    EXPECT_EQ(first.status, Status::kMoreBehind) << wrong;
    EXPECT_EQ(first.size(), wrong.size());
    EXPECT_EQ(parse_request(wrong).status, Status::kBadLine) << "with nothing behind it";
  }
}

TEST(ParseRequest, ReadsTouchAndGat) {
  EXPECT_EQ(parse_request("touch k 30\r\n").expiry, 30);
  const Request gat = parse_request("gat 30 a b\r\n");
  EXPECT_EQ(gat.verb, Verb::kGat);
  EXPECT_EQ(gat.expiry, 30);
  EXPECT_EQ(gat.keys, 2U);
  EXPECT_EQ(gat.key, "a");
  EXPECT_TRUE(gat.writes);
  EXPECT_EQ(parse_request("gat 30\r\n").status, Status::kBadLine);
}

TEST(ParseRequest, ReadsMetaCommands) {
  EXPECT_EQ(parse_request("mg k v\r\n").key, "k");
  EXPECT_EQ(parse_request("mg k v T60\r\n").expiry, 60);
  EXPECT_EQ(parse_request("ms k 5 T9\r\nhello\r\n").status, Status::kWhole);
  EXPECT_EQ(parse_request("ms k 5 T9\r\nhel").status, Status::kIncomplete);
  EXPECT_EQ(parse_request("md k\r\n").verb, Verb::kMetaDelete);
  EXPECT_EQ(parse_request("ma k\r\n").verb, Verb::kMetaArithmetic);
  EXPECT_EQ(parse_request("mn\r\n").verb, Verb::kNoop);
  EXPECT_EQ(parse_request("me k\r\n").key, "k");
  EXPECT_TRUE(parse_request("md k I T30\r\n").stale);
  EXPECT_FALSE(parse_request("ms k 1 I\r\nx\r\n").stale) << "there it compares versions";
}

TEST(ParseRequest, TellsMetaGetsThatWriteFromThoseThatOnlyRead) {
  for (const std::string_view reads : {"mg k\r\n", "mg k v\r\n", "mg k s v t h l f c q k O12\r\n"})
    EXPECT_FALSE(parse_request(reads).writes) << reads;
  for (const std::string_view writes : {"mg k T30\r\n", "mg k v N30\r\n", "mg k v R30\r\n", "mg k E99 v\r\n"}) {
    EXPECT_TRUE(parse_request(writes).writes) << writes;
  }
}

TEST(ParseRequest, ReadsKeysInBase64) {
  KeyBuffer buffer;
  for (const auto& [text, name] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"mg Zm9v b v\r\n", "foo"}, {"md Zm8= q b\r\n", "fo"}, {"ms ZiBv 1 b\r\nx\r\n", "f o"}, {"ma Zg== b\r\n", "f"}}) {
    const Request r = parse_request(text);
    EXPECT_EQ(r.status, Status::kWhole) << text;
    EXPECT_TRUE(r.encoded_key) << text;
    EXPECT_EQ(item_key(r, buffer), name) << text;
  }
  for (const std::string_view text : {"mg Zm9 b\r\n", "mg Zm9%% b\r\n", "mg ==== b\r\n"}) {
    EXPECT_EQ(parse_request(text).status, Status::kBadLine) << text;
  }
}

TEST(ParseRequest, ReadsCommandsWithoutAKey) {
  EXPECT_EQ(parse_request("version\r\n").verb, Verb::kVersion);
  EXPECT_EQ(parse_request("flush_all 10\r\n").expiry, 10);
  EXPECT_TRUE(parse_request("flush_all\r\n").writes);
  EXPECT_EQ(parse_request("frobnicate a\r\n").verb, Verb::kUnknown);
  EXPECT_EQ(parse_request("\r\n").verb, Verb::kUnknown);
}

// Any bytes: nothing is read outside (AddressSanitizer sees to that), and what is pointed to lies inside.
TEST(ParseRequest, SurvivesRandomBytes) {
  std::mt19937 random(1);
  const std::string_view words[] = {"get ", "set ", "gat ", "ms ",     "mg ", "k ",   "0 ", "5 ",
                                    "\r\n", "\n",   "x",    "noreply", "-1 ", "\x80", " "};
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (unsigned i = random() % 12; i > 0; --i) text += words[random() % std::size(words)];
    const std::string exact(text);  // its own allocation, of its exact size
    const Request r = parse_request(exact);
    if (!r.key.empty()) {
      ASSERT_GE(r.key.data(), exact.data());
      ASSERT_LE(r.key.data() + r.key.size(), exact.data() + exact.size());
    }
    if (r.status == Status::kMoreBehind) {
      ASSERT_GT(r.size(), 0U);
      ASSERT_LT(r.size(), exact.size());
    }
  }
}

TEST(KeyLength, AgreesWithAByteByByteScan) {
  std::mt19937 random(2);
  for (int round = 0; round < 5000; ++round) {
    std::string text(random() % 70, 'a');
    for (char& c : text) {
      if (random() % 16 == 0) c = static_cast<char>(random());
    }
    std::size_t expected = 0;
    while (expected < text.size() && static_cast<unsigned char>(text[expected]) > 0x20 && text[expected] != 0x7F) ++expected;
    EXPECT_EQ(key_length(text), expected);
  }
}

}  // namespace
}  // namespace smartswitch::memcached
