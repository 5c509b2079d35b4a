// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/hot_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "elements/sdk/hash.h"

namespace smartswitch::memcached {
namespace {

void ask(HotKeys& hot, const std::string& key) { hot.sample(hash_key(key), key); }

TEST(HotKeys, NothingIsHotAtFirst) { EXPECT_TRUE(HotKeys().list().empty()); }

// 10 keys of known shares, 5 % and less, among a hundred thousand others.
TEST(HotKeys, FindsWhatIsAskedForMostAndHowOften) {
  HotKeys hot;
  std::mt19937_64 random(1);
  constexpr int kSamples = 100'000;
  for (int i = 0; i < kSamples; ++i) {
    const auto draw = static_cast<int>(random() % 1000);
    int key = 0;
    int below = 50;
    while (key < 10 && draw >= below) below += 50 - 4 * ++key;
    ask(hot, key < 10 ? "hot" + std::to_string(key) : "cold" + std::to_string(random() % 100'000));
  }
  const auto list = hot.list();
  ASSERT_GE(list.size(), 10U);
  EXPECT_LE(list.size(), HotKeys::kListed);
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(list[i].name, "hot" + std::to_string(i));
    EXPECT_NEAR(list[i].share, 0.050 - 0.004 * static_cast<double>(i), 0.005);
  }
  for (std::size_t i = 10; i < list.size(); ++i) EXPECT_LT(list[i].share, 0.002);
}

TEST(HotKeys, ForgetsWhatIsHotNoMore) {
  HotKeys hot;
  for (int i = 0; i < 100'000; ++i) ask(hot, "yesterday");
  EXPECT_EQ(hot.list().front().name, "yesterday");
  for (int i = 0; i < 400'000; ++i) ask(hot, "today" + std::to_string(i % 4));
  const auto list = hot.list();
  EXPECT_THAT(list.front().name, ::testing::StartsWith("today"));
  EXPECT_NEAR(list.front().share, 0.25, 0.1);
}

TEST(HotKeys, KeepsKeysOfEveryLength) {
  HotKeys hot;
  ask(hot, std::string(250, 'k'));
  ask(hot, std::string(251, 'k'));
  ask(hot, "");
  ASSERT_EQ(hot.list().size(), 1U);
  EXPECT_EQ(hot.list()[0].name, std::string(250, 'k'));
}

TEST(HotKeys, MayBeReadWhileSeveralSample) {
  HotKeys hot;
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937_64 random(t);
      for (int i = 0; i < 20'000; ++i) ask(hot, i % 3 == 0 ? "hot" : std::to_string(random() % 1000));
    });
  }
  for (int i = 0; i < 100; ++i) {
    for (const Ranked& entry : hot.list()) ASSERT_FALSE(entry.name.empty());
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(hot.list().front().name, "hot");
}

}  // namespace
}  // namespace smartswitch::memcached
