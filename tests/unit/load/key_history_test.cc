// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/load/key_history.h"

#include <gtest/gtest.h>

namespace smartswitch::load {
namespace {

TEST(KeyHistory, RisesWithWhatIsAcknowledged) {
  KeyHistory history(2);
  EXPECT_EQ(history.oldest(1), 0U);
  EXPECT_EQ(history.begin_set(1), 1U);
  EXPECT_TRUE(history.set_under_way(1));
  EXPECT_FALSE(history.set_under_way(0));
  EXPECT_EQ(history.oldest(1), 0U);
  EXPECT_EQ(history.newest(1), 1U);
  history.acknowledged(1);
  EXPECT_FALSE(history.set_under_way(1));
  EXPECT_EQ(history.oldest(1), 1U);
}

TEST(KeyHistory, LostSetsLeaveBothPossibleForEver) {
  KeyHistory history(1);
  history.begin_set(0);
  history.acknowledged(0);
  history.begin_set(0);
  history.unknown(0);
  EXPECT_FALSE(history.set_under_way(0));
  EXPECT_EQ(history.begin_set(0), 3U);
  history.acknowledged(0);
  EXPECT_EQ(history.oldest(0), 1U);  // version 2 may still arrive
  EXPECT_EQ(history.newest(0), 3U);
}

TEST(KeyHistory, RepeatedSetsEndTheDoubt) {
  KeyHistory history(1);
  history.begin_set(0);
  history.unknown(0);
  EXPECT_EQ(history.begin_set(0, true), 1U);
  history.acknowledged(0);
  EXPECT_EQ(history.oldest(0), 1U);
}

}  // namespace
}  // namespace smartswitch::load
