// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <random>
#include <thread>

#include "elements/memcached/datagram.h"
#include "elements/memcached/join_table.h"
#include "elements/memcached/reply.h"
#include "tests/unit/memcached/binary_messages.h"
#include "tests/unit/memcached/requests.h"
#include "tests/unit/nasty_packets.h"

namespace smartswitch::memcached {
namespace {

using testing::Bytes;
using testing::ms;
using testing::PacketBuilder;
using testing::Seen;
using testing::TestBench;

class Splitting : public ::testing::Test {
 protected:
  Splitting() { make("64KiB"); }

  void make(const std::string& memory, const std::string& most_parts = "1000") {
    bench_.reset();
    joiner_.reset();
    table_ = testing::make_state("JoinTable", Value::map({{"memory", memory}, {"joins", "16"}, {"timeout", "1s"}}));
    TestBench::Options options;
    options.states["joins"] = table_.get();
    bench_ = std::make_unique<TestBench>("RequestSplitter", Value::map({{"joins", "joins"}, {"most_parts", most_parts}}), options);
    joiner_ = std::make_unique<TestBench>("ReplyJoiner", Value::map({{"joins", "joins"}}), options);
  }

  // The parts that a request becomes, in their order.
  std::vector<Seen> split(std::string_view text, std::uint16_t id = 1) {
    TestBench classifier("MemcachedClassifier");
    classifier.push({request(text, id)});
    for (const Seen& seen : classifier.take("several")) hand_over(*bench_, seen);
    std::vector<Seen> parts;
    for (const char* output : {"get", "write", "control"}) {
      for (Seen& seen : bench_->take(output)) parts.push_back(std::move(seen));
    }
    std::sort(parts.begin(), parts.end(), [](const Seen& a, const Seen& b) { return number(a).part < number(b).part; });
    return parts;
  }
  static PartNumber number(const Seen& part) { return PartNumber::from(Errand::from(part.annotations.context).number); }

  // As a ReplyReceiver would give it.
  void answer(const Seen& part, std::string_view text, std::uint16_t sequence = 0, bool last = true) {
    std::string payload = testing::memcached_frame(9, text);
    payload[3] = static_cast<char>(sequence);
    const Packet packet =
        joiner_->packet(PacketBuilder().ether(kClientMac, kServiceMac).ipv4("10.0.0.11", "10.0.0.99").udp(11211, 41000).payload(payload));
    packet.annotations().flags = last ? kOwn | kLast : kOwn;
    packet.annotations().context = part.annotations.context;
    Batch batch;
    batch.add(packet);
    joiner_->push(batch);
  }
  std::string reply_text() {
    std::string text;
    for (const Seen& seen : joiner_->take("out")) text += text_of(seen);
    return text;
  }

  std::unique_ptr<State> table_;
  std::unique_ptr<TestBench> bench_, joiner_;
};

TEST_F(Splitting, AsksEachKeyOnItsOwn) {
  const auto parts = split("get a bb ccc\r\n");
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(text_of(parts[0]), "get a\r\n");
  EXPECT_EQ(text_of(parts[1]), "get bb\r\n");
  EXPECT_EQ(text_of(parts[2]), "get ccc\r\n");
  for (const Seen& part : parts) {
    const Annotations& a = part.annotations;
    EXPECT_EQ(a.verb, static_cast<std::uint8_t>(Verb::kGet));
    EXPECT_EQ(a.flags, kOwn);
    EXPECT_EQ(Errand::from(a.context).purpose, Purpose::kPart);
  }
  EXPECT_EQ(parts[1].annotations.key_length, 2);
  EXPECT_EQ(
      std::string(parts[1].bytes.begin() + parts[1].annotations.key_offset, parts[1].bytes.begin() + parts[1].annotations.key_offset + 2),
      "bb");
  EXPECT_EQ(bench_->element().consumed(), 1U);
}

TEST_F(Splitting, JoinsTheRepliesInTheRequestsOrder) {
  const auto parts = split("get a b c\r\n", 77);
  answer(parts[2], value("c", "3"));
  answer(parts[0], value("a", "1"));
  EXPECT_TRUE(joiner_->output("out").empty());
  answer(parts[1], "END\r\n");
  const auto replies = joiner_->take("out");
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_EQ(text_of(replies[0]), "VALUE a 0 1\r\n1\r\nVALUE c 0 1\r\n3\r\nEND\r\n");
  EXPECT_TRUE(checksums_hold(replies[0].bytes));
  Bytes expected = PacketBuilder()
                       .ether(kServiceMac, kClientMac)
                       .ipv4(kService, kClient)
                       .udp(11211, 4000)
                       .payload(testing::memcached_frame(77, text_of(replies[0])));
  for (const std::size_t at : {18, 19, 20, 21, 24, 25}) expected[at] = replies[0].bytes[at];
  EXPECT_EQ(replies[0].bytes, expected);
}

TEST_F(Splitting, JoinsALongReplyIntoNumberedDatagramsCutBetweenValues) {
  const auto parts = split("get a b c d\r\n");
  std::string expected;
  for (std::size_t i = 0; i < 4; ++i) {
    const std::string text = value(std::string(1, static_cast<char>('a' + i)), std::string(600, 'x'));
    answer(parts[i], text);
    expected += text.substr(0, text.size() - 5);
  }
  expected += "END\r\n";
  const auto replies = joiner_->take("out");
  ASSERT_EQ(replies.size(), 2U);
  std::string got;
  for (std::size_t i = 0; i < replies.size(); ++i) {
    EXPECT_EQ(replies[i].bytes[14 + 20 + 8 + 3], i) << "sequence";
    EXPECT_EQ(replies[i].bytes[14 + 20 + 8 + 5], 2) << "total";
    EXPECT_TRUE(text_of(replies[i]).starts_with("VALUE "));
    EXPECT_LE(replies[i].bytes.size(), 14U + 20 + 8 + 1400);
    EXPECT_TRUE(checksums_hold(replies[i].bytes));
    got += text_of(replies[i]);
  }
  EXPECT_EQ(got, expected);
}

TEST_F(Splitting, TakesAPartInSeveralDatagramsInAnyOrder) {
  const std::string long_value = value("a", std::string(4000, 'v') + "last");
  const auto parts = split("get a b\r\n");
  answer(parts[1], value("b", "2"));
  answer(parts[0], long_value.substr(2800), 2, false);
  answer(parts[0], long_value.substr(0, 1400), 0, false);
  EXPECT_TRUE(joiner_->output("out").empty());
  answer(parts[0], long_value.substr(1400, 1400), 1, true);
  EXPECT_EQ(reply_text(), long_value.substr(0, long_value.size() - 5) + value("b", "2"));
}

TEST_F(Splitting, KeepsTheOrderOfSeveralCommands) {
  const auto parts = split("incr a 1\r\nget b c\r\nset d 0 0 1\r\nx\r\nversion\r\n");
  ASSERT_EQ(parts.size(), 5U);
  EXPECT_EQ(text_of(parts[3]), "set d 0 0 1\r\nx\r\n");
  EXPECT_EQ(parts[0].annotations.flags & kWrites, kWrites);
  answer(parts[4], "VERSION 1\r\n");
  answer(parts[3], "STORED\r\n");
  answer(parts[2], "END\r\n");
  answer(parts[1], value("b", "2"));
  answer(parts[0], "5\r\n");
  EXPECT_EQ(reply_text(), "5\r\nVALUE b 0 1\r\n2\r\nEND\r\nSTORED\r\nVERSION 1\r\n");
}

TEST_F(Splitting, SplitsGetAndTouchWithItsExpiry) {
  const auto parts = split("gats 30 a b\r\n");
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(text_of(parts[0]), "gats 30 a\r\n");
  EXPECT_EQ(text_of(parts[1]), "gats 30 b\r\n");
  EXPECT_EQ(parts[0].annotations.flags & kWrites, kWrites);
}

TEST_F(Splitting, AsksQuietMetaCommandsLoudlyAndLeavesTheirUsualReplyOut) {
  const auto parts = split("mg a v q\r\nmg b q v\r\nms c 1 q\r\nx\r\nmd q q\r\nmn\r\n");
  ASSERT_EQ(parts.size(), 5U);
  EXPECT_EQ(text_of(parts[0]), "mg a v\r\n");
  EXPECT_EQ(text_of(parts[1]), "mg b v\r\n");
  EXPECT_EQ(text_of(parts[2]), "ms c 1\r\nx\r\n");
  EXPECT_EQ(text_of(parts[3]), "md q\r\n") << "a key that is called q stays";
  answer(parts[0], "EN\r\n");
  answer(parts[1], "VA 1\r\nx\r\n");
  answer(parts[2], "HD\r\n");
  answer(parts[3], "NF\r\n");
  answer(parts[4], "MN\r\n");
  EXPECT_EQ(reply_text(), "VA 1\r\nx\r\nNF\r\nMN\r\n");
}

TEST_F(Splitting, AsksQuietBinaryCommandsLoudlyAndLeavesTheirUsualReplyOut) {
  const auto parts = split(binary_request(binary::kGetKQ, "", "a", "", 1) + binary_request(binary::kGetKQ, "", "b", "", 2) +
                           binary_request(0x11, storage_extras(0, 0), "c", "v", 3) + binary_request(binary::kNoop, "", "", "", 4));
  ASSERT_EQ(parts.size(), 4U);
  EXPECT_EQ(text_of(parts[0]), binary_request(binary::kGetK, "", "a", "", 1));
  EXPECT_EQ(text_of(parts[2]), binary_request(binary::kSet, storage_extras(0, 0), "c", "v", 3));
  const std::string extras(4, '\0');
  answer(parts[3], binary_reply(binary::kNoop, 0, "", "", "", 0, 4));
  answer(parts[2], binary_reply(binary::kSet, 0, "", "", "", 9, 3));
  answer(parts[1], binary_reply(binary::kGetK, 0, extras, "b", "hello", 7, 2));
  answer(parts[0], binary_reply(binary::kGetK, binary::kKeyNotFound, "", "a", "", 0, 1));
  EXPECT_EQ(reply_text(), binary_reply(binary::kGetKQ, 0, extras, "b", "hello", 7, 2) + binary_reply(binary::kNoop, 0, "", "", "", 0, 4));
}

TEST_F(Splitting, DoesNotWaitForTextCommandsWithNoreply) {
  const auto parts = split("set a 0 0 1 noreply\r\nx\r\nget b\r\n");
  ASSERT_EQ(parts.size(), 2U);
  std::map<std::string, Purpose> purposes;
  for (const Seen& part : parts) purposes[text_of(part)] = Errand::from(part.annotations.context).purpose;
  EXPECT_EQ(purposes["set a 0 0 1 noreply\r\nx\r\n"], Purpose::kNone);
  for (const Seen& part : parts) {
    if (text_of(part) == "get b\r\n") answer(part, "END\r\n");
  }
  EXPECT_EQ(reply_text(), "END\r\n");
}

TEST_F(Splitting, SaysNothingIfEverythingWasQuiet) {
  const auto parts = split("ms a 1 q\r\nx\r\nmd b q\r\n");
  for (const Seen& part : parts) answer(part, "HD\r\n");
  EXPECT_TRUE(joiner_->output("out").empty());
}

TEST_F(Splitting, GivesUpWhenAPartDoesNotCome) {
  const auto parts = split("get a b\r\n");
  answer(parts[0], value("a", "1"));
  joiner_->advance(ms(1100));
  answer(parts[1], "END\r\n");
  EXPECT_EQ(joiner_->counter("late"), 1U);
  EXPECT_TRUE(joiner_->output("out").empty());
  for (int i = 0; i < 40; ++i) {
    const auto again = split("get a b\r\n");
    answer(again[0], value("a", std::string(1000, 'x')));
    answer(again[1], "END\r\n");
    ASSERT_EQ(joiner_->take("out").size(), 1U) << i << ": all memory is free again";
  }
}

TEST_F(Splitting, RefusesWhatFindsNoRoom) {
  std::vector<std::vector<Seen>> waiting;
  for (int i = 0; i < 17; ++i) waiting.push_back(split("get a b\r\n"));
  EXPECT_TRUE(waiting.back().empty());
  EXPECT_EQ(bench_->counter("no_room"), 1U) << "16 joins";
  // 32 blocks of 2 KiB.
  for (std::size_t i = 0; i < 16; ++i) {
    answer(waiting[i][0], "VALUE", 0, false);
    answer(waiting[i][0], "a", 1, false);
  }
  answer(waiting[15][1], "END\r\n");
  answer(waiting[15][0], "END\r\n", 2, true);
  EXPECT_EQ(joiner_->counter("late"), 1U) << "given up when its memory was all taken";
  answer(waiting[14][0], "\r\n", 2, true);
  answer(waiting[14][1], "END\r\n");
  EXPECT_EQ(joiner_->output("out").size(), 1U) << "with the memory that the other has given back";
}

TEST_F(Splitting, RefusesTooManyKeys) {
  make("64KiB", "3");
  EXPECT_TRUE(split("get a b c d\r\n").empty());
  EXPECT_EQ(bench_->output("refused").size(), 1U);
  EXPECT_EQ(split("get a b c\r\n").size(), 3U);
}

TEST_F(Splitting, IgnoresRepliesToNothing) {
  const auto parts = split("get a b\r\n");
  Seen forged = parts[0];
  forged.annotations.context ^= std::uint64_t{1} << 50;
  answer(forged, "END\r\n");
  EXPECT_EQ(joiner_->counter("late"), 1U);
  for (const Seen& part : parts) answer(part, "END\r\n");
  EXPECT_EQ(reply_text(), "END\r\n");
  answer(parts[0], "END\r\n");
  EXPECT_EQ(joiner_->counter("late"), 2U);
}

TEST_F(Splitting, PartsMayComeOnSeveralWorkersAtOnce) {
  make("1MiB");
  auto& table = static_cast<JoinTable&>(*table_);
  const Packet asked = bench_->packet(request("get a b\r\n"));
  locate_headers(asked);
  Random random(1);
  std::atomic<unsigned> joined{0};
  for (int round = 0; round < 300; ++round) {
    std::vector<std::uint32_t> joins;
    while (joins.size() < 16) joins.push_back(table.open(asked, 2, 0, random).value());
    const auto add = [&](std::uint16_t part) {
      JoinTable::Assembled whole;
      for (const std::uint32_t join : joins) {
        if (table.add({join, part, PartRule::kAsItIs}, part == 0 ? "first " : "second", 0, true) != JoinTable::Added::kComplete) continue;
        table.take(join, whole);
        if (whole.text == "first second") ++joined;
      }
    };
    std::jthread one(add, 0);
    std::jthread two(add, 1);
  }
  EXPECT_EQ(joined, 300U * 16);
  Batch batch;
  batch.add(asked);
}

TEST_F(Splitting, SurvivesNastyPackets) {
  TestBench::Options options;
  options.buffer_bytes = 10000;
  options.states["joins"] = table_.get();
  for (const std::string element : {"RequestSplitter", "ReplyJoiner"}) {
    TestBench bench(element, Value::map({{"joins", "joins"}}), options);
    for (const auto& nasty : testing::nasty_packets()) bench.push({nasty.bytes});
  }
}

}  // namespace
}  // namespace smartswitch::memcached
