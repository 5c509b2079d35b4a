// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "elements/memcached/backend_pool.h"
#include "elements/memcached/datagram.h"
#include "elements/memcached/key_cache.h"
#include "elements/sdk/hash.h"
#include "tests/unit/memcached/requests.h"

namespace smartswitch::memcached {
namespace {

using testing::ms;
using testing::PacketBuilder;
using testing::Seen;
using testing::TestBench;

class Health : public ::testing::Test {
 protected:
  Health() {
    std::vector<Value> servers;
    for (int i = 0; i < 4; ++i) {
      const std::string n = std::to_string(i);
      servers.push_back(Value::map({{"name", "mc" + n}, {"mac", "02:00:00:00:01:0" + n}, {"address", "10.0.0.1" + n}}));
    }
    pool_ = testing::make_state("BackendPool", Value::map({{"servers", Value::list(servers)}}));
    options_.states["backends"] = pool_.get();
    options_.states["hot"] = cache_.get();
    bench_ = std::make_unique<TestBench>("HealthProber",
                                         Value::map({{"backends", "backends"},
                                                     {"cache", "hot"},
                                                     {"interval", "1s"},
                                                     {"failures", "3"},
                                                     {"back_off", "2s"},
                                                     {"longest_back_off", "8s"}}),
                                         options_);
    bench_->worker().log = [this](std::string_view text) { log_ += std::string(text) + "\n"; };
  }
  BackendPool& pool() { return static_cast<BackendPool&>(*pool_); }

  void answer(const Seen& probe, std::string_view text = "VERSION 1.6.18\r\n") {
    const Packet packet = bench_->packet(reply(text));
    packet.annotations().context = probe.annotations.context;
    Batch batch;
    batch.add(packet);
    bench_->push(batch, "replies");
  }
  // A second passes, in which the servers of these numbers answer. Returns how many were asked.
  std::size_t second(const std::vector<int>& well) {
    bench_->advance(ms(1000));
    const auto probes = bench_->take("probe");
    for (const Seen& probe : probes) {
      for (const int server : well) {
        if (probe.annotations.next.server == server) answer(probe);
      }
    }
    return probes.size();
  }

  std::unique_ptr<State> pool_;
  std::unique_ptr<State> cache_ = testing::make_state("KeyCache", Value::map({{"memory", "8MiB"}}));
  TestBench::Options options_;
  std::unique_ptr<TestBench> bench_;
  std::string log_;
};

TEST_F(Health, AsksEachServerForItsVersion) {
  bench_->advance(ms(1000));
  const auto probes = bench_->take("probe");
  ASSERT_EQ(probes.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(text_of(probes[i]), "version\r\n");
    EXPECT_EQ(probes[i].bytes[5], i) << "the server's MAC address";
    EXPECT_EQ(probes[i].annotations.next.address, 0x0A00000AU + i);
    EXPECT_EQ(Errand::from(probes[i].annotations.context).purpose, Purpose::kProbe);
  }
}

TEST_F(Health, TakesAServerOutThatDoesNotAnswer) {
  for (int i = 0; i < 3; ++i) second({0, 2, 3});
  EXPECT_TRUE(pool().up(1)) << "the third probe may still be answered";
  second({0, 2, 3});
  EXPECT_FALSE(pool().up(1));
  EXPECT_TRUE(pool().up(0));
  EXPECT_EQ(bench_->counter("ejected"), 1U);
  EXPECT_NE(log_.find("server `mc1` does not answer and is out; 3 of 4 are left"), std::string::npos) << log_;
}

TEST_F(Health, FailuresThatDoNotFollowEachOtherDoNotCount) {
  for (int i = 0; i < 12; ++i) second(i % 3 == 2 ? std::vector<int>{0, 1, 2, 3} : std::vector<int>{0, 2, 3});
  EXPECT_TRUE(pool().up(1));
}

TEST_F(Health, AnswersThatAreNoneOrComeTooLateDoNotCount) {
  std::vector<Seen> before;
  for (int i = 0; i < 4; ++i) {
    bench_->advance(ms(1000));
    const auto probes = bench_->take("probe");
    for (const Seen& probe : before) answer(probe);
    for (const Seen& probe : probes) answer(probe, "ERROR\r\n");
    before = probes;
  }
  EXPECT_EQ(bench_->counter("answers"), 0U);
  EXPECT_EQ(bench_->counter("ejected"), 2U) << "half of the servers stay";
}

// Copies on two workers: the answers come to either.
TEST_F(Health, OneOfSeveralCopiesProbesAndTheOthersHandItTheAnswers) {
  TestBench other("HealthProber", Value::map({{"backends", "backends"}, {"interval", "1s"}}), options_);
  std::vector<Seen> before;
  for (int i = 0; i < 8; ++i) {
    bench_->advance(ms(1000));
    other.advance(ms(1000));
    EXPECT_THAT(other.take("probe"), ::testing::IsEmpty());
    const auto probes = bench_->take("probe");
    for (const Seen& probe : probes) {
      if (probe.annotations.next.server == 1) continue;
      const Packet packet = other.packet(reply("VERSION 1.6.18\r\n"));
      packet.annotations().context = probe.annotations.context;
      Batch batch;
      batch.add(packet);
      other.push(batch, "replies");
    }
    // A late one takes nothing back.
    for (const Seen& probe : before) {
      const Packet packet = other.packet(reply("VERSION 1.6.18\r\n"));
      packet.annotations().context = probe.annotations.context;
      Batch batch;
      batch.add(packet);
      other.push(batch, "replies");
    }
    before = probes;
  }
  EXPECT_FALSE(pool().up(1)) << "its answers were always late";
  EXPECT_TRUE(pool().up(0) && pool().up(2) && pool().up(3));
  EXPECT_EQ(bench_->counter("ejected"), 1U);
  EXPECT_GT(bench_->counter("answers"), 20U);
}

// As in a reload that changes its parameters and not its servers.
TEST_F(Health, OneThatTakesItsPlaceGoesOnWhereItWas) {
  second({0, 2, 3});
  second({0, 2, 3});
  second({0, 2, 3});
  auto before = std::move(bench_);
  bench_ = std::make_unique<TestBench>("HealthProber", Value::map({{"backends", "backends"}, {"interval", "100ms"}}), options_);
  bench_->element().take_over(before->element());
  before.reset();
  ASSERT_TRUE(pool().up(1)) << "it has failed twice";
  bench_->advance(ms(100));
  EXPECT_FALSE(pool().up(1)) << "and a third time";
  EXPECT_EQ(bench_->take("probe").size(), 3U);
}

TEST_F(Health, OneBesideAnotherBeginsWhenThatIsGone) {
  TestBench other("HealthProber", Value::map({{"backends", "backends"}, {"interval", "1s"}}), options_);
  second({0, 1, 2, 3});
  other.advance(ms(1000));
  EXPECT_THAT(other.take("probe"), ::testing::IsEmpty());
  bench_.reset();
  other.advance(ms(1000));
  EXPECT_EQ(other.take("probe").size(), 4U);
}

TEST_F(Health, BringsAServerBackAfterAWhileAndTwoAnswers) {
  for (int i = 0; i < 4; ++i) second({0, 2, 3});
  ASSERT_FALSE(pool().up(1));
  EXPECT_EQ(second({0, 1, 2, 3}), 3U) << "it is left alone for two seconds";
  second({0, 1, 2, 3});
  EXPECT_FALSE(pool().up(1)) << "one answer";
  second({0, 1, 2, 3});
  EXPECT_TRUE(pool().up(1));
  EXPECT_EQ(bench_->counter("returned"), 1U);
}

TEST_F(Health, WaitsLongerEachTime) {
  for (int i = 0; i < 4; ++i) second({0, 2, 3});
  std::string asked;
  for (int i = 0; i < 24; ++i) asked += second({0, 2, 3}) == 4 ? '+' : '.';
  EXPECT_EQ(asked, ".+....+........+........") << "2, 4, 8 and then always 8 seconds, counted from the failure";
}

TEST_F(Health, KeepsHalfOfTheServersHoweverTheyDo) {
  for (int i = 0; i < 10; ++i) second({});
  int up = 0;
  for (std::uint32_t i = 0; i < 4; ++i) up += pool().up(i) ? 1 : 0;
  EXPECT_EQ(up, 2);
  EXPECT_GT(bench_->counter("kept"), 0U);
}

TEST_F(Health, LostRequestsAreFailuresToo) {
  for (int i = 0; i < 3; ++i) {
    pool().load(2).note_sent();
    pool().load(2).note_lost();
    second({0, 1, 2, 3});
  }
  EXPECT_TRUE(pool().up(2)) << "an answer to a probe comes in between";
  pool().load(2).note_sent();
  pool().load(2).note_answered();
  second({0, 1, 2, 3});
  EXPECT_TRUE(pool().up(2));
}

TEST_F(Health, AChangeOfServersEmptiesTheCache) {
  auto& cache = static_cast<KeyCache&>(*cache_);
  const std::uint64_t hash = hash_key("k");
  const std::int64_t now = bench_->worker().now;
  cache.get_sent(Ticket{7}, hash, now);
  ASSERT_TRUE(cache.reply_seen(Ticket{7}, value("k", "x"), now));
  for (int i = 0; i < 4; ++i) second({0, 2, 3});
  EXPECT_FALSE(cache.find(cache.look_up(hash), "k", now));
}

TEST_F(Health, SaysWhichServerItCannotProbe) {
  const auto pool = testing::make_state(
      "BackendPool", Value::map({{"servers", Value::list({Value::map({{"name", "a"}, {"mac", "02:00:00:00:01:01"}})})}}));
  options_.states["backends"] = pool.get();
  const Problems problems = TestBench::problems_of("HealthProber", Value::map({{"backends", "backends"}}), options_);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems.list()[0].hint, "say what it is, such as `address: 10.0.0.11`");
}

}  // namespace
}  // namespace smartswitch::memcached
