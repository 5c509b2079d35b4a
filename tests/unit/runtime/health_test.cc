// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace smartswitch::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::int64_t kNow = 1'000'000'000;

Snapshot with_workers(std::vector<WorkerCounts> workers) {
  Snapshot snapshot;
  snapshot.workers = std::move(workers);
  return snapshot;
}
WorkerCounts worker(const char* name, std::uint64_t rounds, std::int64_t asleep_until = 0) {
  WorkerCounts counts;
  counts.name = name;
  counts.rounds = rounds;
  counts.asleep_until_ns = asleep_until;
  return counts;
}

TEST(Health, RoundsThatRise) {
  EXPECT_THAT(stuck_workers(with_workers({worker("a", 7), worker("b", 7)}), with_workers({worker("a", 8), worker("b", 9)}), kNow),
              IsEmpty());
}

TEST(Health, OneThatDoesNotEndItsRound) {
  EXPECT_THAT(stuck_workers(with_workers({worker("a", 7), worker("b", 7)}), with_workers({worker("a", 8), worker("b", 7)}), kNow),
              ElementsAre("b"));
}

TEST(Health, ASleepIsFineUntilItIsOver) {
  const Snapshot before = with_workers({worker("for ever", 7), worker("still", 7), worker("over", 7)});
  const Snapshot now = with_workers({worker("for ever", 7, INT64_MAX), worker("still", 7, kNow + 1), worker("over", 7, kNow - 1)});
  EXPECT_THAT(stuck_workers(before, now, kNow), ElementsAre("over"));
}

TEST(Health, WithoutWorkersThereIsNothingToSay) { EXPECT_THAT(stuck_workers({}, with_workers({worker("a", 7)}), kNow), IsEmpty()); }

}  // namespace
}  // namespace smartswitch::runtime
