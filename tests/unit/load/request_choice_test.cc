// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/load/request_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace smartswitch::load {
namespace {

// "get 3", and so on.
std::vector<std::string> choose_many(RequestChoice& choice, const KeyHistory& history, int many) {
  std::vector<std::string> all;
  for (int i = 0; i < many; ++i) {
    const RequestChoice::Choice chosen = choice.next(history);
    EXPECT_FALSE(chosen.busy);
    all.push_back((chosen.set ? "set " : "get ") + std::to_string(chosen.key));
  }
  return all;
}

// In every version: runs are compared with older ones.
TEST(RequestChoice, FollowsFromTheSeed) {
  const KeyHistory history(1000);
  RequestChoice mixed(KeyDistribution{}, 1000, 0.5, 7);
  EXPECT_THAT(choose_many(mixed, history, 6), ::testing::ElementsAre("get 81", "set 354", "set 651", "set 414", "get 695", "get 290"));
  RequestChoice gets(KeyDistribution{}, 1000, 1, 7);
  EXPECT_THAT(choose_many(gets, history, 6), ::testing::ElementsAre("get 81", "get 258", "get 354", "get 553", "get 651", "get 603"));
}

TEST(RequestChoice, HasTheRatioOfGets) {
  const KeyHistory history(10);
  RequestChoice choice(KeyDistribution{}, 10, 0.9, 1);
  int gets = 0;
  for (int i = 0; i < 10'000; ++i) gets += choice.next(history).set ? 0 : 1;
  EXPECT_NEAR(gets, 9000, 150);
}

TEST(RequestChoice, SetsAvoidKeysWithASetUnderWay) {
  KeyHistory history(4);
  history.begin_set(0);
  history.begin_set(2);
  RequestChoice choice(*parse_key_distribution("sequential"), 4, 0, 1);
  // Key 1 has been drawn ahead when 0 turns out to be busy: that goes on with 2 and 3.
  EXPECT_THAT(choose_many(choice, history, 3), ::testing::ElementsAre("set 3", "set 1", "set 3"));
}

TEST(RequestChoice, GetsWhereAllKeysHaveASetUnderWay) {
  KeyHistory history(1);
  history.begin_set(0);
  RequestChoice choice(KeyDistribution{}, 1, 0, 1);
  const RequestChoice::Choice chosen = choice.next(history);
  EXPECT_TRUE(chosen.busy);
  EXPECT_FALSE(chosen.set);
  EXPECT_EQ(chosen.key, 0U);
  history.acknowledged(0);
  EXPECT_TRUE(choice.next(history).set);
}

}  // namespace
}  // namespace smartswitch::load
