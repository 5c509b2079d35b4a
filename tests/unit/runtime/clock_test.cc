// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/clock.h"

#include <gtest/gtest.h>

#include "runtime/eal.h"

namespace smartswitch::runtime {
namespace {

TEST(Clock, FollowsTheKernelsAndNeverRunsBackwards) {
  Problems problems;
  ASSERT_TRUE(start_eal({}, problems));
  Clock clock;
  const std::int64_t end = monotonic_ns() + 50'000'000;  // several syncs
  std::int64_t last = 0;
  std::int64_t nearest = INT64_MAX;
  for (std::int64_t kernel = 0; kernel < end;) {
    const std::int64_t now = clock.at(rte_rdtsc());
    kernel = monotonic_ns();
    ASSERT_GE(now, last);
    last = now;
    // Being preempted between the two readings makes them differ; the best of many shows the clock's own error.
    nearest = std::min(nearest, std::abs(kernel - now));
  }
  EXPECT_LT(nearest, 10'000);
}

TEST(Clock, SurvivesACounterThatJumpsBack) {
  Problems problems;
  ASSERT_TRUE(start_eal({}, problems));
  Clock clock;
  const std::int64_t before = clock.at(rte_rdtsc());
  EXPECT_GE(clock.at(rte_rdtsc() - 1'000'000'000), before);
}

}  // namespace
}  // namespace smartswitch::runtime
