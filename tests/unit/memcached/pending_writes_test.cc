// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/pending_writes.h"

#include <gtest/gtest.h>

namespace smartswitch::memcached {
namespace {

TEST(PendingWrites, EachEndsWithItsReply) {
  PendingWrites pending = PendingWrites::none_in(7).sent().sent();
  const std::uint8_t first = pending.last();
  pending = pending.in(8).sent().answered(first);
  EXPECT_FALSE(pending.none());
  pending = pending.answered(first);
  EXPECT_FALSE(pending.none()) << "the one of the new period";
  EXPECT_TRUE(pending.answered(pending.last()).none());
  EXPECT_TRUE(pending.answered(pending.last()).answered(pending.last()).none()) << "one reply too many";
}

TEST(PendingWrites, WithoutReplyTheyCountToTheEndOfTheNextPeriod) {
  for (std::uint64_t period : {0U, 1U, 100U, 254U, 255U, 256U, 511U}) {
    const PendingWrites pending = PendingWrites::none_in(period).sent();
    EXPECT_FALSE(pending.in(period).none()) << period;
    EXPECT_FALSE(pending.in(period + 1).none()) << period;
    EXPECT_TRUE(pending.in(period + 2).none()) << period;
    EXPECT_TRUE(pending.in(period + 100).none()) << period;
    EXPECT_FALSE(pending.in(period + 1).sent().in(period + 2).none()) << "the second one";
    EXPECT_TRUE(pending.in(period + 1).sent().in(period + 3).none()) << period;
  }
}

TEST(PendingWrites, AnEarlierPeriodForgetsNothing) {
  const PendingWrites pending = PendingWrites::none_in(300).sent();
  EXPECT_EQ(pending.in(299).word(), pending.word());
  EXPECT_FALSE(pending.in(299).sent().answered(pending.last()).none());
}

TEST(PendingWrites, AddedUpTheyEndAsEachWouldHave) {
  for (std::uint64_t period : {1U, 254U, 255U, 256U}) {
    const PendingWrites earlier = PendingWrites::none_in(period).sent();
    const PendingWrites later = PendingWrites::none_in(period + 1).sent().sent();
    for (const PendingWrites both : {earlier.with(later), later.with(earlier)}) {
      EXPECT_EQ(both.last(), later.last());
      const PendingWrites left = both.answered(later.last()).answered(later.last());
      EXPECT_FALSE(left.none()) << "the earlier one";
      EXPECT_TRUE(left.answered(earlier.last()).none());
      EXPECT_TRUE(left.in(period + 2).none());
    }
  }
}

TEST(PendingWrites, TooManyToBeCountedStayTooMany) {
  PendingWrites many = PendingWrites::none_in(7);
  for (int i = 0; i < 3000; ++i) many = many.sent();
  many = many.with(many);
  for (int i = 0; i < 6000; ++i) many = many.answered(many.last());
  EXPECT_FALSE(many.none()) << "only time ends them";
}

TEST(PendingWrites, AReplyFromLongAgoEndsNobodyElses) {
  const PendingWrites pending = PendingWrites::none_in(10).sent();
  EXPECT_FALSE(pending.answered(8).none());
  EXPECT_FALSE(pending.answered(11).none());
}

TEST(PendingWrites, TooManyAreEndedByTimeAlone) {
  PendingWrites pending = PendingWrites::none_in(3);
  for (int i = 0; i < 5000; ++i) pending = pending.sent();
  for (int i = 0; i < 5000; ++i) pending = pending.answered(3);
  EXPECT_FALSE(pending.none());
  EXPECT_FALSE(pending.in(4).none());
  EXPECT_TRUE(pending.in(5).none());
}

}  // namespace
}  // namespace smartswitch::memcached
