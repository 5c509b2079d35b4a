// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/load/filling.h"

#include <gtest/gtest.h>

namespace smartswitch::load {
namespace {

constexpr std::int64_t kMs = 1'000'000;

std::uint64_t next_key(Filling& filling) {
  UnderWay request;
  filling.choose(request);
  EXPECT_TRUE(request.set);
  return request.key;
}

TEST(Filling, TakesEveryKeyOnceAndAgainWhatIsToBeRepeated) {
  Filling filling(3, 0);
  EXPECT_EQ(next_key(filling), 0U);
  EXPECT_EQ(next_key(filling), 1U);
  UnderWay lost;
  lost.key = 0;
  filling.again(lost);
  EXPECT_EQ(next_key(filling), 0U);
  EXPECT_FALSE(filling.all_sent());
  EXPECT_EQ(next_key(filling), 2U);
  EXPECT_TRUE(filling.all_sent());
  lost.key = 1;
  filling.again(lost);
  EXPECT_FALSE(filling.all_sent());
  EXPECT_EQ(next_key(filling), 1U);
  EXPECT_TRUE(filling.all_sent());
}

TEST(Filling, IsHopelessOnceNothingHasBeenAnsweredForLong) {
  Filling filling(1, 100 * kMs);
  EXPECT_FALSE(filling.hopeless(3100 * kMs, 250 * kMs));
  EXPECT_TRUE(filling.hopeless(3101 * kMs, 250 * kMs));
  EXPECT_FALSE(filling.hopeless(3101 * kMs, 1000 * kMs));
  EXPECT_TRUE(filling.hopeless(4101 * kMs, 1000 * kMs));
  filling.answered(3000 * kMs);
  EXPECT_FALSE(filling.hopeless(6000 * kMs, 250 * kMs));
}

TEST(Filling, HasFewerLargeValuesUnderWay) {
  EXPECT_EQ(Filling::at_once(32), Filling::kMostAtOnce);
  EXPECT_EQ(Filling::at_once(8000), 5U);
  EXPECT_EQ(Filling::at_once(65'000), 1U);
}

}  // namespace
}  // namespace smartswitch::load
