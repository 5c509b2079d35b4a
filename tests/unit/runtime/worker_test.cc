// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/worker.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <memory>

#include "runtime/clock.h"
#include "runtime/cores.h"
#include "runtime/eal.h"
#include "runtime/pool.h"

namespace smartswitch::runtime {
namespace {

constexpr std::int64_t kMillisecond = 1'000'000;

// Says that it handled `answer` packets whenever it is polled; has a timer.
class Polled final : public Element {
 public:
  Polled() { timer_.bind<&Polled::on_time>(this); }
  static unsigned poll(Element& element) {
    auto& self = static_cast<Polled&>(element);
    self.polls.add();
    return self.answer.load();
  }
  void wake_in(Duration after) {
    due.store(now() + after.nanoseconds);
    schedule_in(timer_, after);
  }

  Counter polls;
  std::atomic<unsigned> answer{0};
  std::atomic<std::int64_t> due{0};
  std::atomic<std::int64_t> fired_at{0};

 private:
  void on_time() { fired_at.store(now()); }
  Timer timer_;
};

// Takes a packet from the pool and gives it back.
class Borrower final : public Element {
 public:
  static unsigned poll(Element& element) {
    auto& self = static_cast<Borrower&>(element);
    const Packet packet = self.allocate();
    if (packet) self.consume(packet);
    self.polls.add();
    return 0;
  }
  Counter polls;
};

// Answers what comes to its end of a pair of sockets.
class Echo final : public Element {
 public:
  Echo() {
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends_.data()) != 0) throw std::bad_alloc();
  }
  ~Echo() override {
    for (const int end : ends_) close(end);
  }
  static unsigned poll(Element& element) {
    const int end = static_cast<Echo&>(element).bell();
    char byte = 0;
    if (recv(end, &byte, 1, MSG_DONTWAIT) != 1) return 0;
    return static_cast<unsigned>(send(end, &byte, 1, 0));
  }
  [[nodiscard]] int bell() const { return ends_[0]; }
  [[nodiscard]] int other_end() const { return ends_[1]; }

 private:
  std::array<int, 2> ends_{-1, -1};
};

class WorkerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Problems problems;
    ASSERT_TRUE(start_eal({}, problems));
    info_.poll = &Polled::poll;
    border_.poll = &Polled::poll;
    border_.border = true;
    spec_.name = "worker0";
  }
  void make(graph::Idle idle) {
    spec_.idle = idle;
    worker_ = std::make_unique<Worker>(spec_, 0, allowed_cores().front(), nullptr);
    source_.set_worker(&worker_->context());
    worker_->add_source(info_, source_);
  }
  // Generous, because the machine may be busy: a test waits for what must come.
  static bool comes(const std::function<bool()>& condition) {
    const std::int64_t give_up = monotonic_ns() + 20'000 * kMillisecond;
    while (!condition()) {
      if (monotonic_ns() > give_up) return false;
      std::this_thread::yield();
    }
    return true;
  }

  ElementInfo info_;
  ElementInfo border_;
  graph::Worker spec_;
  Polled source_;
  std::unique_ptr<Worker> worker_;
};

TEST_F(WorkerTest, PollsAndCountsRounds) {
  make(graph::Idle::kPoll);
  worker_->launch();
  EXPECT_TRUE(comes([&] { return source_.polls.value() > 1000; }));
  worker_->stop();
  EXPECT_EQ(worker_->rounds(), source_.polls.value());
  EXPECT_EQ(worker_->sleeps(), 0U);
  EXPECT_EQ(worker_->busy_cycles(), 0U);
  EXPECT_GT(worker_->idle_cycles(), 0U);
}

TEST_F(WorkerTest, SleepsWhenThereIsNothingToDo) {
  make(graph::Idle::kAdaptive);
  worker_->launch();
  // Once it has settled, a round and a sleep take turns.
  EXPECT_TRUE(comes([&] { return worker_->sleeps() > 50; }));
  const std::uint64_t rounds = worker_->rounds();
  const std::uint64_t sleeps = worker_->sleeps();
  EXPECT_TRUE(comes([&] { return worker_->sleeps() > sleeps + 50; }));
  EXPECT_LT(worker_->rounds() - rounds, 2 * (worker_->sleeps() - sleeps) + 10);
  worker_->stop();
}

TEST_F(WorkerTest, DoesNotSleepWhilePacketsCome) {
  make(graph::Idle::kAdaptive);
  source_.answer = 1;
  worker_->launch();
  EXPECT_TRUE(comes([&] { return worker_->busy_rounds() > 10'000; }));
  EXPECT_EQ(worker_->sleeps(), 0U);
  worker_->stop();
  EXPECT_GT(worker_->busy_cycles(), 0U);
}

TEST_F(WorkerTest, WakesForTimers) {
  spec_.max_sleep = Duration{1'000'000 * kMillisecond};
  make(graph::Idle::kAdaptive);
  source_.wake_in(Duration{50 * kMillisecond});
  worker_->launch();
  EXPECT_TRUE(comes([&] { return source_.fired_at.load() != 0; })) << "it sleeps past its timer";
  worker_->stop();
  EXPECT_GE(source_.fired_at.load(), source_.due.load());
}

TEST_F(WorkerTest, LeavesNoPacketsInItsCache) {
  Problems problems;
  const Pool pool = make_pool({.packets = 512, .cache = 64, .data_room = 2048}, problems);
  ASSERT_TRUE(pool);
  Borrower borrower;
  ElementInfo info;
  info.poll = &Borrower::poll;
  Worker worker(spec_, 0, allowed_cores().front(), pool.get());
  borrower.set_worker(&worker.context());
  worker.add_source(info, borrower);
  worker.launch();
  EXPECT_TRUE(comes([&] { return borrower.polls.value() > 0; }));
  worker.stop();
  std::array<void*, 512> all{};
  EXPECT_EQ(rte_mempool_generic_get(pool.get(), all.data(), all.size(), nullptr), 0) << "others cannot have all of them";
}

TEST_F(WorkerTest, MovesToAnotherCore) {
  make(graph::Idle::kAdaptive);
  worker_->launch();
  EXPECT_TRUE(comes([&] { return worker_->rounds() > 0; }));
  worker_->move_to(allowed_cores().back());
  EXPECT_EQ(worker_->core(), allowed_cores().back());
  const std::uint64_t rounds = worker_->rounds();
  EXPECT_TRUE(comes([&] { return worker_->rounds() > rounds; }));
  worker_->stop();
}

TEST_F(WorkerTest, PollsOnlyBordersWhenItDrains) {
  make(graph::Idle::kPoll);
  Polled queue;
  queue.set_worker(&worker_->context());
  worker_->add_source(border_, queue);
  worker_->launch();
  EXPECT_TRUE(comes([&] { return source_.polls.value() > 0; }));
  worker_->drain();
  const std::uint64_t rounds = worker_->rounds();
  EXPECT_TRUE(comes([&] { return worker_->rounds() > rounds + 2; }));
  const std::uint64_t source_polls = source_.polls.value();
  const std::uint64_t queue_polls = queue.polls.value();
  EXPECT_TRUE(comes([&] { return queue.polls.value() > queue_polls + 100; }));
  worker_->stop();
  EXPECT_EQ(source_.polls.value(), source_polls);
}

class BellTest : public WorkerTest {
 protected:
  void SetUp() override {
    WorkerTest::SetUp();
    alarm(120);  // a worker that nothing wakes never stops
    info_.poll = &Echo::poll;
    spec_.idle = graph::Idle::kAdaptive;
    // If it were to count here, tests would fail by taking for ever.
    spec_.max_sleep = Duration{1'000'000 * kMillisecond};
    worker_ = std::make_unique<Worker>(spec_, 0, allowed_cores().front(), nullptr);
    worker_->add_source(info_, echo_);
    worker_->add_bell(echo_.bell());
    worker_->rely_on_bells();
  }
  void TearDown() override { alarm(0); }
  void send() const { ASSERT_EQ(::send(echo_.other_end(), "x", 1, 0), 1); }
  bool answers() {
    return comes([&] {
      char byte = 0;
      return recv(echo_.other_end(), &byte, 1, MSG_DONTWAIT) == 1;
    });
  }

  Echo echo_;
};

TEST_F(BellTest, MissesNone) {
  worker_->launch();
  std::uint64_t seen = 0;
  for (int i = 0; i < 2000; ++i) {
    ASSERT_TRUE(comes([&] { return worker_->sleeps() > seen; })) << "it does not sleep, " << i;
    // It is between its last look at the source and its sleep, or asleep.
    seen = worker_->sleeps();
    send();
    ASSERT_TRUE(answers()) << "it was not woken, " << i;
  }
  worker_->stop();
}

TEST_F(BellTest, SleepsUntilItRings) {
  worker_->launch();
  ASSERT_TRUE(comes([&] { return worker_->sleeps() > 0; }));
  const std::uint64_t idle = worker_->idle_cycles();
  // Another one, which has no bell, sleeps a hundred times in the meantime.
  graph::Worker spec = spec_;
  spec.max_sleep = Duration{kMillisecond};
  Polled source;
  ElementInfo info;
  info.poll = &Polled::poll;
  Worker other(spec, 1, allowed_cores().front(), nullptr);
  source.set_worker(&other.context());
  other.add_source(info, source);
  other.launch();
  EXPECT_TRUE(comes([&] { return other.sleeps() >= 100; }));
  other.stop();
  EXPECT_LE(worker_->sleeps(), 3U) << "signals may have ended one or two";
  EXPECT_GT(worker_->idle_cycles(), idle) << "the sleep that it is in counts";
  worker_->stop();
}

TEST_F(BellTest, WakesForTimers) {
  Polled timed;
  timed.set_worker(&worker_->context());
  timed.wake_in(Duration{50 * kMillisecond});
  worker_->launch();
  EXPECT_TRUE(comes([&] { return timed.fired_at.load() != 0; })) << "it sleeps past its timer";
  worker_->stop();
}

TEST_F(BellTest, SaysHowLongItSleeps) {
  worker_->launch();
  EXPECT_TRUE(comes([&] { return worker_->asleep_until() == INT64_MAX; }));
  worker_->stop();
  EXPECT_EQ(worker_->asleep_until(), 0);
}

TEST_F(BellTest, EndsWhileItSleeps) {
  worker_->launch();
  ASSERT_TRUE(comes([&] { return worker_->sleeps() > 0; }));
  worker_->drain();
  const std::uint64_t rounds = worker_->rounds();
  EXPECT_TRUE(comes([&] { return worker_->rounds() > rounds + 2; })) << "it sleeps on";
  worker_->stop();  // or it would never come back
}

TEST_F(BellTest, SleepsAlthoughABellRingsInVain) {
  Echo broken;
  spec_.max_sleep = Duration{kMillisecond};
  worker_->forget_sources();
  worker_->take_up(spec_);
  worker_->add_source(info_, echo_);
  for (const Echo* echo : {&echo_, &broken}) worker_->add_bell(echo->bell());
  worker_->rely_on_bells();
  ASSERT_EQ(::send(broken.other_end(), "x", 1, 0), 1);
  worker_->launch();
  EXPECT_TRUE(comes([&] { return worker_->sleeps() > 50; }));
  const std::uint64_t rounds = worker_->rounds();
  const std::uint64_t sleeps = worker_->sleeps();
  EXPECT_TRUE(comes([&] { return worker_->sleeps() > sleeps + 50; }));
  EXPECT_LT(worker_->rounds() - rounds, 2 * (worker_->sleeps() - sleeps) + 10);
  send();
  EXPECT_TRUE(answers());
  worker_->stop();
}

}  // namespace
}  // namespace smartswitch::runtime
