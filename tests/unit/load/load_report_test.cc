// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/load/load_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "elements/sdk/testing/test_bench.h"

namespace smartswitch {
namespace {

constexpr std::int64_t kMs = 1'000'000;

TEST(LoadReport, TimesOfMeasuring) {
  const std::unique_ptr<State> state = testing::make_state("LoadReport");
  auto& report = static_cast<LoadReport&>(*state);
  report.enter(LoadPhase::kMeasuring, 1000 * kMs);
  report.answered_at(1900 * kMs);
  report.enter(LoadPhase::kDraining, 2000 * kMs);
  EXPECT_DOUBLE_EQ(report.figures().seconds, 1);
  report.answered_at(2100 * kMs);
  report.enter(LoadPhase::kDone, 2300 * kMs);
  EXPECT_DOUBLE_EQ(report.figures().seconds, 1.1);
  EXPECT_DOUBLE_EQ(report.figures().sending_seconds, 1);
  EXPECT_DOUBLE_EQ(report.figures().progress, 1);
}

TEST(LoadReport, CountsAnswersByWhatTheyAre) {
  const std::unique_ptr<State> state = testing::make_state("LoadReport");
  auto& report = static_cast<LoadReport&>(*state);
  load::UnderWay request;
  report.count_answer(request, load::Verdict::kWrong, 5 * kMs);
  EXPECT_EQ(report.figures().answers_ever, 1U);
  EXPECT_EQ(report.figures().wrong, 1U);
  EXPECT_EQ(report.figures().answers, 0U);
  request.counted = true;
  request.due = 2 * kMs;
  using load::Verdict;
  for (const Verdict verdict : {Verdict::kHit, Verdict::kMiss, Verdict::kError, Verdict::kWrong})
    report.count_answer(request, verdict, 5 * kMs);
  request.set = true;
  report.count_answer(request, Verdict::kStored, 6 * kMs);
  const LoadFigures f = report.figures();
  EXPECT_EQ(f.answers_ever, 6U);
  EXPECT_EQ(f.answers, 5U);
  EXPECT_EQ(f.hits, 1U);
  EXPECT_EQ(f.misses, 1U);
  EXPECT_EQ(f.errors, 1U);
  EXPECT_EQ(f.stored, 1U);
  EXPECT_EQ(f.wrong, 2U);
  EXPECT_EQ(f.gets.count, 4U);
  EXPECT_DOUBLE_EQ(f.gets.max, 3000);
  EXPECT_EQ(f.sets.count, 1U);
  EXPECT_DOUBLE_EQ(f.sets.max, 4000);
}

TEST(LoadReport, HasEnoughRequestsAtTheLimit) {
  const std::unique_ptr<State> state = testing::make_state("LoadReport", Value::map({{"requests", "2"}}));
  auto& report = static_cast<LoadReport&>(*state);
  load::UnderWay request;
  request.due = 1 * kMs;
  request.sent = 3 * kMs;
  report.count_request(request, false);
  EXPECT_FALSE(report.enough());
  EXPECT_EQ(report.figures().lateness.count, 0U);
  report.count_request(request, true);
  EXPECT_TRUE(report.enough());
  EXPECT_DOUBLE_EQ(report.figures().lateness.max, 2000);
  const std::unique_ptr<State> unlimited = testing::make_state("LoadReport");
  EXPECT_FALSE(static_cast<LoadReport&>(*unlimited).enough());
}

TEST(LoadReport, KeepsTheFirstComplaints) {
  const std::unique_ptr<State> state = testing::make_state("LoadReport");
  auto& report = static_cast<LoadReport&>(*state);
  for (int i = 0; i < 100; ++i) report.complain(std::to_string(i));
  EXPECT_THAT(report.figures().complaints, ::testing::ElementsAre("0", "1", "2", "3", "4", "5", "6", "7"));
}

TEST(LoadReport, IsReadWhileItIsWritten) {
  const std::unique_ptr<State> state = testing::make_state("LoadReport");
  auto& report = static_cast<LoadReport&>(*state);
  constexpr std::uint64_t kMany = 20'000;
  std::atomic<bool> done = false;
  std::thread worker([&] {
    report.enter(LoadPhase::kMeasuring, 1000 * kMs);
    for (std::uint64_t i = 0; i < kMany; ++i) {
      report.gets.record(static_cast<std::int64_t>(i));
      report.answers.add();
      report.answered_at(1000 * kMs + static_cast<std::int64_t>(i));
      if (i % 1000 == 0) report.complain("x");
    }
    report.enter(LoadPhase::kDone, 2000 * kMs);
    done = true;
  });
  std::uint64_t last = 0;
  while (!done) {
    const LoadFigures figures = report.figures();
    EXPECT_GE(figures.answers, last);
    last = figures.answers;
    EXPECT_FALSE(report.histogram_log().empty());
  }
  worker.join();
  EXPECT_EQ(report.figures().gets.count, kMany);
}

}  // namespace
}  // namespace smartswitch
