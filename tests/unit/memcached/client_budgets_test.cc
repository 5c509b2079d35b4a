// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/client_budgets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "elements/sdk/testing/test_bench.h"

namespace smartswitch::memcached {
namespace {

using ::testing::AllOf;
using ::testing::Ge;
using ::testing::Le;
using ::testing::SizeIs;

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kSecond = 1000 * kMs;
constexpr ClientAddress client(std::uint32_t number) { return {0, 0xFFFFULL << 32 | number}; }

class Budgets : public ::testing::Test {
 protected:
  // 1000 a second, 100 at once.
  void make(const std::string& rate = "1k", const std::string& burst = "100ms", const std::string& clients = "1024",
            const std::string& length = "32", const std::string& length6 = "64") {
    state_ = testing::make_state(
        "ClientBudgets",
        Value::map({{"rate", rate}, {"burst", burst}, {"clients", clients}, {"prefix_length", length}, {"prefix_length6", length6}}));
    budgets_ = static_cast<ClientBudgets*>(state_.get());
  }
  Budgets() { make(); }
  // How many of `n` attempts succeed now.
  int spend(ClientAddress who, int n, std::uint64_t subject = 0) {
    int got = 0;
    for (int i = 0; i < n; ++i) got += budgets_->take(who, subject, 1, now_) ? 1 : 0;
    return got;
  }

  std::unique_ptr<State> state_;
  ClientBudgets* budgets_ = nullptr;
  std::int64_t now_ = 5 * kSecond;
};

TEST_F(Budgets, AllowABurstAndThenTheRate) {
  EXPECT_EQ(spend(client(1), 200), 100);
  for (int i = 0; i < 50; ++i) {
    now_ += kMs;
    EXPECT_EQ(spend(client(1), 3), 1) << i;
  }
  now_ += 7 * kMs;
  EXPECT_EQ(spend(client(1), 20), 7);
  now_ += 10 * kSecond;
  EXPECT_EQ(spend(client(1), 200), 100) << "no more than the burst is saved";
}

TEST_F(Budgets, HoldTheRateOverTime) {
  int got = 0;
  for (int i = 0; i < 10000; ++i) {
    now_ += kMs / 3;
    got += spend(client(1), 1);
  }
  EXPECT_THAT(got, AllOf(Ge(3333), Le(3333 + 101)));
}

TEST_F(Budgets, AreOnesOwn) {
  EXPECT_EQ(spend(client(1), 200), 100);
  EXPECT_EQ(spend(client(2), 200), 100);
  EXPECT_EQ(spend(client(1), 200, 77), 100) << "one for each subject";
  EXPECT_EQ(spend(client(1), 1), 0);
}

TEST_F(Budgets, AreSharedByTheAddressesOfAPrefix) {
  make("1k", "100ms", "1024", "24", "48");
  EXPECT_EQ(spend(client(0x0A000001), 60), 60);
  EXPECT_EQ(spend(client(0x0A0000FE), 60), 40);
  EXPECT_EQ(spend(client(0x0A000101), 60), 60);
  EXPECT_EQ(spend({0xFD00000000010001, 1}, 60), 60);
  EXPECT_EQ(spend({0xFD00000000010002, 9}, 60), 40);
  EXPECT_EQ(spend({0xFD00000000020002, 9}, 60), 60);
}

TEST_F(Budgets, TakeAllOrNothing) {
  EXPECT_TRUE(budgets_->take(client(1), 0, 90, now_));
  EXPECT_FALSE(budgets_->take(client(1), 0, 11, now_));
  EXPECT_TRUE(budgets_->take(client(1), 0, 10, now_));
  EXPECT_FALSE(budgets_->take(client(1), 0, 0.01, now_));
}

TEST_F(Budgets, LetPassWhatIsMoreThanABudgetWhenItIsFull) {
  EXPECT_TRUE(budgets_->take(client(1), 0, 1e9, now_));
  EXPECT_FALSE(budgets_->take(client(1), 0, 1e9, now_ + 99 * kMs));
  EXPECT_TRUE(budgets_->take(client(1), 0, 1e9, now_ + 100 * kMs));
}

TEST_F(Budgets, TakeBackUpToFull) {
  EXPECT_EQ(spend(client(1), 200), 100);
  budgets_->give(client(1), 0, 30, now_);
  EXPECT_EQ(spend(client(1), 200), 30);
  budgets_->give(client(1), 0, 1e12, now_);
  EXPECT_EQ(spend(client(1), 200), 100);
  budgets_->give(client(1), 5, 50, now_);
  budgets_->give(client(2), 0, 50, now_);
  EXPECT_EQ(spend(client(1), 1), 0) << "that was for others";
  EXPECT_EQ(spend(client(2), 200), 100) << "it was full";
}

TEST_F(Budgets, OutliveTheirClock) {
  // Places keep 48 bits of the time, which come round after 78 hours.
  for (const std::int64_t later :
       {std::int64_t{1} << 47, (std::int64_t{1} << 48) - 200 * kMs, std::int64_t{1} << 48, std::int64_t{1} << 55}) {
    SCOPED_TRACE(later);
    make();
    EXPECT_EQ(spend(client(1), 200), 100);
    now_ += later;
    const int got = spend(client(1), 200);
    EXPECT_THAT(got, AllOf(Ge(0), Le(100)));
    now_ += 20 * kSecond;
    EXPECT_EQ(spend(client(1), 200), 100) << "whatever an old place looked like, it is right again soon";
    EXPECT_EQ(spend(client(1), 200), 0);
  }
  make();
  now_ = std::int64_t{1} << 47;
  EXPECT_EQ(spend(client(1), 200), 100) << "an empty table means the same at any time";
}

TEST_F(Budgets, BearClocksThatDiffer) {
  EXPECT_EQ(spend(client(1), 200), 100);
  now_ -= kSecond;
  EXPECT_EQ(spend(client(1), 200), 0) << "on a worker that is behind, nothing is forgotten";
}

// Forged addresses, each once.
TEST_F(Budgets, AreNotLostToForgedAddresses) {
  make("1k", "100ms", "4096");
  Random random(3);
  int honest = 0;
  for (int i = 0; i < 200'000; ++i) {
    now_ += 1000;  // a million forged requests a second, against 8 million that the table bears
    budgets_->take(client(static_cast<std::uint32_t>(random.next())), 0, 1, now_);
    if (i % 2000 == 0) honest += spend(client(0x0A000001), 1);  // 500 a second
  }
  EXPECT_EQ(honest, 100) << "none is refused";
  // Who has spent all has to wait, however many come in between.
  EXPECT_EQ(spend(client(0x0A000002), 200), 100);
  int greedy = 0;
  for (int i = 0; i < 50'000; ++i) {
    now_ += 1000;
    budgets_->take(client(static_cast<std::uint32_t>(random.next())), 0, 1, now_);
    greedy += spend(client(0x0A000002), 1);
  }
  EXPECT_THAT(greedy, AllOf(Ge(49), Le(51))) << "50 ms at the rate";
}

TEST_F(Budgets, NeverGiveMoreThanTheTableHolds) {
  make("10", "1s", "64");
  Random random(4);
  int got = 0;
  for (int i = 0; i < 100'000; ++i) got += spend(client(static_cast<std::uint32_t>(random.next())), 1);
  EXPECT_LE(got, 128 * 10) << "128 places with a burst of 10 each";
  EXPECT_GE(got, 128 * 9);
  const auto* info = Registry::instance().state("ClientBudgets");
  EXPECT_GT(info->counters[0].get(budgets_), 90'000U) << "shared";
}

TEST_F(Budgets, AreCountedRightByWorkersAtOnce) {
  make("1k", "1000s", "64");
  int got[4] = {};
  std::vector<std::thread> workers;
  for (int& mine : got) {
    workers.emplace_back([&mine, this] {
      for (int i = 0; i < 400'000; ++i) {
        if (budgets_->take(client(1), 0, 1, now_)) ++mine;
        if (i % 10 == 0 && budgets_->take(client(1), 0, 1, now_)) budgets_->give(client(1), 0, 1, now_);
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_THAT(got[0] + got[1] + got[2] + got[3], AllOf(Ge(999'990), Le(1'000'004)))
      << "another worker's passing spending may be in the way";
}

TEST(ClientBudgets, NeedsABurstOfAtLeastOne) {
  ClientBudgets budgets;
  Problems problems;
  const auto* info = Registry::instance().state("ClientBudgets");
  EXPECT_TRUE(assign_parameters(&budgets, info->parameters, Value::map({{"rate", "10"}, {"burst", "99ms"}}), "it", {}, problems));
  budgets.validate(problems);
  ASSERT_THAT(problems.list(), SizeIs(1));
  EXPECT_EQ(problems.list()[0].message, "at a `rate` of 10/s a `burst` of 99ms is less than one");
}

}  // namespace
}  // namespace smartswitch::memcached
