// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gtest/gtest.h>

#include "elements/memcached/datagram.h"
#include "elements/memcached/join_table.h"
#include "tests/unit/memcached/requests.h"
#include "tests/unit/nasty_packets.h"

namespace smartswitch::memcached {
namespace {

using testing::Seen;
using testing::TestBench;

class Warming : public ::testing::Test {
 protected:
  Warming() {
    options_.states["joins"] = joins_.get();
    const Value names = Value::map({{"joins", "joins"}});
    warm_ = std::make_unique<TestBench>("WarmUp", names, options_);
    joiner_ = std::make_unique<TestBench>("ReplyJoiner", names, options_);
  }
  void send(std::string_view text) {
    TestBench classifier("MemcachedClassifier");
    classifier.push({request(text)});
    for (const char* output : {"get", "write", "control"}) {
      for (const Seen& seen : classifier.take(output)) hand_over(*warm_, seen);
    }
  }
  // What a pool answers to the request that was last sent to it.
  void answer(const Seen& asked, std::string_view text, std::uint8_t sequence = 0, std::uint8_t total = 1, bool last = true) {
    std::string payload = testing::memcached_frame(1, text);
    payload[3] = static_cast<char>(sequence);
    payload[5] = static_cast<char>(total);
    const Packet packet = warm_->packet(
        testing::PacketBuilder().ether(kServiceMac, kClientMac).ipv4("10.0.0.11", "10.0.0.99").udp(11211, 41000).payload(payload));
    packet.annotations().flags = last ? kOwn | kLast : kOwn;
    packet.annotations().context = asked.annotations.context;
    Batch batch;
    batch.add(packet);
    warm_->push(batch, "replies");
    for (const Seen& seen : warm_->take("reply")) hand_over(*joiner_, seen);
  }
  std::string to_client() {
    std::string text;
    for (const Seen& seen : joiner_->take("out")) text += text_of(seen);
    return text;
  }
  std::vector<std::string> texts(const std::string& output) {
    std::vector<std::string> all;
    for (const Seen& seen : warm_->take(output)) all.push_back(text_of(seen));
    return all;
  }

  std::unique_ptr<State> joins_ = testing::make_state("JoinTable", Value::map({{"memory", "64KiB"}}));
  TestBench::Options options_;
  std::unique_ptr<TestBench> warm_, joiner_;
};

TEST_F(Warming, WhatTheNewPoolHasIsTheAnswer) {
  send("get k\r\n");
  const auto asked = warm_->take("fresh");
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(text_of(asked[0]), "get k\r\n");
  answer(asked[0], value("k", "fresh"));
  EXPECT_EQ(to_client(), value("k", "fresh"));
  EXPECT_TRUE(warm_->output("old").empty());
  EXPECT_EQ(warm_->counter("fresh_hits"), 1U);
}

TEST_F(Warming, WhatItMissesComesFromTheOldPoolAndIsAdded) {
  send("get k\r\n");
  answer(warm_->take("fresh").at(0), "END\r\n");
  const auto asked = warm_->take("old");
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(text_of(asked[0]), "mg k v f t\r\n");
  answer(asked[0], "VA 5 f7 t60\r\nhello\r\n");
  EXPECT_EQ(to_client(), "VALUE k 7 5\r\nhello\r\nEND\r\n");
  EXPECT_EQ(texts("fresh"), std::vector<std::string>{"ms k 5 F7 T60 ME\r\nhello\r\n"});
  EXPECT_EQ(warm_->counter("warmed"), 1U);
}

TEST_F(Warming, KeepsTheRestOfTheTimeToLive) {
  for (const auto& [t, expected] : std::initializer_list<std::pair<std::string, std::string>>{
           {"-1", "T0"}, {"1", "T1"}, {"2592000", "T2592000"}, {"2592001", "T2592000"}}) {
    send("get k\r\n");
    answer(warm_->take("fresh").at(0), "END\r\n");
    answer(warm_->take("old").at(0), "VA 1 f0 t" + t + "\r\nx\r\n");
    EXPECT_EQ(texts("fresh"), std::vector<std::string>{"ms k 1 F0 " + expected + " ME\r\nx\r\n"});
  }
  send("get k\r\n");
  answer(warm_->take("fresh").at(0), "END\r\n");
  answer(warm_->take("old").at(0), "VA 1 f0 t0\r\nx\r\n");
  EXPECT_TRUE(texts("fresh").empty()) << "it ends now: T0 would keep it for ever";
}

TEST_F(Warming, StaysNoLongerThanItMay) {
  warm_ = std::make_unique<TestBench>("WarmUp", Value::map({{"joins", "joins"}, {"longest_life", "60s"}}), options_);
  for (const auto& [t, expected] :
       std::initializer_list<std::pair<std::string, std::string>>{{"-1", "T60"}, {"59", "T59"}, {"60", "T60"}, {"61", "T60"}}) {
    send("get k\r\n");
    answer(warm_->take("fresh").at(0), "END\r\n");
    answer(warm_->take("old").at(0), "VA 1 f0 t" + t + "\r\nx\r\n");
    EXPECT_EQ(texts("fresh"), std::vector<std::string>{"ms k 1 F0 " + expected + " ME\r\nx\r\n"});
  }
}

TEST_F(Warming, WritesGoToBothPoolsIfTheyShall) {
  warm_ = std::make_unique<TestBench>("WarmUp", Value::map({{"joins", "joins"}, {"writes", "both"}}), options_);
  for (const std::string text : {"set k 0 0 1\r\nx\r\n", "delete k\r\n", "ms k 1\r\nx\r\n", "incr k 1\r\n"}) {
    send(text);
    EXPECT_EQ(texts("fresh"), std::vector<std::string>{text});
    const auto old = warm_->take("old");
    ASSERT_EQ(old.size(), 1U) << text;
    EXPECT_EQ(text_of(old[0]), text);
    EXPECT_EQ(Errand::from(old[0].annotations.context).purpose, Purpose::kDiscard);
  }
  send("set k 0 0 1 noreply\r\nx\r\n");
  EXPECT_EQ(Errand::from(warm_->take("old").at(0).annotations.context).purpose, Purpose::kNone);
  send("get k\r\n");
  EXPECT_TRUE(warm_->output("old").empty()) << "the old pool is asked for what the new one has not";
}

TEST_F(Warming, WhatNeitherHasIsAMiss) {
  send("get k\r\n");
  answer(warm_->take("fresh").at(0), "END\r\n");
  answer(warm_->take("old").at(0), "EN\r\n");
  EXPECT_EQ(to_client(), "END\r\n");
  EXPECT_EQ(warm_->counter("misses"), 1U);
}

TEST_F(Warming, ErrorsReachTheClient) {
  send("get k\r\n");
  answer(warm_->take("fresh").at(0), "SERVER_ERROR out of memory\r\n");
  EXPECT_EQ(to_client(), "SERVER_ERROR out of memory\r\n");
  send("get k\r\n");
  answer(warm_->take("fresh").at(0), "END\r\n");
  answer(warm_->take("old").at(0), "SERVER_ERROR busy\r\n");
  EXPECT_EQ(to_client(), "SERVER_ERROR busy\r\n");
}

TEST_F(Warming, ALongValueReachesTheClientInAnyOrderOfItsDatagrams) {
  const std::string data(3000, 'v');
  const std::string text = "VA 3000 f0 t-1\r\n" + data + "\r\n";
  send("get k\r\n");
  answer(warm_->take("fresh").at(0), "END\r\n");
  const Seen asked = warm_->take("old").at(0);
  answer(asked, text.substr(1400, 1400), 1, 3, false);
  answer(asked, text.substr(2800), 2, 3, false);
  answer(asked, text.substr(0, 1400), 0, 3, true);
  EXPECT_EQ(to_client(), "VALUE k 0 3000\r\n" + data + "\r\nEND\r\n");
  EXPECT_TRUE(texts("fresh").empty());
}

TEST_F(Warming, WritesGoToTheNewPoolAndWhatTakesAwayToBoth) {
  for (const std::string text : {"set k 0 0 1\r\nx\r\n", "incr k 1\r\n"}) {
    send(text);
    EXPECT_EQ(texts("fresh"), std::vector<std::string>{text});
    EXPECT_TRUE(texts("old").empty());
  }
  for (const std::string text : {"delete k\r\n", "md k\r\n", "touch k 5\r\n", "gat 5 k\r\n"}) {
    send(text);
    EXPECT_EQ(texts("fresh"), std::vector<std::string>{text});
    const auto old = warm_->take("old");
    ASSERT_EQ(old.size(), 1U);
    EXPECT_EQ(text_of(old[0]), text);
    EXPECT_EQ(Errand::from(old[0].annotations.context).purpose, Purpose::kDiscard);
  }
}

TEST_F(Warming, RepliesToNothingAreDropped) {
  send("get k\r\n");
  Seen asked = warm_->take("fresh").at(0);
  asked.annotations.context ^= std::uint64_t{1} << 50;
  answer(asked, "END\r\n");
  EXPECT_EQ(warm_->counter("late"), 1U);
}

TEST_F(Warming, SurvivesNastyPackets) {
  options_.buffer_bytes = 10000;
  TestBench bench("WarmUp", Value::map({{"joins", "joins"}}), options_);
  for (const auto& nasty : testing::nasty_packets()) {
    bench.push({nasty.bytes});
    bench.push({nasty.bytes}, "replies");
  }
}

}  // namespace
}  // namespace smartswitch::memcached
