// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/sdk/testing/test_bench.h"

#include <gmock/gmock.h>
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <functional>

namespace smartswitch {
namespace {

// Elements that do wrong, each in its own way.

/// Lets packets vanish without freeing them.
class Leaker final : public Element {
 public:
  static void describe(Describe<Leaker>& d) { d.input<&Leaker::push>("in", ""); }
  static inline std::vector<Packet> leaked;
  void push(Batch& batch) {
    for (const Packet packet : batch) leaked.push_back(packet);
    batch.release();
  }
};
SMARTSWITCH_ELEMENT(Leaker)

/// Frees packets without counting them.
class SilentDropper final : public Element {
 public:
  static void describe(Describe<SilentDropper>& d) { d.input<&SilentDropper::push>("in", ""); }
  void push(Batch& batch) { batch.free_all(); }
};
SMARTSWITCH_ELEMENT(SilentDropper)

/// Says that it dropped what it passes on.
class DoubleCounter final : public Element {
 public:
  static void describe(Describe<DoubleCounter>& d) {
    d.input<&DoubleCounter::push>("in", "");
    d.output("out", &DoubleCounter::out_, "");
    d.drop("dropped", &DoubleCounter::dropped_, "");
  }
  void push(Batch& batch) {
    dropped_.add(batch.size());
    out_.push(batch);
  }

 private:
  Output out_;
  DropReason dropped_;
};
SMARTSWITCH_ELEMENT(DoubleCounter)

/// Leaves packets in the batch it is given.
class Leftover final : public Element {
 public:
  static void describe(Describe<Leftover>& d) { d.input<&Leftover::push>("in", ""); }
  void push(Batch& batch) { size_ += batch.size(); }

 private:
  unsigned size_ = 0;
};
SMARTSWITCH_ELEMENT(Leftover)

/// Says that it holds packets, and does, but does not free them.
class Hoarder final : public Element {
 public:
  static void describe(Describe<Hoarder>& d) { d.input<&Hoarder::push>("in", ""); }
  static inline std::vector<Packet> hoard;
  std::uint64_t held() const override { return hoard.size(); }
  void push(Batch& batch) {
    for (const Packet packet : batch) hoard.push_back(packet);
    batch.release();
  }
};
SMARTSWITCH_ELEMENT(Hoarder)

// And one that does all it may, right.
class Worthy final : public Element {
 public:
  static void describe(Describe<Worthy>& d) {
    d.input<&Worthy::push>("in", "packets to hold");
    d.input<&Worthy::push_numbered>("extra", "packets to pass on");
    d.output("out", &Worthy::out_, "packets");
    d.output("copies", &Worthy::copies_, "copies of them").optional();
    d.outputs("by_name", &Worthy::by_name_, "packets").keyed_by("names");
    d.parameter("names", &Worthy::names_, "names");
    d.parameter("period", &Worthy::period_, "how long packets are held");
    d.parameter("port", &Worthy::port_, "a port");
    d.source<&Worthy::poll>();
    d.counter("ticks", &Worthy::ticks_, "times that the timer fired");
  }
  ~Worthy() override {
    for (const Packet packet : held_) rte_pktmbuf_free(packet.mbuf());
  }
  void validate(Problems& problems) const override {
    if (period_.nanoseconds == 13) problems.add({}, "13 is unlucky");
  }
  void start(Problems& problems) override {
    if (period_.nanoseconds == 14) problems.add({}, "14 does not start");
    timer_.bind<&Worthy::tick>(this);
  }
  std::uint64_t held() const override { return held_.size(); }
  void push(Batch& batch) {
    for (const Packet packet : batch) {
      if (const Packet twin = copy_of(packet)) copies_.push(twin);
      held_.push_back(packet);
    }
    batch.release();
    schedule_in(timer_, period_);
  }
  void push_numbered(unsigned index, Batch& batch) {
    for (const Packet packet : batch) by_name_.add(index, packet);
    batch.release();
    by_name_.flush();
  }
  unsigned poll() {
    const Packet packet = allocate();
    if (!packet) return 0;
    out_.push(packet);
    return 1;
  }
  std::uint16_t tx_port() const { return port_.port_id; }
  std::vector<std::int64_t> fired_at;

 private:
  void tick() {
    ticks_.add();
    fired_at.push_back(now());
    for (const Packet packet : held_) out_.push(packet);
    held_.clear();
  }
  std::vector<std::string> names_;
  Duration period_{1'000'000};
  TxQueue port_;
  Timer timer_;
  std::vector<Packet> held_;
  Output out_, copies_;
  OutputArray by_name_;
  Counter ticks_;
};
SMARTSWITCH_ELEMENT(Worthy)

class Shelf final : public State {
 public:
  static constexpr std::string_view kClass = "Shelf";
  static void describe(Describe<Shelf>& d) { d.parameter("boards", &Shelf::boards, "how many").between(1, 9); }
  void start(Problems&) override { started = true; }
  int boards = 3;
  bool started = false;
};
SMARTSWITCH_STATE(Shelf)

}  // namespace

namespace testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

Bytes some_packet(std::uint16_t port = 1) {
  return PacketBuilder().ether("02:00:00:00:00:01", "02:00:00:00:00:02").ipv4("10.0.0.1", "10.0.0.2").udp(port, 2).payload("x");
}

/// The failures that `work` causes, which do not count as failures of the test.
std::vector<std::string> failures_of(const std::function<void()>& work) {
  ::testing::TestPartResultArray results;
  {
    ::testing::ScopedFakeTestPartResultReporter reporter(::testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD,
                                                         &results);
    work();
  }
  std::vector<std::string> messages;
  for (int i = 0; i < results.size(); ++i) {
    if (results.GetTestPartResult(i).failed()) messages.emplace_back(results.GetTestPartResult(i).message());
  }
  return messages;
}

std::vector<std::string> failures_of(const std::string& element_class) {
  return failures_of([&] {
    TestBench bench(element_class);
    bench.push({some_packet(), some_packet(), some_packet()});
  });
}

TEST(TestBench, CatchesLeaks) {
  const auto failures = failures_of("Leaker");
  ASSERT_THAT(failures, SizeIs(3));
  EXPECT_THAT(failures[0], HasSubstr("Leaker: 3 packets in, 0 made, 0 received, but 0 out, 0 sent, 0 dropped, 0 consumed, 0 held"));
  EXPECT_THAT(failures[1], HasSubstr("holds more packets than it says"));
  EXPECT_THAT(failures[2], HasSubstr("leaks packets when it is destroyed"));
}

TEST(TestBench, CatchesSilentDrops) { EXPECT_THAT(failures_of("SilentDropper"), ElementsAre(HasSubstr("3 packets in"))); }

TEST(TestBench, CatchesPacketsCountedTwice) {
  EXPECT_THAT(failures_of("DoubleCounter"), ElementsAre(HasSubstr("3 out, 0 sent, 3 dropped")));
}

TEST(TestBench, CatchesPacketsLeftInTheBatch) {
  const auto failures = failures_of("Leftover");
  ASSERT_FALSE(failures.empty());
  EXPECT_THAT(failures[0], HasSubstr("left packets in its batch"));
}

TEST(TestBench, CatchesPacketsThatOutliveTheElement) {
  EXPECT_THAT(failures_of("Hoarder"), ElementsAre(HasSubstr("leaks packets when it is destroyed")));
}

TEST(TestBench, CatchesWrongNames) {
  EXPECT_THAT(failures_of([] { TestBench bench("NoSuchElement"); }), ElementsAre(HasSubstr("there is no element class NoSuchElement")));
  EXPECT_THAT(failures_of([] {
                TestBench("Worthy", Value::map({{"port", "p"}, {"nonsense", "1"}}));
              }),
              ElementsAre(HasSubstr("has no parameter `nonsense`")));
  EXPECT_THAT(failures_of([] {
                TestBench("Worthy", Value::map({{"port", "p"}})).push({some_packet()}, "nowhere");
              }),
              ElementsAre(HasSubstr("has no input `nowhere`")));
  EXPECT_THAT(failures_of([] {
                EXPECT_TRUE(TestBench("Worthy", Value::map({{"port", "p"}})).output("nowhere").empty());
              }),
              ElementsAre(HasSubstr("has no output `nowhere`")));
  EXPECT_THAT(failures_of([] {
                EXPECT_EQ(TestBench("Worthy", Value::map({{"port", "p"}})).counter("nothing"), 0U);
              }),
              ElementsAre(HasSubstr("has no counter `nothing`")));
}

TEST(TestBench, AcceptsHonestElements) {
  TestBench::Options options;
  options.tx_queue = {7, 0};
  const Value parameters = Value::map({{"names", Value::list({"red", "blue"})}, {"period", "2ms"}, {"port", "p"}});
  TestBench bench("Worthy", parameters, options);
  EXPECT_EQ(static_cast<Worthy&>(bench.element()).tx_port(), 7);
  bench.push({some_packet(1), some_packet(2)});
  EXPECT_THAT(bench.output("copies"), SizeIs(2));
  EXPECT_EQ(bench.take("copies")[1].bytes, some_packet(2));
  EXPECT_THAT(bench.output("copies"), SizeIs(0));
  bench.push({some_packet(3)}, "0");
  bench.push({some_packet(4)}, "1");
  EXPECT_THAT(bench.output("red"), SizeIs(1));
  EXPECT_EQ(bench.output("blue")[0].bytes, some_packet(4));
  EXPECT_EQ(bench.poll(), 1U);
  EXPECT_THAT(bench.take("out"), SizeIs(1));
  EXPECT_EQ(bench.element().created(), 3U);
  bench.advance({2'000'000});
  EXPECT_THAT(bench.output("out"), SizeIs(2));
}

TEST(TestBench, MovesTheClockOnlyWhenTold) {
  TestBench bench("Worthy", Value::map({{"period", "2ms"}, {"port", "p"}}));
  const std::int64_t start = bench.worker().now;
  bench.push({some_packet()});
  bench.advance({1'999'999});
  EXPECT_EQ(bench.counter("ticks"), 0U);
  bench.advance({1});
  EXPECT_EQ(bench.counter("ticks"), 1U);
  bench.push({some_packet()});
  bench.advance({10'000'000});
  EXPECT_THAT(static_cast<Worthy&>(bench.element()).fired_at, ElementsAre(start + 2'000'000, start + 4'000'000))
      << "timers see the time they are due";
  EXPECT_EQ(bench.worker().now, start + 12'000'000);
}

TEST(TestBench, LeavesOptionalOutputsLooseIfTold) {
  TestBench::Options options;
  options.unconnected = {"copies"};
  TestBench bench("Worthy", Value::map({{"port", "p"}}), options);
  bench.push({some_packet()});
}

TEST(TestBench, HasASmallPoolIfTold) {
  TestBench::Options options;
  options.pool_packets = 3;
  TestBench bench("Worthy", Value::map({{"port", "p"}}), options);
  bench.push({some_packet(), some_packet()});
  EXPECT_THAT(bench.output("copies"), SizeIs(2)) << "the bench frees the copies as they come";
  bench.push({some_packet()});
  EXPECT_THAT(bench.output("copies"), SizeIs(2)) << "all three buffers are held";
  EXPECT_EQ(bench.poll(), 0U);
}

TEST(TestBench, ReportsProblemsOfEachStep) {
  const auto problem = [](std::vector<Value::Member> members) {
    const Problems problems = TestBench::problems_of("Worthy", Value::map(std::move(members)));
    return problems.empty() ? std::string() : problems.list()[0].message;
  };
  EXPECT_THAT(problem({{"period", "x"}, {"port", "p"}}), HasSubstr("is not a duration"));
  EXPECT_EQ(problem({{"period", "13ns"}, {"port", "p"}}), "13 is unlucky");
  EXPECT_EQ(problem({{"period", "14ns"}, {"port", "p"}}), "14 does not start");
  EXPECT_THAT(problem({}), HasSubstr("needs the parameter `port`"));
  EXPECT_EQ(problem({{"port", "p"}}), "");
  EXPECT_EQ(TestBench::problems_of("NoSuchElement").list()[0].message, "there is no element class NoSuchElement");
}

TEST(MakeState, ConfiguresAndStarts) {
  const std::unique_ptr<State> state = make_state("Shelf", Value::map({{"boards", "5"}}));
  ASSERT_NE(state, nullptr);
  EXPECT_EQ(static_cast<Shelf&>(*state).boards, 5);
  EXPECT_TRUE(static_cast<Shelf&>(*state).started);
  EXPECT_THAT(failures_of([] { make_state("Shelf", Value::map({{"boards", "50"}})); }), ElementsAre(HasSubstr("out of bounds")));
  EXPECT_THAT(failures_of([] { make_state("NoSuchState"); }), ElementsAre(HasSubstr("there is no state class NoSuchState")));
}

}  // namespace
}  // namespace testing
}  // namespace smartswitch
