// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/sdk/timer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

#include "elements/sdk/worker.h"

namespace smartswitch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Writes its number down when its timer fires.
class Bell {
 public:
  Bell(int number, std::vector<int>& rung) : number_(number), rung_(rung) { timer.bind<&Bell::ring>(this); }
  Timer timer;

 private:
  void ring() { rung_.push_back(number_); }
  int number_;
  std::vector<int>& rung_;
};

TEST(Timer, FiresInTheOrderOfTime) {
  TimerQueue queue;
  std::vector<int> rung;
  Bell a(1, rung), b(2, rung), c(3, rung);
  queue.schedule(a.timer, 30);
  queue.schedule(b.timer, 10);
  queue.schedule(c.timer, 20);
  EXPECT_EQ(queue.next_due(), 10);
  EXPECT_EQ(queue.advance(9), 0U);
  EXPECT_THAT(rung, IsEmpty()) << "never early";
  EXPECT_EQ(queue.advance(20), 2U);
  EXPECT_THAT(rung, ElementsAre(2, 3));
  EXPECT_FALSE(b.timer.scheduled());
  EXPECT_TRUE(a.timer.scheduled());
  EXPECT_EQ(queue.advance(1000), 1U);
  EXPECT_THAT(rung, ElementsAre(2, 3, 1));
  EXPECT_EQ(queue.next_due(), INT64_MAX);
  EXPECT_EQ(queue.advance(2000), 0U) << "once only";
}

TEST(Timer, CanBeCancelled) {
  TimerQueue queue;
  std::vector<int> rung;
  Bell a(1, rung), b(2, rung), c(3, rung);
  queue.schedule(a.timer, 10);
  queue.schedule(b.timer, 20);
  queue.schedule(c.timer, 30);
  a.timer.cancel();
  a.timer.cancel();
  EXPECT_FALSE(a.timer.scheduled());
  EXPECT_EQ(queue.next_due(), 20);
  c.timer.cancel();
  queue.advance(100);
  EXPECT_THAT(rung, ElementsAre(2));
}

TEST(Timer, MovesWhenScheduledAgain) {
  TimerQueue queue;
  std::vector<int> rung;
  Bell a(1, rung), b(2, rung);
  queue.schedule(a.timer, 10);
  queue.schedule(b.timer, 20);
  queue.schedule(a.timer, 30);
  EXPECT_EQ(queue.advance(25), 1U);
  EXPECT_THAT(rung, ElementsAre(2));
  queue.schedule(a.timer, 26);
  EXPECT_EQ(queue.advance(26), 1U);
  EXPECT_THAT(rung, ElementsAre(2, 1));
}

// Schedules itself again for the time that has come already.
struct Insistent {
  explicit Insistent(TimerQueue& q) : queue(q) { timer.bind<&Insistent::ring>(this); }
  void ring() {
    ++rung;
    queue.schedule(timer, 10);
  }
  TimerQueue& queue;
  Timer timer;
  int rung = 0;
};

TEST(Timer, RingsOnceARoundHoweverSoonItIsDueAgain) {
  TimerQueue queue;
  std::vector<int> others;
  Insistent a(queue);
  Bell b(2, others);
  queue.schedule(a.timer, 10);
  queue.schedule(b.timer, 20);
  EXPECT_EQ(queue.advance(20), 2U);
  EXPECT_EQ(a.rung, 1);
  EXPECT_THAT(others, ElementsAre(2));
  EXPECT_EQ(queue.advance(21), 1U);
  EXPECT_EQ(a.rung, 2);
}

TEST(Timer, CanMoveToAnotherQueue) {
  TimerQueue one, other;
  std::vector<int> rung;
  Bell a(1, rung);
  one.schedule(a.timer, 10);
  other.schedule(a.timer, 10);
  EXPECT_EQ(one.advance(100), 0U);
  EXPECT_EQ(other.advance(100), 1U);
}

TEST(Timer, CancelsItselfWhenDestroyed) {
  TimerQueue queue;
  std::vector<int> rung;
  {
    Bell gone(1, rung);
    queue.schedule(gone.timer, 10);
  }
  EXPECT_EQ(queue.next_due(), INT64_MAX);
  EXPECT_EQ(queue.advance(100), 0U);
}

TEST(Timer, OutlivesItsQueue) {
  std::vector<int> rung;
  Bell a(1, rung);
  {
    TimerQueue queue;
    queue.schedule(a.timer, 10);
  }
  EXPECT_FALSE(a.timer.scheduled());
  a.timer.cancel();
}

/// Does things to the queue from within its callback.
class Meddler {
 public:
  explicit Meddler(TimerQueue& queue) : queue_(queue) {
    timer.bind<&Meddler::tick>(this);
    other.bind<&Meddler::never>(this);
  }
  Timer timer;
  Timer other;
  int ticks = 0;
  bool other_fired = false;

 private:
  void tick() {
    other.cancel();
    if (++ticks < 5) queue_.schedule(timer, ticks * 10);
  }
  void never() { other_fired = true; }
  TimerQueue& queue_;
};

TEST(Timer, CallbacksMayScheduleAndCancel) {
  TimerQueue queue;
  Meddler meddler(queue);
  queue.schedule(meddler.timer, 0);
  queue.schedule(meddler.other, 5);
  EXPECT_EQ(queue.advance(20), 3U) << "at 0, 10 and 20";
  EXPECT_EQ(meddler.ticks, 3);
  EXPECT_FALSE(meddler.other_fired);
  EXPECT_EQ(queue.next_due(), 30);
  queue.advance(1000);
  EXPECT_EQ(meddler.ticks, 5);
}

TEST(Timer, ManyKeepTheirOrderWhateverIsDoneToThem) {
  TimerQueue queue;
  std::vector<int> rung;
  std::vector<std::unique_ptr<Bell>> bells;
  std::vector<std::optional<std::int64_t>> due(500);
  for (int i = 0; i < 500; ++i) bells.push_back(std::make_unique<Bell>(i, rung));
  Random random(7);
  for (int step = 0; step < 5000; ++step) {
    const std::size_t i = (random.next() >> 32) % bells.size();
    if (random.uniform() < 0.3) {
      bells[i]->timer.cancel();
      due[i].reset();
    } else {
      due[i] = static_cast<std::int64_t>((random.next() >> 32) % 10'000);
      queue.schedule(bells[i]->timer, *due[i]);
    }
  }
  queue.advance(4'999);
  const std::size_t half = rung.size();
  queue.advance(10'000);
  std::size_t scheduled = 0;
  for (const auto& at : due) scheduled += at ? 1 : 0;
  ASSERT_EQ(rung.size(), scheduled);
  for (std::size_t i = 1; i < rung.size(); ++i) {
    EXPECT_LE(*due[static_cast<std::size_t>(rung[i - 1])], *due[static_cast<std::size_t>(rung[i])]);
  }
  EXPECT_LE(*due[static_cast<std::size_t>(rung[half - 1])], 4'999);
  EXPECT_GT(*due[static_cast<std::size_t>(rung[half])], 4'999);
}

TEST(TimerQueue, StopsAllTimersOfAHolderAndNoOthers) {
  TimerQueue queue, staging;
  std::vector<int> rung;
  std::vector<std::unique_ptr<Bell>> bells;
  const int holders[2] = {};
  for (int i = 0; i < 10; ++i) {
    bells.push_back(std::make_unique<Bell>(i, rung));
    staging.schedule(bells.back()->timer, 100 - i, &holders[i % 2]);
  }
  queue.adopt(staging);
  queue.cancel_all_of(&holders[1]);
  EXPECT_FALSE(bells[1]->timer.scheduled());
  EXPECT_EQ(queue.advance(100), 5U);
  EXPECT_THAT(rung, ElementsAre(8, 6, 4, 2, 0));
}

TEST(Random, NeighbouringSeedsGiveDifferentSequences) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) EXPECT_NE(Random(seed).next(), Random(seed + 1).next()) << seed;
}

TEST(Random, IsUniformAndReproducible) {
  Random a(3), b(3), c(4'000'000);
  double sum = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double u = a.uniform();
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    ASSERT_EQ(u, b.uniform());
    sum += u;
  }
  EXPECT_NEAR(sum / 100'000, 0.5, 0.01);
  EXPECT_NE(a.next(), c.next());
}

}  // namespace
}  // namespace smartswitch
