// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/switch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "elements/sdk/element.h"
#include "graph/load.h"
#include "runtime/cores.h"

namespace smartswitch {
namespace {

// Loses every packet without a word, as no element may.
class TestLeak final : public Element {
 public:
  static void describe(Describe<TestLeak>& d) {
    d.summary("Loses packets.");
    d.input<&TestLeak::push>("in", "packets to lose");
  }
  void push(Batch& batch) { batch.release(); }
};
SMARTSWITCH_ELEMENT(TestLeak)

class TestRefusal final : public Element {
 public:
  static void describe(Describe<TestRefusal>& d) {
    d.summary("Does not start.");
    d.input<&TestRefusal::push>("in", "packets that never come");
    d.drop("dropped", &TestRefusal::dropped_, "none");
  }
  void start(Problems& problems) override { problems.add({}, "it does not want to", "ask it nicely"); }
  void push(Batch& batch) { drop(batch, dropped_); }

 private:
  DropReason dropped_;
};
SMARTSWITCH_ELEMENT(TestRefusal)

class TestStubbornState final : public State {
 public:
  static constexpr std::string_view kClass = "TestStubbornState";
  static void describe(Describe<TestStubbornState>& d) { d.summary("Does not start."); }
  void start(Problems& problems) override { problems.add({}, "no memory", "buy some"); }
};
SMARTSWITCH_STATE(TestStubbornState)

// Counts in a state object that all copies share.
class TestTally final : public State {
 public:
  static constexpr std::string_view kClass = "TestTally";
  static void describe(Describe<TestTally>& d) {
    d.summary("Counts packets.");
    d.counter("packets", &TestTally::packets, "packets of all elements");
  }
  Counter packets;
};
SMARTSWITCH_STATE(TestTally)

class TestTallier final : public Element {
 public:
  static void describe(Describe<TestTallier>& d) {
    d.summary("Counts packets in a state object.");
    d.input<&TestTallier::push>("in", "packets to count");
    d.output("out", &TestTallier::out_, "the same");
    d.parameter("tally", &TestTallier::tally_, "where to count");
  }
  void push(Batch& batch) {
    tally_->packets.add_shared(batch.size());
    out_.push(batch);
  }

 private:
  StateRef<TestTally> tally_;
  Output out_;
};
SMARTSWITCH_ELEMENT(TestTallier)

}  // namespace

namespace runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr Duration kPatience{20'000'000'000};

std::unique_ptr<Switch> create(const std::string& yaml, Problems& problems) {
  graph::Loaded loaded = graph::load_text("smartswitch: 1\n" + yaml, "test.yaml", {});
  for (const graph::Diagnostic& d : loaded.diagnostics) ADD_FAILURE() << graph::render(d, false);
  return loaded.plan ? Switch::create(std::move(*loaded.plan), {}, problems) : nullptr;
}

std::unique_ptr<Switch> create(const std::string& yaml) {
  Problems problems;
  std::unique_ptr<Switch> live = create(yaml, problems);
  for (const Problem& p : problems.list()) ADD_FAILURE() << p.message << " (" << p.hint << ")";
  return live;
}

std::vector<std::string> messages(const std::string& yaml) {
  Problems problems;
  EXPECT_EQ(create(yaml, problems), nullptr);
  std::vector<std::string> list;
  for (const Problem& p : problems.list()) list.push_back(p.message + " (" + p.hint + ")");
  return list;
}

bool comes(Switch& live, const std::string& element, const std::string& counter, std::uint64_t least) {
  return live.wait_until([&] { return live.snapshot().element(element)->counter(counter) >= least; }, kPatience);
}

TEST(Switch, CarriesPacketsOverAPortAndAQueue) {
  // net_ring gives back what is sent.
  const auto live = create(R"(
ports: {loop: {device: net_ring0}}
elements:
  source: {class: Source, count: 5000, rate: 100k}
  tx: {class: ToDevice, port: loop}
  rx: {class: PollDevice, port: loop}
  queue: {class: Queue, capacity: 8192}
  count: {class: Counter}
  end: {class: Discard}
connections:
  - source -> tx
  - rx -> queue -> count -> end
)");
  ASSERT_TRUE(live);
  live->start();
  EXPECT_TRUE(comes(*live, "count", "packets", 5000));
  live->stop();
  const Snapshot s = live->snapshot();
  EXPECT_EQ(s.unaccounted(), 0);
  EXPECT_EQ(s.element("source")->created, 5000U);
  EXPECT_EQ(s.element("tx")->sent, 5000U);
  EXPECT_EQ(s.element("rx")->received, 5000U);
  EXPECT_EQ(s.element("count")->in, 5000U);
  EXPECT_EQ(s.element("count")->out, 5000U);
  EXPECT_EQ(s.element("end")->counter("discarded"), 5000U);
  EXPECT_EQ(s.ports.at(0).rx_packets, 5000U);
  EXPECT_EQ(s.pool_in_use, 0U);
  EXPECT_GT(s.workers.at(0).busy_rounds, 0U);
  EXPECT_EQ(live->close(), 0U);
}

TEST(Switch, ComesAfterAnotherOnTheSameDevices) {
  for (int i = 0; i < 3; ++i) {
    const auto live = create(R"(
ports: {a: {device: net_ring0}, b: {device: "net_null0"}}
elements: {rx: {class: PollDevice, port: a}, tx: {class: ToDevice, port: b}}
connections: [rx -> tx]
)");
    ASSERT_TRUE(live);
    live->start();
    EXPECT_TRUE(live->wait_until([&] { return live->snapshot().workers.at(0).rounds > 10; }, kPatience));
    live->stop();
    EXPECT_EQ(live->close(), 0U);
  }
}

TEST(Switch, RunsAPipelineOnSeveralWorkersAndSharesOnlyState) {
  const std::vector<unsigned> cores = allowed_cores();
  const std::string first = std::to_string(cores.front());
  const std::string second = std::to_string(cores.size() > 1 ? cores[1] : cores.front() + 1);
  const std::string yaml = R"(
ports: {in: {device: net_null0, rx_queues: 2}, out: {device: net_null1}}
state: {tally: {class: TestTally}}
elements:
  rx: {class: PollDevice, port: in}
  count: {class: TestTallier, tally: tally}
  tx: {class: ToDevice, port: out}
connections: [rx -> count -> tx]
workers:
  - {cores: [)" + first + ", " +
                           second + "], run: [rx]}\n";
  if (cores.size() == 1) {
    EXPECT_THAT(messages(yaml), ElementsAre(HasSubstr("cannot run on core " + second)));
    return;
  }
  const auto live = create(yaml);
  ASSERT_TRUE(live);
  EXPECT_EQ(live->plan()->instances.size(), 6U);
  live->start();
  const auto both_busy = [&] {
    const Snapshot s = live->snapshot();
    return s.workers.at(0).busy_rounds > 100 && s.workers.at(1).busy_rounds > 100;
  };
  EXPECT_TRUE(live->wait_until(both_busy, kPatience));
  live->stop();
  const Snapshot s = live->snapshot();
  EXPECT_EQ(s.element("rx")->replicas, 2U);
  EXPECT_EQ(s.state("tally")->counters.at(0).value, s.element("rx")->received);
  EXPECT_EQ(s.element("tx")->sent, s.element("rx")->received);
  EXPECT_EQ(s.unaccounted(), 0);
  EXPECT_EQ(live->close(), 0U);
}

TEST(Switch, SleepsWithoutTraffic) {
  const auto live = create(R"(
ports: {a: {device: net_ring0}}
elements: {rx: {class: PollDevice, port: a}, end: {class: Discard}}
connections: [rx -> end]
)");
  ASSERT_TRUE(live);
  live->start();
  const auto sleeps = [&] { return live->snapshot().workers.at(0).sleeps; };
  EXPECT_TRUE(live->wait_until([&] { return sleeps() > 50; }, kPatience));
  // From here on it wakes at most once every `max_sleep`, far less than 10,000 times a second.
  const Snapshot before = live->snapshot();
  EXPECT_TRUE(live->wait_until([&] { return sleeps() > 500; }, kPatience));
  const Snapshot now = live->snapshot();
  EXPECT_LT(static_cast<double>(now.workers.at(0).rounds - before.workers.at(0).rounds), 10'000 * (now.seconds - before.seconds));
  live->stop();
}

TEST(Switch, LivesThroughAnExhaustedPool) {
  // The Queue's worker takes one packet at a time from it, so the pool is empty again and again.
  const auto live = create(R"(
pool: {packets: 64}
elements:
  source: {class: Source, count: 20000}
  queue: {class: Queue, capacity: 1024, burst: 1}
  end: {class: Discard}
connections: [source -> queue -> end]
)");
  ASSERT_TRUE(live);
  live->start();
  EXPECT_TRUE(live->wait_until([&] { return live->snapshot().came() == 20'000 && live->snapshot().held() == 0; }, kPatience));
  live->stop();
  const Snapshot s = live->snapshot();
  EXPECT_EQ(s.dropped(), 20'000U);
  EXPECT_EQ(s.unaccounted(), 0);
  EXPECT_EQ(live->close(), 0U);
}

TEST(Switch, EmptiesQueuesWhenItStops) {
  const auto live = create(R"(
elements:
  source: {class: Source}
  queue: {class: Queue, burst: 1}
  end: {class: Discard}
connections: [source -> queue -> end]
)");
  ASSERT_TRUE(live);
  live->start();
  EXPECT_TRUE(live->wait_until([&] { return live->snapshot().element("queue")->counter("full") > 0; }, kPatience));
  live->stop();
  const Snapshot s = live->snapshot();
  EXPECT_EQ(s.held(), 0U);
  EXPECT_EQ(s.unaccounted(), 0);
}

TEST(Switch, FindsTheElementThatLosesPackets) {
  const auto live = create(R"(
elements: {source: {class: Source, count: 10}, bad: {class: TestLeak}}
connections: [source -> bad]
)");
  ASSERT_TRUE(live);
  live->start();
  EXPECT_TRUE(live->wait_until([&] { return live->snapshot().element("bad")->in == 10; }, kPatience));
  live->stop();
  EXPECT_EQ(live->snapshot().unaccounted(), 10);
  EXPECT_EQ(live->snapshot().element("bad")->unaccounted(), 10);
  EXPECT_EQ(live->snapshot().element("source")->unaccounted(), 0);
  EXPECT_EQ(live->close(), 10U);
}

TEST(Switch, ReportsWhatDoesNotStart) {
  Problems problems;
  EXPECT_EQ(create(R"(
elements: {source: {class: Source}, no: {class: TestRefusal}}
connections: [source -> no]
)",
                   problems),
            nullptr);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems.list()[0].message, "element `no` (TestRefusal): it does not want to");
  EXPECT_EQ(problems.list()[0].hint, "ask it nicely");
  EXPECT_EQ(problems.list()[0].where.line, 3U);

  EXPECT_THAT(messages(R"(
state: {s: {class: TestStubbornState}, t: {class: TestTally}}
elements: {source: {class: Source}, c: {class: TestTallier, tally: t}, end: {class: Discard}}
connections: [source -> c -> end]
)"),
              ElementsAre("state `s` (TestStubbornState): no memory (buy some)"));
}

std::string poll_and_discard(const std::string& device) {
  return "ports: {a: {device: \"" + device +
         "\"}}\nelements: {rx: {class: PollDevice, port: a}, end: {class: Discard}}\nconnections: [rx -> end]\n";
}

TEST(Switch, SaysWhichDeviceCannotBeHadAndWhy) {
  EXPECT_THAT(
      messages(poll_and_discard("net_af_packet0,iface=nosuchif0")),
      ElementsAre(::testing::AllOf(HasSubstr("port `a` (net_af_packet0,iface=nosuchif0)"), HasSubstr("no interface called `nosuchif0`"))));
  EXPECT_THAT(messages(poll_and_discard("net_pcap0,rx_pcap=no/such.pcap")), ElementsAre(HasSubstr("there is no file `no/such.pcap`")));
  EXPECT_THAT(messages(poll_and_discard("net_nul0")), ElementsAre(HasSubstr("did you mean `net_null`?")));
  EXPECT_THAT(messages(poll_and_discard("0000:7f:1f.7")), ElementsAre(HasSubstr("without PCI devices")));
}

TEST(Switch, SaysThatTwoPortsAreOneDevice) {
  // The graph compares what is written; that two names mean one device shows only when it is opened.
  graph::Loaded loaded = graph::load_text(R"(smartswitch: 1
ports: {a: {device: net_null0}, b: {device: net_null1}}
elements: {rx: {class: PollDevice, port: a}, tx: {class: ToDevice, port: b}}
connections: [rx -> tx]
)",
                                          "test.yaml", {});
  ASSERT_TRUE(loaded.plan);
  loaded.plan->ports[1].device = "net_null0,size=64";
  Problems problems;
  EXPECT_EQ(Switch::create(std::move(*loaded.plan), {}, problems), nullptr);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_THAT(problems.list()[0].message, HasSubstr("port `a` has this device already"));
}

TEST(Switch, SaysThatADeviceHasTooFewQueues) {
  EXPECT_THAT(messages(R"(
ports: {a: {device: net_ring0, tx_queues: 17}, b: {device: net_null0}}
elements: {rx: {class: PollDevice, port: b}, tx: {class: ToDevice, port: a}}
connections: [rx -> tx]
)"),
              ElementsAre(::testing::AllOf(HasSubstr("17 send queues are needed, but the device has 16"),
                                           HasSubstr("put a Queue before one ToDevice"))));
}

TEST(Switch, SetsMtuAndMac) {
  const auto live = create(R"(
ports: {a: {device: net_null0, mac: "02:00:00:00:00:77"}}
elements: {rx: {class: PollDevice, port: a}, tx: {class: ToDevice, port: a}}
connections: [rx -> tx]
)");
  EXPECT_TRUE(live);
  EXPECT_THAT(messages(R"(
ports: {a: {device: net_ring0, mtu: 9000}}
elements: {rx: {class: PollDevice, port: a}, tx: {class: ToDevice, port: a}}
connections: [rx -> tx]
)"),
              ElementsAre(::testing::AllOf(HasSubstr("rte_eth_dev_set_mtu fails"), HasSubstr("leave `mtu:` out"))));
}

}  // namespace
}  // namespace runtime
}  // namespace smartswitch
