// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/load/pace.h"

#include <gtest/gtest.h>

namespace smartswitch::load {
namespace {

TEST(Pace, ClosedLoopHasAWindowForEachClient) {
  Pace pace(2, 2);
  EXPECT_FALSE(pace.open());
  EXPECT_EQ(pace.burst(), 4U);
  for (const std::uint32_t client : {0, 1, 0, 1}) {
    const std::optional<Pace::Turn> turn = pace.next(500);
    ASSERT_TRUE(turn);
    EXPECT_EQ(turn->client, client);
    EXPECT_EQ(turn->due, 500);
    pace.take();
  }
  EXPECT_FALSE(pace.next(500));
  EXPECT_EQ(pace.burst(), 0U);
  pace.give_back(1);
  EXPECT_EQ(pace.next(600)->client, 1U);
  EXPECT_EQ(pace.behind(600), 0U);
}

class OpenLoop : public ::testing::Test {
 protected:
  Pace pace_{2, Arrivals(ArrivalPattern::kEven, 1e6, 1, 0), 4500};  // due at 1000, 2000, 3000, 4000
};

TEST_F(OpenLoop, HasRequestsAtFixedTimesOfOneClientAfterTheOther) {
  EXPECT_TRUE(pace_.open());
  EXPECT_EQ(pace_.next_due(), 1000);
  EXPECT_FALSE(pace_.next(999));
  for (int i = 0; i < 3; ++i) {
    const std::optional<Pace::Turn> turn = pace_.next(3500);
    ASSERT_TRUE(turn);
    EXPECT_EQ(turn->client, static_cast<std::uint32_t>(i % 2));
    EXPECT_EQ(turn->due, 1000 * (i + 1));
    pace_.take();
  }
  EXPECT_FALSE(pace_.next(3500));
  pace_.give_back(0);
  EXPECT_FALSE(pace_.next(3500));
}

TEST_F(OpenLoop, GivesTheSameRequestToAnotherClientUntilItIsTaken) {
  EXPECT_EQ(pace_.next(1000)->client, 0U);
  EXPECT_EQ(pace_.next(1000)->client, 1U);
  EXPECT_EQ(pace_.next(1000)->due, 1000);
}

TEST_F(OpenLoop, Ends) {
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(pace_.next(9000));
    pace_.take();
  }
  EXPECT_FALSE(pace_.next(9000));
}

TEST_F(OpenLoop, SaysHowFarItIsBehind) {
  EXPECT_EQ(pace_.behind(1000), 0U);
  EXPECT_EQ(pace_.behind(3500), 3U);
  EXPECT_EQ(pace_.behind(9000), 4U);
}

}  // namespace
}  // namespace smartswitch::load
