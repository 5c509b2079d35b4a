// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/load/key_choice.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace smartswitch::load {
namespace {

constexpr int kDraws = 200'000;

std::vector<int> draw_many(const char* distribution, std::uint64_t keys) {
  KeyChoice choose(*parse_key_distribution(distribution), keys);
  Random random(1);
  std::vector<int> counts(keys);
  for (int i = 0; i < kDraws; ++i) ++counts.at(choose(random));
  return counts;
}

TEST(KeyChoice, UniformTakesAllAlike) {
  for (const int count : draw_many("uniform", 20)) EXPECT_NEAR(count, kDraws / 20, 500);
}

TEST(KeyChoice, ZipfFollowsItsLaw) {
  const std::vector<int> counts = draw_many("zipf:0.99", 1000);
  double sum = 0;
  for (int i = 1; i <= 1000; ++i) sum += std::pow(i, -0.99);
  for (const int rank : {1, 2, 10, 100}) EXPECT_NEAR(counts[rank - 1] / (kDraws * std::pow(rank, -0.99) / sum), 1, 0.15) << rank;
}

TEST(KeyChoice, SequentialBeginsAtTheFirstAndGoesRound) {
  KeyChoice choose(*parse_key_distribution("sequential"), 3);
  Random random(1);
  for (const std::uint64_t key : {0, 1, 2, 0, 1}) EXPECT_EQ(choose(random), key);
}

TEST(KeyChoice, ReadsDistributionsAndWritesThemTheSame) {
  for (const char* text : {"uniform", "sequential", "zipf:0.99", "zipf:1.2"}) {
    const auto parsed = parse_key_distribution(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(to_string(*parsed), text);
  }
  for (const char* text : {"", "zipf", "zipf:", "zipf:0", "zipf:-1", "zipf:x", "zipf:1x", "zipf:nan", "zipf:99", "uniform "}) {
    EXPECT_FALSE(parse_key_distribution(text)) << text;
  }
}

}  // namespace
}  // namespace smartswitch::load
