// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// A cache whose memory is changed while it is in use: as Switch::reload() and Switch::go_on() do it.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "elements/memcached/key_cache.h"
#include "elements/sdk/hash.h"
#include "elements/sdk/testing/test_bench.h"
#include "tests/unit/memcached/requests.h"

namespace smartswitch::memcached {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kSecondOfCache = 1'000'000'000;

class ResizedCache {
 public:
  explicit ResizedCache(const std::string& memory, const std::string& reply_lifetime = "1s")
      : reply_lifetime_(reply_lifetime), state_(made(memory)), cache_(static_cast<KeyCache*>(state_.get())) {}

  // The change itself. What is wrong with it; "" if nothing is.
  std::string begin(const std::string& memory) {
    const auto fresh = made(memory);
    Problems problems;
    if (const auto change = cache_->change_to(*fresh, problems)) change();
    return problems.empty() ? "" : problems.list()[0].message + " (" + problems.list()[0].hint + ")";
  }
  bool go_on() { return cache_->go_on(now); }
  void end() {
    while (go_on()) {
    }
    cache_->left_over();
  }
  void resize(const std::string& memory) {
    EXPECT_EQ(begin(memory), "");
    end();
  }

  void get(std::uint64_t ticket, const std::string& key) { cache_->get_sent({ticket}, hash_key(key), now); }
  void write(std::uint64_t ticket, const std::string& key, KeyCache::Write write = {}) {
    cache_->write_sent({ticket}, hash_key(key), write, now);
  }
  bool reply(std::uint64_t ticket, const std::string& text) { return cache_->reply_seen({ticket}, text, now); }
  // As a client's get and its reply.
  bool fill(const std::string& key, const std::string& data) {
    get(++ticket_ | 1ULL << 40, key);
    return reply(ticket_ | 1ULL << 40, value(key, data));
  }
  std::string look(const std::string& key) {
    std::uint8_t text[KeyCache::kLongestReply + KeyCache::kOverrun];
    const auto hit = cache_->find(cache_->look_up(hash_key(key)), key, now);
    return hit && KeyCache::copy(*hit, text) ? std::string(reinterpret_cast<const char*>(text), hit->length) : "";
  }
  std::string memory(const char* what) { return cache_->memory().find(what)->text(); }
  KeyCache* operator->() { return cache_; }
  std::int64_t now = 1000 * kSecondOfCache;

 private:
  [[nodiscard]] std::unique_ptr<State> made(const std::string& memory) const {
    return testing::make_state("KeyCache", Value::map({{"memory", memory}, {"reply_lifetime", reply_lifetime_}, {"max_age", "1h"}}));
  }
  std::string reply_lifetime_;
  std::unique_ptr<State> state_;
  KeyCache* cache_;
  std::uint64_t ticket_ = 0;
};

// By the million: fmt takes longer for that, unoptimised, than the cache does.
std::string padded(int i, std::size_t length) {
  const std::string digits = std::to_string(i);
  return std::string(length - digits.size(), '0') + digits;
}
std::string key_number(int i) { return "key" + padded(i, 9); }
std::string data_of(int i) { return padded(i, 100); }

int cached(ResizedCache& cache, int keys) {
  int there = 0;
  for (int i = 0; i < keys; ++i) {
    const std::string found = cache.look(key_number(i));
    if (found.empty()) continue;
    EXPECT_EQ(found, value(key_number(i), data_of(i)));
    ++there;
  }
  return there;
}

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t all = 0;
  std::size_t resident = 0;
  file >> all >> resident;
  return resident * 4096;
}

TEST(Resize, GrowingKeepsAll) {
  constexpr int kKeys = 30'000;
  for (const char* size : {"9MiB", "11MiB", "64MiB", "1GiB"}) {
    ResizedCache cache("8MiB");
    for (int i = 0; i < kKeys; ++i) ASSERT_TRUE(cache.fill(key_number(i), data_of(i)));
    const int before = cached(cache, kKeys);
    ASSERT_GT(before, kKeys * 99 / 100) << "some had no place in their bucket";
    ASSERT_EQ(cache.begin(size), "");
    EXPECT_TRUE(cache.go_on()) << "a part of it";
    EXPECT_EQ(cached(cache, kKeys), before) << "what is not in the new index yet is brought there: " << size;
    cache.end();
    EXPECT_EQ(cached(cache, kKeys), before) << size;
    EXPECT_EQ(cache.memory("bound"), size);
    EXPECT_EQ(cache.memory("changing"), "false");
  }
}

TEST(Resize, TheNewMemoryIsUsed) {
  constexpr int kKeys = 200'000;
  ResizedCache cache("8MiB");
  cache.resize("64MiB");
  for (int i = 0; i < kKeys; ++i) cache.fill(key_number(i), data_of(i));
  EXPECT_GT(cached(cache, kKeys), kKeys * 95 / 100);
}

TEST(Resize, ShrinkingKeepsWhatIsAskedForAndGivesMemoryBack) {
  constexpr int kKeys = 300'000;
  constexpr int kPopular = 20'000;
  constexpr std::size_t kGivenBack = 20 << 20;  // of 56 MiB: AddressSanitizer keeps what the test itself frees
  ResizedCache cache("64MiB");
  for (int i = 0; i < kKeys; ++i) cache.fill(key_number(i), data_of(i));
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < kPopular; ++i) cache.look(key_number(i * 15));
  }
  const std::size_t before = resident_bytes();
  cache.resize("8MiB");
  EXPECT_LT(resident_bytes() + kGivenBack, before);
  EXPECT_EQ(cache.memory("changing"), "false");
  int popular = 0;
  for (int i = 0; i < kPopular; ++i) popular += cache.look(key_number(i * 15)).empty() ? 0 : 1;
  EXPECT_GT(popular, kPopular * 9 / 10);
  const int all = cached(cache, kKeys);
  EXPECT_LT(all, 60'000);
  // And it goes on as a cache of this size.
  for (int i = 0; i < kKeys; ++i) cache.fill(key_number(kKeys + i), data_of(i));
  EXPECT_LT(resident_bytes() + kGivenBack, before);
}

TEST(Resize, ThereAndBackManyTimes) {
  ResizedCache cache("16MiB");
  constexpr int kKeys = 20'000;
  const char* sizes[] = {"64MiB", "7MiB", "9MiB", "128MiB", "8MiB", "16MiB"};
  int next = 0;
  for (int round = 0; round < 18; ++round) {
    for (int i = 0; i < 4 * kKeys; ++i, ++next) cache.fill(key_number(next % (5 * kKeys)), data_of(next % (5 * kKeys)));
    cache.resize(sizes[round % 6]);
    EXPECT_GT(cached(cache, 5 * kKeys), kKeys) << round;
  }
}

TEST(Resize, LongValuesStayWhole) {
  ResizedCache cache("64MiB");
  const auto name = [](int i) { return fmt::format("large{}", i); };
  const auto bytes = [](int i) {
    std::string text(200'000, '\0');
    for (std::size_t at = 0; at < text.size(); ++at) text[at] = static_cast<char>(at * 131 + (at >> 8) * 7 + static_cast<unsigned>(i) * 17);
    return text;
  };
  for (int i = 0; i < 200; ++i) {
    cache.get(static_cast<std::uint64_t>(i) + 1, name(i));
    const auto permit = cache->answered({static_cast<std::uint64_t>(i) + 1}, cache.now);
    ASSERT_TRUE(permit);
    const std::string text = bytes(i);
    const std::string key = name(i);
    ASSERT_TRUE(cache->fill(*permit, Item{key, text}, cache.now + kSecondOfCache, cache.now));
  }
  for (const char* size : {"256MiB", "64MiB", "16MiB", "20MiB"}) {
    for (int i = 0; i < 20; ++i) cache.look(name(i));  // asked for
    cache.resize(size);
    int whole = 0;
    for (int i = 0; i < 200; ++i) {
      const auto hit = cache->find(cache->look_up(hash_key(name(i))), name(i), cache.now);
      const auto details = hit ? KeyCache::details(*hit) : std::nullopt;
      if (!details) continue;
      std::string got(details->value_length, '\0');
      ASSERT_TRUE(cache->read_value(*hit, 0, got.size(), reinterpret_cast<std::uint8_t*>(got.data())));
      ASSERT_EQ(got, bytes(i)) << size;
      ++whole;
    }
    EXPECT_GE(whole, 20) << size;
  }
}

TEST(Resize, PinnedKeysStayPinned) {
  ResizedCache cache("64MiB");
  Problems problems;
  cache->pin(key_number(7), problems);
  for (int i = 0; i < 200'000; ++i) cache.fill(key_number(i), data_of(i));
  ASSERT_NE(cache.look(key_number(7)), "");
  cache.resize("8MiB");
  EXPECT_NE(cache.look(key_number(7)), "");
  for (int i = 0; i < 200'000; ++i) cache.fill(key_number(1'000'000 + i), data_of(i));
  EXPECT_NE(cache.look(key_number(7)), "");
}

TEST(Resize, OneChangeAtATime) {
  ResizedCache cache("8MiB");
  EXPECT_EQ(cache.begin("16MiB"), "");
  EXPECT_EQ(cache.memory("changing"), "true");
  EXPECT_EQ(cache.begin("32MiB"),
            "its memory is still being changed to 16MiB (try again later: the handler `memory` tells when `changing` is over)");
  cache.end();
  EXPECT_EQ(cache.begin("32MiB"), "");
  cache.end();
  EXPECT_EQ(cache.memory("bound"), "32MiB");
}

TEST(Resize, StricterAgesEmptyItAllTheSame) {
  ResizedCache cache("8MiB");
  cache.fill("k", "v");
  const auto fresh = testing::make_state("KeyCache", Value::map({{"memory", "16MiB"}, {"reply_lifetime", "1s"}, {"max_age", "1s"}}));
  Problems problems;
  cache->change_to(*fresh, problems)();
  EXPECT_EQ(cache.look("k"), "");
  cache.end();
  EXPECT_EQ(cache.look("k"), "");
}

// The rules, with a resize in the middle of what they are about: in each direction, with the index moved at once, or by who comes.
class RulesOverAResize : public ::testing::TestWithParam<std::tuple<const char*, bool>> {
 protected:
  void resize() {
    EXPECT_EQ(cache_.begin(std::get<0>(GetParam())), "");
    if (std::get<1>(GetParam())) cache_.end();
  }
  ResizedCache cache_{"16MiB"};
};

TEST_P(RulesOverAResize, AReplyToWhatWasAskedForBeforeDoesNotFill) {
  cache_.get(1, "k");
  cache_.get(2, "j");
  resize();
  cache_.write(3, "k");
  cache_.reply(3, "STORED\r\n");
  EXPECT_FALSE(cache_.reply(1, value("k", "old")));
  EXPECT_FALSE(cache_.reply(2, value("j", "v"))) << "nor one that nothing was written to: the epochs are others";
  EXPECT_EQ(cache_.look("k"), "");
}

TEST_P(RulesOverAResize, AWriteBeforeItIsNotForgottenByAReplyAfterIt) {
  cache_.get(1, "k");
  cache_.write(2, "k");
  cache_.reply(2, "STORED\r\n");
  resize();
  EXPECT_FALSE(cache_.reply(1, value("k", "old")));
  cache_.get(3, "k");
  EXPECT_TRUE(cache_.reply(3, value("k", "new")));
}

TEST_P(RulesOverAResize, AWriteThatIsPendingStaysSoUntilItsReply) {
  cache_.write(1, "k");
  resize();
  cache_.get(2, "k");
  EXPECT_FALSE(cache_.reply(2, value("k", "old")));
  cache_.reply(1, "STORED\r\n");
  cache_.get(3, "k");
  EXPECT_TRUE(cache_.reply(3, value("k", "new"))) << "its ticket is known";
}

TEST_P(RulesOverAResize, AWriteWithoutAReplyBlocksForTheLifetime) {
  cache_.write(1, "k", {.no_reply = true});
  resize();
  cache_.now += kSecondOfCache / 2;
  cache_.get(2, "k");
  EXPECT_FALSE(cache_.reply(2, value("k", "old")));
  cache_.now += 2 * kSecondOfCache;
  cache_.get(3, "k");
  EXPECT_TRUE(cache_.reply(3, value("k", "new")));
}

TEST_P(RulesOverAResize, AnItemThatIsWrittenToAfterItIsGone) {
  cache_.fill("k", "v");
  resize();
  cache_.write(1, "k");
  EXPECT_EQ(cache_.look("k"), "");
  cache_.end();
  EXPECT_EQ(cache_.look("k"), "");
}

TEST_P(RulesOverAResize, AnExpiryIsNotForgotten) {
  cache_.write(1, "k", {.expiry = 10});
  cache_.reply(1, "STORED\r\n");
  resize();
  cache_.now += 5 * kSecondOfCache;
  cache_.get(2, "k");
  EXPECT_FALSE(cache_.reply(2, value("k", "v"))) << "nobody knows when it ends";
  cache_.now += 10 * kSecondOfCache;
  cache_.get(3, "k");
  EXPECT_TRUE(cache_.reply(3, value("k", "v")));
}

TEST_P(RulesOverAResize, WhoWillRenewAnItemIsStillAlone) {
  Random random(1);
  cache_.write(1, "k", {.renewal = KeyCache::Renewal::kMarked});
  cache_.reply(1, "HD\r\n");
  resize();
  for (int i = 0; i < 5; ++i) cache_.get(static_cast<std::uint64_t>(10 + i), "k");
  EXPECT_FALSE(cache_->begin_fetch(hash_key("k"), "k", cache_.now, random));
  cache_.write(2, "k", {.renewal = KeyCache::Renewal::kDone});
  cache_.reply(2, "STORED\r\n");
  EXPECT_TRUE(cache_->begin_fetch(hash_key("k"), "k", cache_.now, random)) << "it was asked for before and after";
}

TEST_P(RulesOverAResize, AMissTakesTheItemOut) {
  cache_.fill("k", "v");
  cache_.get(1, "k");
  resize();
  EXPECT_FALSE(cache_.reply(1, "END\r\n"));
  EXPECT_EQ(cache_.look("k"), "");
}

TEST_P(RulesOverAResize, WhatWasFlushedDoesNotComeBack) {
  cache_.fill("before", "v");
  cache_->flush();
  cache_.fill("between", "v");
  resize();
  EXPECT_EQ(cache_.look("before"), "");
  EXPECT_NE(cache_.look("between"), "");
  cache_->unknown_write_sent(cache_.now);
  EXPECT_EQ(cache_.look("between"), "");
  cache_.end();
  EXPECT_EQ(cache_.look("before"), "");
  EXPECT_EQ(cache_.look("between"), "");
  EXPECT_FALSE(cache_.fill("after", "v")) << "the write may still be under way";
}

TEST_P(RulesOverAResize, ThatNothingIsThereIsRememberedAsLongAsBefore) {
  cache_.get(1, "k");
  resize();
  cache_.get(2, "k");
  const auto permit = cache_->answered({2}, cache_.now);
  ASSERT_TRUE(permit);
  cache_->absent(*permit, "k", cache_.now);
  EXPECT_FALSE(cache_.reply(1, value("k", "v"))) << "it was read before";
}

INSTANTIATE_TEST_SUITE_P(Directions, RulesOverAResize,
                         ::testing::Combine(::testing::Values("4MiB", "15MiB", "17MiB", "256MiB"), ::testing::Bool()));

// Of all keys of a bucket together it is known that they were written to, however many buckets become one, or one becomes.
TEST(Resize, NoWriteOfAnyKeyIsForgotten) {
  for (const char* size : {"4MiB", "13MiB", "100MiB"}) {
    ResizedCache cache("16MiB");
    constexpr int kKeys = 100'000;
    for (int i = 0; i < kKeys; ++i) cache.fill(key_number(i), data_of(i));
    for (int i = 0; i < kKeys; i += 2) cache.write(static_cast<std::uint64_t>(i) + 1, key_number(i));
    ASSERT_EQ(cache.begin(size), "");
    for (int i = 0; i < kKeys; ++i) {
      if (i % 7 == 0) cache.go_on();
      if (i % 2 != 0) continue;
      EXPECT_EQ(cache.look(key_number(i)), "");
      EXPECT_FALSE(cache.fill(key_number(i), data_of(i))) << "its write is pending: " << i;
    }
    cache.end();
  }
}

}  // namespace
}  // namespace smartswitch::memcached
