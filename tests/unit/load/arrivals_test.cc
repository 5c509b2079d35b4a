// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/load/arrivals.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace smartswitch::load {
namespace {

TEST(Arrivals, EvenOnesAreTheSameTimeApart) {
  Arrivals arrivals(ArrivalPattern::kEven, 1000, 1, 5);
  EXPECT_EQ(arrivals.next(), 1'000'005);
  EXPECT_EQ(arrivals.next(), 1'000'005);
  arrivals.take();
  EXPECT_EQ(arrivals.next(), 2'000'005);
  for (int i = 2; i < 1'000'000; ++i) arrivals.take();
  EXPECT_EQ(arrivals.next(), 1'000'000'000'005);
}

TEST(Arrivals, TellHowManyAreDueBeforeATime) {
  Arrivals arrivals(ArrivalPattern::kEven, 1000, 1, 0);
  EXPECT_EQ(arrivals.due_before(1'000'000), 0U);
  EXPECT_EQ(arrivals.due_before(1'000'001), 1U);
  EXPECT_EQ(arrivals.due_before(5'500'000), 5U);
  arrivals.take();
  EXPECT_EQ(arrivals.due_before(5'500'000), 4U);
}

TEST(Arrivals, PoissonGapsHaveTheMeanAndTheSpreadOfAnExponential) {
  constexpr int kMany = 200'000;
  Arrivals arrivals(ArrivalPattern::kPoisson, 10'000, 1, 0);
  double sum = 0;
  double squares = 0;
  std::int64_t last = 0;
  for (int i = 0; i < kMany; ++i) {
    const std::int64_t at = arrivals.next();
    ASSERT_GE(at, last);
    const auto gap = static_cast<double>(at - last);
    sum += gap;
    squares += gap * gap;
    last = at;
    arrivals.take();
  }
  const double mean = sum / kMany;
  EXPECT_NEAR(mean, 100'000, 1000);
  EXPECT_NEAR(std::sqrt(squares / kMany - mean * mean), 100'000, 2000);
}

TEST(Arrivals, FollowFromTheSeed) {
  Arrivals one(ArrivalPattern::kPoisson, 1000, 7, 0);
  Arrivals same(ArrivalPattern::kPoisson, 1000, 7, 0);
  Arrivals other(ArrivalPattern::kPoisson, 1000, 8, 0);
  const std::int64_t first = one.next();
  EXPECT_EQ(first, same.next());
  EXPECT_NE(first, other.next());
}

}  // namespace
}  // namespace smartswitch::load
