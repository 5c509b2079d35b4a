// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// ReplicaSwitch and Broadcaster: one request to several servers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "elements/memcached/backend_pool.h"
#include "elements/memcached/datagram.h"
#include "elements/memcached/join_table.h"
#include "elements/sdk/hash.h"
#include "tests/unit/memcached/requests.h"

namespace smartswitch::memcached {
namespace {

using ::testing::ElementsAre;
using testing::PacketBuilder;
using testing::Seen;
using testing::TestBench;

Value four_servers(const std::string& distribution) {
  std::vector<Value> servers;
  for (int i = 0; i < 4; ++i) {
    const std::string n = std::to_string(i);
    servers.push_back(Value::map({{"name", "mc" + n}, {"mac", "02:00:00:00:01:0" + n}, {"address", "10.0.0.1" + n}}));
  }
  return Value::map({{"servers", Value::list(servers)}, {"distribution", distribution}, {"keys", Value::map({{"pinned", "mc3"}})}});
}

class SeveralServers : public ::testing::Test {
 protected:
  SeveralServers() {
    options_.states["backends"] = pool_.get();
    options_.states["joins"] = joins_.get();
    const Value names = Value::map({{"backends", "backends"}, {"joins", "joins"}});
    replicas_ = std::make_unique<TestBench>("ReplicaSwitch", names, options_);
    all_ = std::make_unique<TestBench>("Broadcaster", names, options_);
    joiner_ = std::make_unique<TestBench>("ReplyJoiner", Value::map({{"joins", "joins"}}), options_);
  }
  BackendPool& pool() { return static_cast<BackendPool&>(*pool_); }

  std::vector<Seen> send(TestBench& bench, std::string_view text) {
    TestBench classifier("MemcachedClassifier");
    classifier.push({request(text)});
    for (const char* output : {"get", "write", "control"}) {
      for (const Seen& seen : classifier.take(output)) hand_over(bench, seen);
    }
    return bench.take("out");
  }
  void answer(const Seen& part, std::string_view text) { answer(part, text, 0, true); }
  void answer(const Seen& part, std::string_view text, std::uint16_t sequence, bool last) {
    const Packet packet = joiner_->packet(reply(text));
    packet.at<FrameHeader>(locate_headers(packet).payload)->sequence = rte_cpu_to_be_16(sequence);
    packet.annotations().flags = static_cast<std::uint8_t>(last ? kOwn | kLast : kOwn);
    packet.annotations().context = part.annotations.context;
    Batch batch;
    batch.add(packet);
    joiner_->push(batch);
  }
  std::string answer_of() {
    const auto replies = joiner_->take("out");
    return replies.size() == 1 ? text_of(replies[0]) : "";
  }

  // A write to so many replicas that is answered in this order; what the client has got after each answer.
  std::vector<std::string> answers(const std::string& rule, const std::vector<std::string_view>& texts, std::string_view write) {
    TestBench replicas(
        "ReplicaSwitch",
        Value::map({{"backends", "backends"}, {"joins", "joins"}, {"replicas", std::to_string(texts.size())}, {"answer", rule}}), options_);
    const auto parts = send(replicas, write);
    EXPECT_EQ(parts.size(), texts.size());
    std::vector<std::string> got;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      answer(parts[i], texts[i]);
      got.push_back(answer_of());
    }
    return got;
  }

  std::unique_ptr<State> pool_ = testing::make_state("BackendPool", four_servers("ketama"));
  std::unique_ptr<State> joins_ = testing::make_state("JoinTable", Value::map({{"memory", "64KiB"}}));
  TestBench::Options options_;
  std::unique_ptr<TestBench> replicas_, all_, joiner_;
};

TEST_F(SeveralServers, AWriteGoesToAllReplicasAndIsAnsweredWhenAllHave) {
  const auto parts = send(*replicas_, "set k 0 0 1\r\nx\r\n");
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_NE(parts[0].annotations.next.server, parts[1].annotations.next.server);
  for (const Seen& part : parts) {
    EXPECT_EQ(text_of(part), "set k 0 0 1\r\nx\r\n");
    EXPECT_EQ(part.bytes[5], part.annotations.next.server);
    EXPECT_EQ(part.annotations.next.address, 0x0A00000AU + part.annotations.next.server);
  }
  answer(parts[1], "STORED\r\n");
  EXPECT_EQ(answer_of(), "");
  answer(parts[0], "STORED\r\n");
  EXPECT_EQ(answer_of(), "STORED\r\n");
}

TEST_F(SeveralServers, AnErrorOfOneReplicaIsTheAnswer) {
  for (const int bad : {0, 1}) {
    const auto parts = send(*replicas_, "set k 0 0 1\r\nx\r\n");
    answer(parts[bad], "SERVER_ERROR out of memory storing object\r\n");
    answer(parts[1 - bad], "STORED\r\n");
    EXPECT_EQ(answer_of(), "SERVER_ERROR out of memory storing object\r\n") << bad;
  }
}

constexpr std::string_view kSet = "set k 0 0 1\r\nx\r\n";
constexpr std::string_view kStored = "STORED\r\n";
constexpr std::string_view kNotStored = "NOT_STORED\r\n";
constexpr std::string_view kNoMemory = "SERVER_ERROR out of memory storing object\r\n";

TEST_F(SeveralServers, TheFirstReplyWithoutAnErrorIsTheAnswer) {
  EXPECT_THAT(answers("first", {kStored, kNoMemory}, kSet), ElementsAre(kStored, ""));
  EXPECT_THAT(answers("first", {kNoMemory, kStored}, kSet), ElementsAre("", kStored));
  EXPECT_THAT(answers("first", {kNoMemory, "NOT_FOUND\r\n", "DELETED\r\n"}, "delete k\r\n"), ElementsAre("", "NOT_FOUND\r\n", ""));
  EXPECT_THAT(answers("first", {kNoMemory, "SERVER_ERROR busy\r\n"}, kSet), ElementsAre("", kNoMemory)) << "all gave one";
  EXPECT_THAT(answers("first", {"NS \r\n", "HD \r\n"}, "ms k 1 ME\r\nx\r\n"), ElementsAre("NS \r\n", ""));
  EXPECT_EQ(joiner_->counter("late"), 3U);
}

TEST_F(SeveralServers, WhatMoreThanHalfSayIsTheAnswer) {
  EXPECT_THAT(answers("majority", {kStored, kStored, kNoMemory}, kSet), ElementsAre("", kStored, ""));
  EXPECT_THAT(answers("majority", {kStored, kNoMemory, kStored}, kSet), ElementsAre("", "", kStored));
  EXPECT_THAT(answers("majority", {kNoMemory, kStored, kNoMemory}, kSet), ElementsAre("", "", kNoMemory));
  EXPECT_THAT(answers("majority", {kStored, kStored, kStored, kStored}, kSet), ElementsAre("", "", kStored, "")) << "two of four are half";
}

TEST_F(SeveralServers, OfAsManyTheWorseIsTheAnswer) {
  for (const bool turned : {false, true}) {
    const auto both = [&](std::string_view good, std::string_view bad, std::string_view write) {
      const auto got = turned ? answers("majority", {bad, good}, write) : answers("majority", {good, bad}, write);
      EXPECT_THAT(got, ElementsAre("", bad));
    };
    both(kStored, kNoMemory, kSet);
    both(kStored, kNotStored, "add k 0 0 1\r\nx\r\n");
    both("DELETED\r\n", "NOT_FOUND\r\n", "delete k\r\n");
    both(kNotStored, kNoMemory, "add k 0 0 1\r\nx\r\n");
    both(value("k", "x"), "END\r\n", "gat 10 k\r\n");
  }
}

TEST_F(SeveralServers, AReplyOfSeveralDatagramsIsOneVote) {
  TestBench first("ReplicaSwitch", Value::map({{"backends", "backends"}, {"joins", "joins"}, {"answer", "first"}}), options_);
  const auto parts = send(first, "gat 10 k\r\n");
  ASSERT_EQ(parts.size(), 2U);
  answer(parts[0], "VALUE k 0 8\r\nabcd", 0, false);
  answer(parts[1], "defg\r\nEND\r\n", 1, false);
  EXPECT_EQ(answer_of(), "");
  answer(parts[1], "VALUE k 0 8\r\nABCD", 0, true);
  EXPECT_EQ(answer_of(), "VALUE k 0 8\r\nABCDdefg\r\nEND\r\n") << "nothing of the other's";
  answer(parts[0], "efgh\r\nEND\r\n", 1, true);
  EXPECT_EQ(answer_of(), "");
}

TEST_F(SeveralServers, IfTooFewAnswerThereIsNoReply) {
  for (const std::string rule : {"all", "first", "majority"}) {
    TestBench replicas("ReplicaSwitch", Value::map({{"backends", "backends"}, {"joins", "joins"}, {"replicas", "3"}, {"answer", rule}}),
                       options_);
    const auto parts = send(replicas, kSet);
    ASSERT_EQ(parts.size(), 3U);
    answer(parts[0], rule == "first" ? kNoMemory : kStored);
    joiner_->advance(Duration{2'000'000'000});
    for (const Seen& part : parts) answer(part, kStored);
    EXPECT_TRUE(joiner_->take("out").empty()) << rule;
  }
}

TEST_F(SeveralServers, AReadGoesToOneOfThem) {
  std::set<int> replicas;
  for (const Seen& part : send(*replicas_, "delete k\r\n")) replicas.insert(part.annotations.next.server);
  std::map<int, int> reads;
  for (int i = 0; i < 200; ++i) {
    const auto out = send(*replicas_, "get k\r\n");
    ASSERT_EQ(out.size(), 1U);
    EXPECT_EQ(out[0].annotations.flags & kOwn, 0) << "it is the client's own request";
    ++reads[out[0].annotations.next.server];
  }
  ASSERT_EQ(reads.size(), 2U);
  for (const auto& [server, n] : reads) {
    EXPECT_TRUE(replicas.contains(server));
    EXPECT_GT(n, 50);
  }
}

TEST_F(SeveralServers, AReadGoesToTheLessBusyReplica) {
  const auto parts = send(*replicas_, "set k 0 0 1\r\nx\r\n");
  pool().load(parts[0].annotations.next.server).note_sent();
  for (int i = 0; i < 50; ++i) {
    const auto out = send(*replicas_, "get k\r\n");
    ASSERT_EQ(out.size(), 1U);
    EXPECT_EQ(out[0].annotations.next.server, parts[1].annotations.next.server);
  }
}

TEST_F(SeveralServers, AReplicaThatIsDownIsReplacedByTheNext) {
  const auto before = send(*replicas_, "set k 0 0 1\r\nx\r\n");
  pool().set_well(before[0].annotations.next.server, false);
  const auto after = send(*replicas_, "set k 0 0 1\r\nx\r\n");
  ASSERT_EQ(after.size(), 2U);
  EXPECT_EQ(after[0].annotations.next.server, before[1].annotations.next.server) << "nobody else moves";
  for (std::uint32_t i = 0; i < 4; ++i) pool().set_well(i, i == 2);
  const auto last = send(*replicas_, "set k 0 0 1\r\nx\r\n");
  ASSERT_EQ(last.size(), 1U);
  EXPECT_EQ(last[0].annotations.flags & kOwn, 0) << "no need to join one reply";
  pool().set_well(2, false);
  EXPECT_TRUE(send(*replicas_, "set k 0 0 1\r\nx\r\n").empty());
  EXPECT_EQ(replicas_->output("unavailable").size(), 1U);
}

TEST_F(SeveralServers, AllAreAskedToFlush) {
  const auto parts = send(*all_, "flush_all\r\n");
  ASSERT_EQ(parts.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(parts[i].annotations.next.server, i);
  for (const Seen& part : parts) answer(part, "OK\r\n");
  EXPECT_EQ(answer_of(), "OK\r\n");
  pool().set_well(1, false);
  EXPECT_EQ(send(*all_, "verbosity 1\r\n").size(), 3U);
}

TEST_F(SeveralServers, WhatOneCanAnswerIsLeftToOne) {
  EXPECT_TRUE(send(*all_, "version\r\n").empty());
  EXPECT_TRUE(send(*all_, "nonsense\r\n").empty());
  EXPECT_EQ(all_->output("one").size(), 2U);
}

TEST_F(SeveralServers, NobodyWaitsForNoreply) {
  for (const Seen& part : send(*all_, "flush_all noreply\r\n")) EXPECT_EQ(Errand::from(part.annotations.context).purpose, Purpose::kNone);
}

TEST(Replicas, AreDistinctUpAndStartWithTheKeysOwnServer) {
  for (const std::string distribution : {"ketama", "modula", "jump", "rendezvous", "maglev", "random", "ch3", "ring_evcache"}) {
    const auto state = testing::make_state("BackendPool", four_servers(distribution));
    auto& pool = static_cast<BackendPool&>(*state);
    for (int i = 0; i < 200; ++i) {
      const std::string key = "key" + std::to_string(i);
      std::uint32_t servers[4];
      ASSERT_EQ(pool.replicas_of(hash_key(key), key, servers), 4U) << distribution;
      EXPECT_EQ(std::set<std::uint32_t>(servers, servers + 4).size(), 4U);
      if (distribution != "random") {
        EXPECT_EQ(servers[0], pool.choose(hash_key(key), key));
      }
    }
    std::uint32_t servers[2];
    ASSERT_EQ(pool.replicas_of(hash_key("pinned"), "pinned", servers), 2U);
    EXPECT_EQ(servers[0], 3U);
    pool.set_well(3, false);
    ASSERT_EQ(pool.replicas_of(hash_key("pinned"), "pinned", servers), 2U);
    EXPECT_NE(servers[0], 3U);
  }
}

}  // namespace
}  // namespace smartswitch::memcached
