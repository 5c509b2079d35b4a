// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Another plan takes the place of one that runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "elements/sdk/element.h"
#include "graph/load.h"
#include "runtime/cores.h"
#include "runtime/switch.h"
#include "tests/unit/threads.h"

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
// What rte_pktmbuf_alloc() itself writes comes before anything can be said about it.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() { return "race:rte_pktmbuf_alloc\n"; }
#endif

namespace smartswitch {
namespace {

constexpr unsigned kFlows = 4;

// Workers give each other packets through their pool, too, which is DPDK's: ThreadSanitizer does not see into it.
#ifdef __SANITIZE_THREAD__
void before_free(Packet packet) { __tsan_release(packet.mbuf()->pool); }
void after_alloc(Packet packet) { __tsan_acquire(packet.mbuf()->pool); }
#else
void before_free(Packet /*packet*/) {}
void after_alloc(Packet /*packet*/) {}
#endif

// Numbers its packets within each flow, and stops while the pool is empty.
class TestNumberer final : public Element {
 public:
  static void describe(Describe<TestNumberer>& d) {
    d.summary("Makes numbered packets.");
    d.output("out", &TestNumberer::out_, "packets");
    d.source<&TestNumberer::poll>();
    d.parameter("mark", &TestNumberer::mark_, "says nothing");
  }
  void take_over(Element& before) override { next_ = static_cast<const TestNumberer&>(before).next_; }
  unsigned poll() {
    Batch batch;
    while (!batch.full()) {
      const Packet packet = allocate(16);
      if (!packet) break;
      after_alloc(packet);
      if (!packet.resize(16)) std::abort();
      packet.annotations().context = next_++;
      batch.add(packet);
    }
    const unsigned n = batch.size();
    out_.push(batch);
    return n;
  }

 private:
  std::uint32_t mark_ = 0;
  std::uint64_t next_ = 0;
  Output out_;
};
SMARTSWITCH_ELEMENT(TestNumberer)

// Sends each flow, of the packets' numbers, through an output of its own.
class TestFlows final : public Element {
 public:
  static void describe(Describe<TestFlows>& d) {
    d.summary("Parts flows.");
    d.input<&TestFlows::push>("in", "packets");
    d.outputs("out", &TestFlows::outs_, "a flow");
  }
  void push(Batch& batch) {
    for (const Packet packet : batch) outs_.add(packet.annotations().context % kFlows, packet);
    batch.release();
    outs_.flush();
  }

 private:
  OutputArray outs_;
};
SMARTSWITCH_ELEMENT(TestFlows)

// Sees whether any number of a flow is left out or comes late.
class TestOrder final : public State {
 public:
  static constexpr std::string_view kClass = "TestOrder";
  static void describe(Describe<TestOrder>& d) {
    d.summary("Checks numbers.");
    d.parameter("size", &TestOrder::size_, "says nothing");
    d.parameter("title", &TestOrder::title_, "can be changed");
    d.handler("title", &TestOrder::title, "the title");
    d.handler("rename", &TestOrder::rename, "another title");
    d.counter("right", &TestOrder::right_, "as expected");
    d.counter("wrong", &TestOrder::wrong_, "not as expected");
  }
  std::function<void()> change_to(State& fresh, Problems& problems) override {
    const auto& wanted = static_cast<const TestOrder&>(fresh);
    if (wanted.size_ != size_) {
      problems.add({}, "`size` stays", "as it is");
      return nullptr;
    }
    return [this, &wanted] { title_ = wanted.title_; };
  }
  void see(std::uint64_t number) {
    std::uint64_t& next = next_[number % kFlows];
    (number == next * kFlows + number % kFlows ? right_ : wrong_).add();
    next = number / kFlows + 1;
  }
  [[nodiscard]] std::string title() const { return title_; }
  void rename(const std::string& title, Problems& problems) {
    if (title.empty()) problems.add({}, "no title", "say something");
    title_ = title;
  }

 private:
  std::uint32_t size_ = 1;
  std::string title_;
  std::uint64_t next_[kFlows] = {};
  SharedCounter right_;
  SharedCounter wrong_;
};
SMARTSWITCH_STATE(TestOrder)

// Has more to do after a change, in parts, and leaves something.
class TestUnhurried final : public State {
 public:
  static constexpr std::string_view kClass = "TestUnhurried";
  static constexpr int kParts = 20;
  static void describe(Describe<TestUnhurried>& d) {
    d.summary("Takes its time.");
    d.parameter("size", &TestUnhurried::size_, "what changes");
    d.counter("parts", &TestUnhurried::parts_, "done");
  }
  std::function<void()> change_to(State& fresh, Problems& /*problems*/) override {
    return [this, &wanted = static_cast<const TestUnhurried&>(fresh)] {
      size_ = wanted.size_;
      left_ = kParts;
    };
  }
  bool go_on(std::int64_t /*now*/) override {
    if (left_ == 0) return false;
    parts_.add();
    threads.insert(std::this_thread::get_id());
    return --left_ > 0;
  }
  std::shared_ptr<void> left_over() override {
    return {nullptr, [](void*) { ++let_go; }};
  }
  static inline std::set<std::thread::id> threads;
  static inline int let_go = 0;

 private:
  std::uint32_t size_ = 1;
  int left_ = 0;
  SharedCounter parts_;
};
SMARTSWITCH_STATE(TestUnhurried)

class TestEnd final : public Element {
 public:
  static void describe(Describe<TestEnd>& d) {
    d.summary("Shows packets to a TestOrder.");
    d.input<&TestEnd::push>("in", "packets");
    d.parameter("order", &TestEnd::order_, "who looks");
    d.counter("seen", &TestEnd::seen_, "packets");
  }
  void push(Batch& batch) {
    for (const Packet packet : batch) {
      order_->see(packet.annotations().context);
      seen_.add();
      before_free(packet);
      consume(packet);
    }
    batch.release();
  }

 private:
  StateRef<TestOrder> order_;
  Counter seen_;
};
SMARTSWITCH_ELEMENT(TestEnd)

// Counts what lives, and has a timer that rings all the time.
class TestTicker final : public Element {
 public:
  static inline std::atomic<int> alive{0};
  static void describe(Describe<TestTicker>& d) {
    d.summary("Passes packets on and ticks.");
    d.input<&TestTicker::push>("in", "packets");
    d.output("out", &TestTicker::out_, "the same");
    d.parameter("every", &TestTicker::every_, "between ticks");
    d.counter("ticks", &TestTicker::ticks_, "ticks");
    d.handler("stop", &TestTicker::stop, "no more ticks");
    d.handler("ticking", &TestTicker::ticking, "whether it ticks");
  }
  TestTicker() { ++alive; }
  ~TestTicker() override { --alive; }
  void start(Problems&) override {
    timer_.bind<&TestTicker::tick>(this);
    schedule_in(timer_, every_);
  }
  void push(Batch& batch) { out_.push(batch); }
  void stop() { timer_.cancel(); }
  [[nodiscard]] bool ticking() const { return timer_.scheduled(); }

 private:
  void tick() {
    ticks_.add();
    schedule_in(timer_, every_);
  }
  Duration every_{1000};
  Timer timer_;
  Counter ticks_;
  Output out_;
};
SMARTSWITCH_ELEMENT(TestTicker)

}  // namespace

namespace runtime::reloads {
namespace {

using testing::cores_of_threads;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr Duration kReloadPatience{20'000'000'000};

graph::Plan plan_of(const std::string& yaml) {
  graph::Loaded loaded = graph::load_text("smartswitch: 1\n" + yaml, "test.yaml", {});
  for (const graph::Diagnostic& d : loaded.diagnostics) ADD_FAILURE() << graph::render(d, false);
  return loaded.plan ? std::move(*loaded.plan) : graph::Plan();
}

std::unique_ptr<Switch> run(const std::string& yaml) {
  Problems problems;
  std::unique_ptr<Switch> live = Switch::create(plan_of(yaml), {}, problems);
  for (const Problem& p : problems.list()) ADD_FAILURE() << p.message << " (" << p.hint << ")";
  if (live) live->start();
  return live;
}

Reloaded reload(Switch& live, const std::string& yaml) {
  Problems problems;
  const auto report = live.reload(plan_of(yaml), problems);
  for (const Problem& p : problems.list()) ADD_FAILURE() << p.message << " (" << p.hint << ")";
  return report ? *report : Reloaded();
}

std::vector<std::string> refusal(Switch& live, const std::string& yaml) {
  Problems problems;
  EXPECT_FALSE(live.reload(plan_of(yaml), problems));
  std::vector<std::string> list;
  for (const Problem& p : problems.list()) list.push_back(p.message + " (" + p.hint + ")");
  return list;
}

void expect_nothing_lost(Switch& live) {
  live.stop();
  const Snapshot s = live.snapshot();
  EXPECT_EQ(s.state("order")->counters[1].value, 0U) << "numbers left out, or late";
  EXPECT_GT(s.state("order")->counters[0].value, 0U);
  EXPECT_EQ(s.came(), s.consumed() + s.held());
  EXPECT_EQ(s.unaccounted(), 0);
  for (const ElementCounts& e : s.elements) EXPECT_EQ(e.unaccounted(), 0) << e.name;
  EXPECT_EQ(s.pool_in_use, s.held());
  EXPECT_EQ(live.close(), 0U);
}

// A worker makes packets, another one takes them: through a queue, past what `middle` puts in their way.
std::string pipeline(const std::string& elements, const std::string& middle, const std::string& order = "order: TestOrder") {
  const std::vector<unsigned> cores = allowed_cores();
  const std::string second = std::to_string(cores.size() > 1 ? cores[1] : cores[0]);
  return "pool: {packets: 900}\nstate: {" + order + R"(}
elements:
  numbers: TestNumberer
  end: {class: TestEnd, order: order}
)" + elements +
         "connections:\n" + middle +
         (cores.size() > 1 ? "workers: [{core: " + std::to_string(cores[0]) + ", run: [numbers]}, {core: " + second + ", run: [wait]}]\n"
                           : "");
}

const std::string kPlain = pipeline("  wait: {class: Queue, capacity: 1024}\n", "  - numbers -> wait -> end\n");

TEST(Reload, ChangesNothingIfThePlanIsTheSame) {
  const auto live = run(kPlain);
  ASSERT_TRUE(live);
  const Reloaded report = reload(*live, kPlain);
  EXPECT_TRUE(report.nothing());
  EXPECT_EQ(report.pauses.size(), live->plan()->workers.size());
  expect_nothing_lost(*live);
}

// The numberer waits for packets of the pool, so nothing is ever dropped unless a reload does it.
TEST(Reload, LosesAndReordersNothingInAThousandTimes) {
  const std::string plans[] = {
      kPlain,
      pipeline("  wait: {class: Queue, capacity: 1500}\n  tick: TestTicker\n", "  - numbers -> tick -> wait -> end\n"),
      pipeline("  wait: {class: Queue, capacity: 1500}\n  tick: {class: TestTicker, every: 3us}\n  more: Counter\n",
               "  - numbers -> wait -> tick -> more -> end\n"),
      pipeline("  wait: {class: Queue, capacity: 1024}\n  part: TestFlows\n  a: Counter\n  b: Counter\n",
               "  - numbers -> wait -> part\n  - part.0, part.3 -> a -> end\n  - part.1, part.2 -> b -> end\n",
               "order: {class: TestOrder, title: other}"),
  };
  const auto live = run(kPlain);
  ASSERT_TRUE(live);
  for (unsigned i = 1; i <= 1000; ++i) {
    const std::uint64_t seen = live->snapshot().state("order")->counters[0].value;
    const Reloaded report = reload(*live, plans[i % 4]);
    ASSERT_FALSE(report.nothing());
    if (i % 50 == 0) {
      ASSERT_TRUE(live->wait_until([&] { return live->snapshot().state("order")->counters[0].value > seen + 5000; }, kReloadPatience));
    }
  }
  EXPECT_EQ(TestTicker::alive, 0) << "what has gone is still there";
  expect_nothing_lost(*live);
}

TEST(Reload, SaysWhatIsNew) {
  const auto live = run(pipeline("  wait: {class: Queue, capacity: 1000}\n  old: Counter\n", "  - numbers -> old -> wait -> end\n"));
  ASSERT_TRUE(live);
  const Reloaded report = reload(*live, pipeline("  wait: {class: Queue, capacity: 1001}\n  fresh: Counter\n",
                                                 "  - numbers -> wait -> fresh -> end\n", "order: TestOrder, second: TestOrder"));
  EXPECT_THAT(report.elements.added, ElementsAre("fresh"));
  EXPECT_THAT(report.elements.removed, ElementsAre("old"));
  EXPECT_THAT(report.elements.changed, ElementsAre("wait"));
  EXPECT_THAT(report.states.added, ElementsAre("second"));
  EXPECT_THAT(report.states.changed, IsEmpty());
  EXPECT_TRUE(report.rewired);
  expect_nothing_lost(*live);
}

TEST(Reload, WhatAChangeLeavesToBeDoneIsDoneByWorkersWhilePacketsFlow) {
  const std::string elements = "  wait: {class: Queue, capacity: 1024}\n";
  const std::string middle = "  - numbers -> wait -> end\n";
  const auto with = [&](const std::string& slow) { return pipeline(elements, middle, "order: TestOrder, slow: " + slow); };
  const auto live = run(with("TestUnhurried"));
  ASSERT_TRUE(live);
  TestUnhurried::threads.clear();
  TestUnhurried::let_go = 0;
  EXPECT_FALSE(live->go_on()) << "nothing has changed";
  reload(*live, with("{class: TestUnhurried, size: 2}"));
  EXPECT_TRUE(live->go_on());
  reload(*live, with("{class: TestUnhurried, size: 3}"));
  int parts = 0;
  while (live->go_on()) ++parts;
  EXPECT_EQ(parts, TestUnhurried::kParts - 1);
  EXPECT_EQ(live->snapshot().state("slow")->counters[0].value, TestUnhurried::kParts + 1U);
  EXPECT_EQ(TestUnhurried::let_go, 1);
  EXPECT_EQ(TestUnhurried::threads.size(), live->plan()->workers.size());
  EXPECT_FALSE(TestUnhurried::threads.contains(std::this_thread::get_id()));
  expect_nothing_lost(*live);
  EXPECT_FALSE(live->go_on()) << "it has ended";
}

TEST(Reload, GivesAStateObjectOtherParametersIfItCanHaveThem) {
  const auto live = run(kPlain);
  ASSERT_TRUE(live);
  const auto order = live->state("order");
  const std::string middle = "  - numbers -> wait -> end\n";
  const std::string wait = "  wait: {class: Queue, capacity: 1024}\n";
  const Reloaded report = reload(*live, pipeline(wait, middle, "order: {class: TestOrder, title: new}"));
  EXPECT_THAT(report.states.changed, ElementsAre("order"));
  EXPECT_THAT(report.elements.changed, ElementsAre("end"));
  EXPECT_EQ(live->state("order"), order);
  EXPECT_EQ(static_cast<TestOrder&>(*order).title(), "new");

  EXPECT_THAT(refusal(*live, pipeline(wait, middle, "order: {class: TestOrder, size: 2}")),
              ElementsAre("state `order` (TestOrder): `size` stays (as it is)"));
  EXPECT_EQ(static_cast<TestOrder&>(*order).title(), "new");
  EXPECT_TRUE(reload(*live, pipeline(wait, middle, "order: {class: TestOrder, title: new}")).nothing());
  expect_nothing_lost(*live);
}

TEST(Reload, CanBeSeenBeforehand) {
  const auto live = run(kPlain);
  ASSERT_TRUE(live);
  const Reloaded difference = live->difference(plan_of(pipeline("  wait: {class: Queue, capacity: 9}\n", "  - numbers -> wait -> end\n")));
  EXPECT_THAT(difference.elements.changed, ElementsAre("wait"));
  EXPECT_TRUE(reload(*live, kPlain).nothing());
  expect_nothing_lost(*live);
}

TEST(Reload, RefusesWhatOnlyARestartCanDo) {
  const auto live = run(kPlain);
  ASSERT_TRUE(live);
  EXPECT_THAT(refusal(*live, "pool: {packets: 5000}\n" + kPlain.substr(kPlain.find("state"))),
              ElementsAre(HasSubstr("packet pool cannot be changed")));
  EXPECT_THAT(refusal(*live, pipeline("  wait: {class: Queue, capacity: 1024}\n  x: {class: ToPcap, file: /no/such/dir/x.pcap}\n  y: Tee\n",
                                      "  - numbers -> wait -> y\n  - y.0 -> end\n  - y.1 -> x\n")),
              ElementsAre(HasSubstr("element `x` (ToPcap)")));
  EXPECT_TRUE(reload(*live, kPlain).nothing());
  expect_nothing_lost(*live);
  EXPECT_THAT(refusal(*live, kPlain), ElementsAre(HasSubstr("the switch is stopping")));
}

TEST(Reload, AddsAndRemovesPorts) {
  const std::string one = R"(
ports: {a: {device: net_ring0}}
elements: {source: {class: Source, rate: 1M}, tx: {class: ToDevice, port: a}, rx: {class: PollDevice, port: a}, end: Discard}
connections: [source -> tx, rx -> end]
)";
  const std::string two = R"(
ports: {a: {device: net_ring0}, b: {device: net_ring1}}
elements: {source: {class: Source, rate: 1M}, tx: {class: ToDevice, port: a}, rx: {class: PollDevice, port: a}, end: Discard,
           over: {class: ToDevice, port: b}, back: {class: PollDevice, port: b}}
connections: [source -> tx, rx -> over, back -> end]
)";
  const auto live = run(one);
  ASSERT_TRUE(live);
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(reload(*live, two).ports.added, ElementsAre("b"));
    ASSERT_TRUE(live->wait_until([&] { return live->snapshot().element("over")->sent > 1000; }, kReloadPatience));
    EXPECT_THAT(reload(*live, one).ports.removed, ElementsAre("b"));
    EXPECT_EQ(live->snapshot().ports.size(), 1U);
  }
  EXPECT_THAT(refusal(*live, R"(
ports: {a: {device: net_ring0, rx_descriptors: 64}, b: {device: net_pcap0}}
elements: {rx: {class: PollDevice, port: a}, tx: {class: ToDevice, port: a}, more: {class: PollDevice, port: b}, source: Source, end: Discard}
connections: [rx -> end, more -> end, source -> tx]
)"),
              ElementsAre(HasSubstr("port `a`: `rx_descriptors` cannot be changed while it runs")));
  EXPECT_THAT(refusal(*live, R"(
ports: {a: {device: net_ring0}, b: {device: "net_pcap0,rx_pcap=no/such"}}
elements: {rx: {class: PollDevice, port: a}, tx: {class: ToDevice, port: a}, more: {class: PollDevice, port: b}, source: Source, end: Discard}
connections: [rx -> end, more -> end, source -> tx]
)"),
              ElementsAre(HasSubstr("there is no file `no/such`")));
  EXPECT_THAT(refusal(*live, R"(
ports: {a: {device: net_ring0}, b: {device: net_null1, mtu: 9000}}
elements: {rx: {class: PollDevice, port: a}, tx: {class: ToDevice, port: a}, more: {class: PollDevice, port: b}, source: Source, end: Discard}
connections: [rx -> end, more -> end, source -> tx]
)"),
              ElementsAre(HasSubstr("packets of its MTU of 9000 do not fit the packet pool")));
  EXPECT_THAT(refusal(*live, R"(
ports: {a: {device: net_ring0}}
elements: {source: Source, tx: {class: ToDevice, port: a}, rx: {class: PollDevice, port: a}, wait: {class: Queue, capacity: 100000}, end: Discard}
connections: [source -> tx, rx -> wait -> end]
)"),
              ElementsAre(HasSubstr("may keep 103072 packets, and the pool was made for 3072")));
  EXPECT_TRUE(reload(*live, one).nothing());
  live->stop();
  EXPECT_EQ(live->snapshot().unaccounted(), 0);
  EXPECT_EQ(live->close(), 0U);
}

std::string with_workers(const std::string& workers, const std::string& way = "wait -> more") {
  const std::string queues = way == "wait" ? "wait: Queue" : "wait: Queue, more: Queue";
  return "pool: {packets: 900}\nstate: {order: TestOrder}\nelements: {numbers: TestNumberer, " + queues +
         ", end: {class: TestEnd, order: order}}\nconnections: [numbers -> " + way + " -> end]\nworkers: [" + workers + "]\n";
}

TEST(Reload, WorkersComeAndGoAndChangeTheirWork) {
  const std::string plans[] = {
      with_workers("{run: [numbers, wait, more]}"),
      with_workers("{run: [numbers]}, {run: [wait]}, {run: [more]}"),
      with_workers("{run: [more]}, {run: [numbers, wait]}"),
      with_workers("{run: [wait], idle: poll}, {run: [more]}, {run: [numbers]}"),
  };
  const std::size_t workers[] = {1, 3, 2, 3};
  const auto live = run(plans[0]);
  ASSERT_TRUE(live);
  for (unsigned i = 1; i <= 100; ++i) {
    const std::uint64_t seen = live->snapshot().state("order")->counters[0].value;
    const Reloaded report = reload(*live, plans[i % 4]);
    ASSERT_FALSE(report.nothing());
    ASSERT_EQ(report.pauses.size(), workers[(i - 1) % 4]);
    ASSERT_EQ(live->snapshot().workers.size(), workers[i % 4]);
    ASSERT_TRUE(live->wait_until([&] { return live->snapshot().state("order")->counters[0].value > seen + 1000; }, kReloadPatience));
  }
  EXPECT_THAT(reload(*live, plans[1]).workers.added, ElementsAre("worker1", "worker2"));
  EXPECT_EQ(cores_of_threads("worker2").size(), 1U);
  const Reloaded last = reload(*live, plans[0]);
  EXPECT_THAT(last.workers.removed, ElementsAre("worker1", "worker2"));
  EXPECT_THAT(last.workers.changed, IsEmpty());
  EXPECT_THAT(cores_of_threads("worker2"), IsEmpty()) << "its thread goes on";
  reload(*live, with_workers("{run: [numbers, wait, more], name: other}"));
  EXPECT_EQ(cores_of_threads("other").size(), 1U);
  expect_nothing_lost(*live);
}

TEST(Reload, LosesAndReordersNothingOfAQueueThatEnds) {
  const std::string longer = with_workers("{run: [numbers]}, {run: [wait]}, {run: [more]}", "more -> wait");
  const std::string shorter = with_workers("{run: [numbers]}, {run: [wait]}", "wait");
  const auto live = run(longer);
  ASSERT_TRUE(live);
  for (unsigned i = 1; i <= 100; ++i) {
    const std::uint64_t seen = live->snapshot().state("order")->counters[0].value;
    reload(*live, i % 2 == 0 ? longer : shorter);
    ASSERT_TRUE(live->wait_until([&] { return live->snapshot().state("order")->counters[0].value > seen + 1000; }, kReloadPatience));
  }
  expect_nothing_lost(*live);
}

TEST(Reload, MovesAWorkerToAnotherCore) {
  const std::vector<unsigned> cores = allowed_cores();
  const auto on = [](unsigned core) { return with_workers("{run: [numbers, wait, more], core: " + std::to_string(core) + "}"); };
  const auto live = run(on(cores.front()));
  ASSERT_TRUE(live);
  const std::uint64_t rounds = live->snapshot().workers[0].rounds;
  EXPECT_THAT(reload(*live, on(cores.back())).workers.changed.size(), cores.size() > 1 ? 1 : 0);
  EXPECT_EQ(live->snapshot().workers[0].core, cores.back());
  EXPECT_THAT(cores_of_threads("worker0"), ElementsAre(std::to_string(cores.back())));
  EXPECT_GE(live->snapshot().workers[0].rounds, rounds) << "it is another one";
  reload(*live, with_workers("{run: [numbers, wait, more]}"));
  EXPECT_EQ(live->snapshot().workers[0].core, cores.back()) << "it stays where it is";
  EXPECT_THAT(refusal(*live, on(9999)), ElementsAre(HasSubstr("worker `worker0` cannot run on core 9999 (this process may use core")));
  EXPECT_EQ(live->snapshot().workers[0].core, cores.back());
  expect_nothing_lost(*live);
}

TEST(Reload, KeepsPacketsThatAnElementWithOtherParametersHolds) {
  const std::string slow =
      pipeline("  wait: {class: Queue, capacity: 1024}\n  late: {class: Impair, delay: 20ms}\n", "  - numbers -> late -> wait -> end\n");
  const std::string fast =
      pipeline("  wait: {class: Queue, capacity: 1024}\n  late: {class: Impair, delay: 10ms}\n", "  - numbers -> late -> wait -> end\n");
  const auto live = run(slow);
  ASSERT_TRUE(live);
  ASSERT_TRUE(live->wait_until([&] { return live->snapshot().element("late")->held > 0; }, kReloadPatience));
  // Whoever came before a reload leaves before those who came after it if its time is up first: only nothing may be lost.
  reload(*live, fast);
  const std::uint64_t seen = live->snapshot().element("end")->counter("seen");
  ASSERT_TRUE(live->wait_until([&] { return live->snapshot().element("end")->counter("seen") > seen + 1200; }, kReloadPatience));
  live->stop();
  const Snapshot s = live->snapshot();
  EXPECT_EQ(s.dropped(), 0U);
  EXPECT_EQ(s.unaccounted(), 0);
  EXPECT_EQ(s.element("late")->unaccounted(), 0);
  EXPECT_EQ(live->close(), 0U);
}

const std::string kTicking =
    pipeline("  wait: {class: Queue, capacity: 1024}\n  tick: TestTicker\n", "  - numbers -> tick -> wait -> end\n");

TEST(Handlers, AreCalledWhilePacketsFlow) {
  const auto live = run(kTicking);
  ASSERT_TRUE(live);
  Problems problems;
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(live->call(ObjectKind::kState, "order", "rename", Value("title" + std::to_string(i)), problems));
    EXPECT_EQ(live->call(ObjectKind::kState, "order", "title", {}, problems)->text(), "title" + std::to_string(i));
    EXPECT_EQ(live->call(ObjectKind::kElement, "tick", "ticking", {}, problems)->text(), i < 50 ? "true" : "false");
    if (i == 49) {
      EXPECT_TRUE(live->call(ObjectKind::kElement, "tick", "stop", {}, problems)->is_null());
    }
  }
  EXPECT_TRUE(problems.empty());
  expect_nothing_lost(*live);
}

TEST(Handlers, SayWhatIsWrong) {
  const auto live = run(kTicking);
  ASSERT_TRUE(live);
  const auto fault = [&](const std::string& object, const std::string& handler, const Value& argument) {
    Problems problems;
    EXPECT_FALSE(live->call(ObjectKind::kState, object, handler, argument, problems));
    return problems.list().at(0).message + " (" + problems.list()[0].hint + ")";
  };
  EXPECT_THAT(fault("ordr", "title", {}), HasSubstr("there is no state object `ordr` (did you mean `order`?"));
  EXPECT_THAT(fault("order", "titel", {}), HasSubstr("TestOrder has no handler `titel` (did you mean `title`?"));
  EXPECT_THAT(fault("order", "rename", Value("")), HasSubstr("no title (say something)"));
  EXPECT_THAT(fault("order", "rename", Value::list({})), HasSubstr("is not text"));
  expect_nothing_lost(*live);
}

TEST(Parameters, OfAnObjectThatRunsCanBeChanged) {
  const auto live = run(kTicking);
  ASSERT_TRUE(live);
  Problems problems;
  auto plan = with_parameter(*live->plan(), ObjectKind::kElement, "wait", "capacity", "2000", problems);
  ASSERT_TRUE(plan);
  EXPECT_THAT(live->reload(std::move(*plan), problems)->elements.changed, ElementsAre("wait"));
  EXPECT_EQ(live->plan()->elements[2].parameters.find("capacity")->text(), "2000");

  plan = with_parameter(*live->plan(), ObjectKind::kElement, "wait", "capacity", "none", problems);
  ASSERT_TRUE(plan);
  EXPECT_FALSE(live->reload(std::move(*plan), problems));
  EXPECT_FALSE(with_parameter(*live->plan(), ObjectKind::kElement, "wait", "capacities", "1", problems));
  EXPECT_FALSE(with_parameter(*live->plan(), ObjectKind::kElement, "end", "order", "other", problems));
  EXPECT_FALSE(with_parameter(*live->plan(), ObjectKind::kElement, "weight", "capacity", "1", problems));
  std::vector<std::string> said;
  for (const Problem& p : problems.list()) said.push_back(p.message);
  EXPECT_THAT(said, ElementsAre(HasSubstr("`none` is not an integer"), HasSubstr("no parameter `capacities`"),
                                HasSubstr("`order` of `end` decides how the graph is wired"), HasSubstr("no element `weight`")));
  expect_nothing_lost(*live);
}

}  // namespace
}  // namespace runtime::reloads
}  // namespace smartswitch
