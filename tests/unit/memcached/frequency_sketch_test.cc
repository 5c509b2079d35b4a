// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/frequency_sketch.h"

#include <gtest/gtest.h>

#include <random>
#include <thread>
#include <vector>

namespace smartswitch::memcached {
namespace {

TEST(FrequencySketch, CountsUpToItsMost) {
  FrequencySketch sketch;
  ASSERT_TRUE(sketch.reserve(1 << 16));
  std::mt19937_64 random(1);
  const std::uint64_t key = random();
  EXPECT_EQ(sketch.count(key), 0U);
  for (unsigned i = 1; i < 40; ++i) {
    const unsigned seen = sketch.add(key);
    EXPECT_EQ(seen, sketch.count(key));
    if (i < FrequencySketch::kMost) {
      EXPECT_EQ(seen, i);
    }
  }
  EXPECT_LE(sketch.count(key), FrequencySketch::kMost);
  EXPECT_GE(sketch.count(key), FrequencySketch::kMost / 2);
  EXPECT_EQ(sketch.count(random()), 0U);
}

TEST(FrequencySketch, TakesTheCountsOfOneOfAnySize) {
  std::mt19937_64 random(3);
  FrequencySketch before;
  ASSERT_TRUE(before.reserve(1 << 16));
  std::vector<std::uint64_t> keys(200);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    keys[i] = random();
    for (std::size_t n = 0; n < 1 + i % 10; ++n) before.add(keys[i]);
  }
  for (const std::size_t bytes : {std::size_t{64}, std::size_t{1} << 12, std::size_t{50'000}, std::size_t{1} << 16, std::size_t{1} << 20}) {
    FrequencySketch after;
    ASSERT_TRUE(after.reserve(bytes));
    after.take_counts(before);
    for (const std::uint64_t key : keys) {
      EXPECT_GE(after.count(key) + (bytes == 50'000 ? FrequencySketch::kMost : 0), before.count(key)) << bytes;
      if (bytes >= 1 << 16) {
        EXPECT_EQ(after.count(key), before.count(key)) << bytes;
      }
    }
  }
}

// As many keys as the class says it remembers, each once, and some often.
TEST(FrequencySketch, TellsWhatIsAskedForOftenFromWhatIsAskedForOnce) {
  constexpr std::size_t kBytes = 1 << 18;
  FrequencySketch sketch;
  ASSERT_TRUE(sketch.reserve(kBytes));
  std::mt19937_64 random(2);
  std::vector<std::uint64_t> often(100);
  for (std::uint64_t& key : often) key = random();
  int taken_for_twice = 0;
  constexpr int kOnce = kBytes;
  for (int i = 0; i < kOnce; ++i) {
    taken_for_twice += sketch.add(random()) >= 2 ? 1 : 0;
    if (i % 50 == 0) sketch.add(often[static_cast<std::size_t>(i / 50 % 100)]);
  }
  EXPECT_LT(taken_for_twice, kOnce / 5);
  int found = 0;
  for (const std::uint64_t key : often) found += sketch.count(key) >= 2 ? 1 : 0;
  EXPECT_GT(found, 95);
}

TEST(FrequencySketch, Forgets) {
  FrequencySketch sketch;
  ASSERT_TRUE(sketch.reserve(64));
  std::mt19937_64 random(3);
  const std::uint64_t key = random();
  for (int i = 0; i < 15; ++i) sketch.add(key);
  for (int i = 0; i < 2000; ++i) sketch.add(random());
  EXPECT_LE(sketch.count(key), 4U);
}

TEST(FrequencySketch, SeveralMayCountAtOnce) {
  FrequencySketch sketch;
  ASSERT_TRUE(sketch.reserve(1 << 16));
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937_64 random(t);
      for (int i = 0; i < 20'000; ++i) sketch.add(i % 2 == 0 ? 42 : random());
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_GE(sketch.count(42), 5U);
}

}  // namespace
}  // namespace smartswitch::memcached
