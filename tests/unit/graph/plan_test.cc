// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <filesystem>
#include <fstream>

#include "tests/unit/graph/load_helper.h"

namespace smartswitch::graph {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(Plan, HasWhatTheFileSays) {
  const Plan plan = plan_of(R"(
smartswitch: 1
pool: {packets: 5000, cache: 128, large_packets: 64}
ports:
  clients: {device: "net_tap0,iface=x", rx_queues: 1, mtu: 1500, mac: 02:00:00:00:01:01, promiscuous: false}
  servers: net_null1
state:
  hot: {class: TestState, memory: 1MiB}
elements:
  rx: {class: TestPoll, port: clients}
  shared: {class: TestShared, state: hot}
  tx: {class: TestSend, port: servers}
connections:
  - rx -> shared -> tx
)");
  EXPECT_EQ(plan.pool.packets, 5000U);
  EXPECT_EQ(plan.pool.cache, 128U);
  EXPECT_EQ(plan.pool.large_packets, 64U);
  ASSERT_THAT(plan.ports, SizeIs(2));
  EXPECT_EQ(plan.ports[0].name, "clients");
  EXPECT_EQ(plan.ports[0].device, "net_tap0,iface=x");
  EXPECT_EQ(plan.ports[0].mtu, 1500);
  EXPECT_EQ(to_string(plan.ports[0].mac), "02:00:00:00:01:01");
  EXPECT_FALSE(plan.ports[0].promiscuous);
  EXPECT_EQ(plan.ports[0].where, (Location{"test.yaml", 5, 3}));
  EXPECT_EQ(plan.ports[1].device, "net_null1");
  EXPECT_TRUE(plan.ports[1].promiscuous);
  ASSERT_THAT(plan.states, SizeIs(1));
  EXPECT_EQ(plan.states[0].name, "hot");
  EXPECT_EQ(plan.states[0].info->name, "TestState");
  EXPECT_EQ(plan.states[0].parameters.find("memory")->text(), "1MiB");
  ASSERT_THAT(plan.elements, SizeIs(3));
  EXPECT_EQ(plan.elements[1].info->name, "TestShared");
  EXPECT_EQ(plan.elements[1].where, (Location{"test.yaml", 11, 3}));
  EXPECT_THAT(spoken_connections(plan), ElementsAre("rx.out > shared.in", "shared.out > tx.in"));
  EXPECT_EQ(plan.connections[0].where, (Location{"test.yaml", 14, 5}));
  EXPECT_EQ(plan.connections[1].where, (Location{"test.yaml", 14, 11}));
  ASSERT_THAT(plan.workers, SizeIs(1));
  EXPECT_EQ(plan.workers[0].name, "worker0");
  EXPECT_FALSE(plan.workers[0].core);
  EXPECT_EQ(plan.workers[0].idle, Idle::kAdaptive);
  EXPECT_THAT(plan.workers[0].sources, ElementsAre(0));
  EXPECT_THAT(plan.instances, SizeIs(3));
  EXPECT_THAT(plan.links, SizeIs(2));
}

TEST(Plan, PortsOfAllKinds) {
  const Plan plan = plan_of(R"(
smartswitch: 1
elements:
  rx: TestSource
  rx2: TestSource
  keyed: {class: TestKeyed, rules: {one: a, a.b: c}}
  fan: TestFan
  join: TestJoin
  two: TestTwoIn
  filter: TestFilter
  sink: TestSink
connections:
  - rx, rx2 -> keyed -> fan           # unnamed outputs: the first key
  - keyed.a.b -> two:right
  - keyed.other -> two
  - fan -> join                       # unnamed: number 0
  - fan.1 -> join:1
  - "[fan.2, two] -> filter:in.rest -> sink"
  - "filter -> sink"
  - 'join -> sink:in'
)");
  EXPECT_THAT(spoken_connections(plan),
              ElementsAre("rx.out > keyed.in", "rx2.out > keyed.in", "keyed.one > fan.in", "keyed.a.b > two.right",
                          "keyed.other > two.left", "fan.0 > join.0", "fan.1 > join.1", "fan.2 > filter.in", "two.out > filter.in",
                          "filter.rest > sink.in", "filter.out > sink.in", "join.out > sink.in"));
  const auto& keyed = plan.elements[element_index(plan, "keyed")];
  EXPECT_THAT(keyed.output_names, ElementsAre("one", "a.b", "other"));
  EXPECT_THAT(keyed.input_names, ElementsAre("in"));
  EXPECT_THAT(plan.elements[element_index(plan, "fan")].output_names, ElementsAre("0", "1", "2"));
  EXPECT_THAT(plan.elements[element_index(plan, "join")].input_names, ElementsAre("0", "1"));
  EXPECT_EQ(plan.connections[5].output.port, 0U);
  EXPECT_EQ(plan.connections[6].output.index, 1U);
  // The text's second output, within brackets and quotes.
  EXPECT_EQ(plan.connections[8].where, (Location{"test.yaml", 18, 14}));
}

TEST(Plan, OptionalOutputsMayStayLoose) {
  EXPECT_THAT(plan_of("smartswitch: 1\nelements: {rx: TestSource, f: TestFilter, s: TestSink}\nconnections: [rx -> f -> s]").connections,
              SizeIs(2));
}

TEST(Plan, AnonymousElements) {
  const Plan plan = plan_of(R"(smartswitch: 1
elements: {rx: TestSource}
connections:
  - rx -> TestFilter -> TestFilter -> TestSink
)");
  EXPECT_THAT(spoken_connections(plan),
              ElementsAre("rx.out > TestFilter@4.in", "TestFilter@4.out > TestFilter@4.2.in", "TestFilter@4.2.out > TestSink@4.in"));
}

constexpr const char* kTemplates = R"(
smartswitch: 1
state:
  hot: TestState
templates:
  Limit:
    parameters: {limit: 5, delay: ~}
    elements:
      limit: {class: TestFilter, limit: "${limit}", delay: "${delay}"}
    connections:
      - input -> limit -> output
      - limit.rest -> output:over
  Lane:
    parameters: {delay: 1ms, rules: ~}
    state:
      own: {class: TestState, memory: 2KiB}
    elements:
      first: {class: Limit, delay: "${delay}"}
      own: {class: TestShared, state: own}
      shared: {class: TestShared, state: hot}
      keyed: {class: TestKeyed, rules: "${rules}"}
    connections:
      - input -> first -> own -> shared -> keyed -> output
      - first.over, keyed.other -> output:rest
elements:
  rx: TestSource
  left: {class: Lane, rules: {one: a}}
  right: {class: Lane, delay: 5ms, rules: {two: b}}
  sink: TestSink
connections:
  - rx -> left -> right -> sink
  - left.rest, right.rest -> sink
)";

TEST(Plan, TemplatesAreUnfolded) {
  const Plan plan = plan_of(kTemplates);
  std::vector<std::string> names;
  for (const ElementSpec& element : plan.elements) names.push_back(element.name);
  EXPECT_THAT(names, ElementsAre("rx", "left/first/limit", "left/own", "left/shared", "left/keyed", "right/first/limit", "right/own",
                                 "right/shared", "right/keyed", "sink"));
  EXPECT_THAT(spoken_connections(plan),
              ::testing::UnorderedElementsAre(
                  "rx.out > left/first/limit.in", "left/first/limit.out > left/own.in", "left/first/limit.rest > sink.in",
                  "left/own.out > left/shared.in", "left/shared.out > left/keyed.in", "left/keyed.one > right/first/limit.in",
                  "left/keyed.other > sink.in", "right/first/limit.out > right/own.in", "right/first/limit.rest > sink.in",
                  "right/own.out > right/shared.in", "right/shared.out > right/keyed.in", "right/keyed.two > sink.in",
                  "right/keyed.other > sink.in"));
  const Value& limit = plan.elements[element_index(plan, "left/first/limit")].parameters;
  EXPECT_EQ(limit.find("limit")->text(), "5");
  EXPECT_EQ(limit.find("delay")->text(), "1ms");
  EXPECT_EQ(plan.elements[element_index(plan, "right/first/limit")].parameters.find("delay")->text(), "5ms");
}

TEST(Plan, TemplatesHaveStateOfTheirOwn) {
  const Plan plan = plan_of(kTemplates);
  std::vector<std::string> names;
  for (const StateObject& state : plan.states) names.push_back(state.name);
  EXPECT_THAT(names, ElementsAre("hot", "left/own", "right/own"));
  EXPECT_EQ(plan.elements[element_index(plan, "right/own")].parameters.find("state")->text(), "right/own");
  EXPECT_EQ(plan.elements[element_index(plan, "right/shared")].parameters.find("state")->text(), "hot");
}

TEST(Plan, AnOptionalOutputMayEndAtALooseTemplatePort) {
  const Plan plan = plan_of(R"(
smartswitch: 1
templates:
  T: {elements: {f: TestFilter}, connections: [input -> f -> output, "f.rest -> output:rest"]}
elements: {rx: TestSource, t: T, sink: TestSink}
connections: [rx -> t -> sink]
)");
  EXPECT_THAT(spoken_connections(plan), ::testing::UnorderedElementsAre("rx.out > t/f.in", "t/f.out > sink.in"));
}

TEST(Placement, APipelineOnSeveralCores) {
  const Plan plan = plan_of(R"(
smartswitch: 1
ports:
  wide: {device: net_null0, rx_queues: 2}
elements:
  rx: {class: TestPoll, port: wide}
  filter: TestFilter
  queue: TestQueue
  slow: TestFilter
  out: TestSink
  sink: TestSink
connections:
  - rx -> filter -> queue -> slow -> sink
  - filter.rest -> out
workers:
  - {cores: [2, 4], run: [rx], idle: poll, name: fast}
  - {core: 6, run: queue, max_sleep: 50us}
)");
  ASSERT_THAT(plan.workers, SizeIs(3));
  EXPECT_EQ(plan.workers[0].name, "fast.0");
  EXPECT_EQ(plan.workers[0].core, 2U);
  EXPECT_EQ(plan.workers[1].name, "fast.1");
  EXPECT_EQ(plan.workers[1].core, 4U);
  EXPECT_EQ(plan.workers[1].idle, Idle::kPoll);
  EXPECT_EQ(plan.workers[2].name, "worker2");
  EXPECT_EQ(plan.workers[2].core, 6U);
  EXPECT_EQ(plan.workers[2].idle, Idle::kAdaptive);
  EXPECT_EQ(plan.workers[2].max_sleep.nanoseconds, 50'000);

  // rx, filter and out twice, the others once.
  std::vector<std::string> instances;
  for (const Instance& i : plan.instances) {
    instances.push_back(plan.elements[i.element].name + " " + std::to_string(i.replica) + "/" + std::to_string(i.replicas) + " on " +
                        std::to_string(i.worker));
  }
  EXPECT_THAT(instances, ElementsAre("rx 0/2 on 0", "rx 1/2 on 1", "filter 0/2 on 0", "filter 1/2 on 1", "queue 0/1 on 2", "slow 0/1 on 2",
                                     "out 0/2 on 0", "out 1/2 on 1", "sink 0/1 on 2"));
  EXPECT_THAT(plan.workers[0].sources, ElementsAre(0));
  EXPECT_THAT(plan.workers[1].sources, ElementsAre(1));
  EXPECT_THAT(plan.workers[2].sources, ElementsAre(4));
  std::vector<std::pair<std::size_t, std::size_t>> links;
  for (const Link& link : plan.links) links.emplace_back(link.from, link.to);
  using P = std::pair<std::size_t, std::size_t>;
  EXPECT_THAT(links, ElementsAre(P{0, 2}, P{1, 3}, P{2, 4}, P{3, 4}, P{4, 5}, P{5, 8}, P{2, 6}, P{3, 7}));
}

TEST(Placement, AQueueBelongsToTheFirstCoreOfItsWorker) {
  const Plan plan = plan_of(R"(
smartswitch: 1
elements: {rx: TestSource, queue: TestQueue, filter: TestFilter, sink: TestSink}
connections:
  - rx -> queue -> filter -> sink
workers:
  - {cores: [1, 2], run: all}
)");
  const auto queue = element_index(plan, "queue");
  unsigned copies = 0;
  for (const Instance& i : plan.instances) copies += i.element == queue ? 1 : 0;
  EXPECT_EQ(copies, 1U);
  EXPECT_THAT(plan.workers[0].sources, SizeIs(2));
  EXPECT_THAT(plan.workers[1].sources, SizeIs(1));
  // Both copies of rx feed it; it feeds the copy of filter beside it.
  std::vector<std::size_t> from, to;
  for (const Link& link : plan.links) {
    if (plan.instances[link.to].element == queue) from.push_back(plan.instances[link.from].worker);
    if (plan.instances[link.from].element == queue) to.push_back(plan.instances[link.to].worker);
  }
  EXPECT_THAT(from, ElementsAre(0, 1));
  EXPECT_THAT(to, ElementsAre(0));
}

TEST(Placement, EachLeadsToAQueueOnEveryCore) {
  const Plan plan = plan_of(R"(
smartswitch: 1
elements: {rx: TestSource, spread: TestFan, queue: TestQueue, filter: TestFilter, sink: TestSink}
connections:
  - rx -> spread.each -> queue -> filter -> sink
workers:
  - {core: 1, run: rx}
  - {cores: [2, 3, 4], run: queue}
)");
  const auto queue = element_index(plan, "queue");
  std::vector<std::size_t> on;
  for (const Instance& i : plan.instances) {
    if (i.element == queue) on.push_back(i.worker);
  }
  EXPECT_THAT(on, ElementsAre(1, 2, 3));
  for (std::size_t worker = 1; worker < 4; ++worker) EXPECT_THAT(plan.workers[worker].sources, SizeIs(1));
  std::vector<std::pair<unsigned, std::size_t>> outputs;  // of `spread`, and the worker that each leads to
  for (const Link& link : plan.links) {
    if (plan.instances[link.to].element == queue) {
      outputs.emplace_back(link.output.index, plan.instances[link.to].worker);
    } else if (plan.instances[link.from].element == queue) {
      EXPECT_EQ(plan.instances[link.from].worker, plan.instances[link.to].worker);
    }
  }
  using P = std::pair<unsigned, std::size_t>;
  EXPECT_THAT(outputs, ElementsAre(P{0, 1}, P{1, 2}, P{2, 3}));
}

TEST(Placement, EachWithOneCoreIsOneOutput) {
  const Plan plan = plan_of(R"(
smartswitch: 1
elements: {rx: TestSource, spread: TestFan, queue: TestQueue, sink: TestSink}
connections:
  - rx -> spread.each -> queue -> sink
)");
  EXPECT_THAT(plan.links, SizeIs(3));
  EXPECT_TRUE(plan.connections[1].output.each);
}

TEST(Placement, SourcesWithoutPollArePlacedButNotPolled) {
  const Plan plan =
      plan_of("smartswitch: 1\nelements: {rx: TestTimerSource, s: TestSink}\nconnections: [rx -> s]\nworkers: [{core: 3, run: rx}]");
  EXPECT_THAT(plan.workers[0].sources, IsEmpty());
  EXPECT_THAT(plan.instances, SizeIs(2));
}

TEST(Placement, ALoopThroughAQueueIsFine) {
  const Plan plan = plan_of(R"(
smartswitch: 1
elements: {rx: TestSource, filter: TestFilter, queue: TestQueue, sink: TestSink}
connections:
  - rx -> filter -> sink
  - filter.rest -> queue -> filter
)");
  EXPECT_THAT(plan.connections, SizeIs(4));
}

TEST(Placement, AWayBackToAnInputThatLeadsElsewhereIsNoLoop) {
  const Plan plan = plan_of(R"(
smartswitch: 1
elements: {rx: TestSource, asker: TestAsker, filter: TestFilter, sink: TestSink}
connections:
  - rx -> asker -> filter -> asker:answers
  - asker.out, filter.rest -> sink
)");
  EXPECT_THAT(plan.connections, SizeIs(5));
}

TEST(Placement, SeveralSourcesOfOneWorkerMayMeet) {
  EXPECT_THAT(plan_of("smartswitch: 1\nelements: {a: TestSource, b: TestSource, s: TestSink}\nconnections: ['a, b -> s']\n"
                      "workers: [{core: 1, run: [a, b]}]")
                  .workers,
              SizeIs(1));
}

TEST(Placement, QueuesOfAPortInSeveralWorkers) {
  const Plan plan = plan_of(R"(
smartswitch: 1
ports: {wide: {device: net_null0, rx_queues: 2}}
elements:
  a: {class: TestPoll, port: wide.1}
  b: {class: TestPoll, port: wide.0}
  s: TestSink
  t: TestSink
connections: [a -> s, b -> t]
workers:
  - {run: [a]}
  - {run: [b]}
)");
  EXPECT_THAT(plan.workers, SizeIs(2));
}

TEST(Load, AThousandElements) {
  std::string text = "smartswitch: 1\nelements:\n  rx: TestSource\n  sink: TestSink\n";
  std::string chain = "  - rx";
  for (int i = 0; i < 1000; ++i) {
    text += "  f" + std::to_string(i) + ": {class: TestFilter, limit: 7}\n";
    chain += " -> f" + std::to_string(i);
  }
  const Plan plan = plan_of(text + "connections:\n" + chain + " -> sink\n");
  EXPECT_THAT(plan.elements, SizeIs(1002));
  EXPECT_THAT(plan.connections, SizeIs(1001));
}

TEST(Load, ALongChainIsNoTroubleForTheStack) {
  std::string text = "smartswitch: 1\nelements:\n  rx: TestSource\n  sink: TestSink\n";
  std::string lines = "  - rx -> f0\n";
  constexpr int kMany = 15'000;
  for (int i = 0; i < kMany; ++i) {
    text += "  f" + std::to_string(i) + ": TestFilter\n";
    lines += "  - f" + std::to_string(i) + " -> " + (i + 1 < kMany ? "f" + std::to_string(i + 1) : "sink") + "\n";
  }
  EXPECT_THAT(plan_of(text + "connections:\n" + lines).connections, SizeIs(kMany + 1));
}

class Files : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(::testing::TempDir()) / ("graph-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_ / "sub");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return (folder_ / name).string();
  }
  std::filesystem::path folder_;
};

TEST_F(Files, IncludesAreMerged) {
  write("common.yaml", "ports: {clients: net_null0}\nelements: {sink: TestSink}\nvariables: {LIMIT: 5}\n");
  write("sub/a.yaml", "smartswitch: 1\ninclude: [../common.yaml, b.yaml]\nelements: {a: {class: TestFilter, limit: '${LIMIT}'}}\n");
  write("sub/b.yaml", "include: ../sub/../common.yaml\nconnections: [a -> sink]\nworkers: [{core: 1, run: [rx]}]\n");
  const std::string main = write("main.yaml",
                                 "smartswitch: 1\nvariables: {WHERE: sub}\ninclude: ['${WHERE}/a.yaml', common.yaml]\n"
                                 "elements: {rx: {class: TestPoll, port: clients}}\nconnections: [rx -> a]\n");
  const Loaded loaded = load_file(main, only());
  ASSERT_TRUE(loaded.plan) << messages(loaded);
  EXPECT_THAT(spoken_connections(*loaded.plan), ElementsAre("a.out > sink.in", "rx.out > a.in"));
  EXPECT_THAT(loaded.plan->workers, SizeIs(1));
  EXPECT_EQ(loaded.plan->elements[0].where.file, (folder_ / "common.yaml").string());
}

TEST_F(Files, UnreadableOnes) {
  EXPECT_EQ(messages(load_file("nowhere/at_all.yaml", only())),
            "nowhere/at_all.yaml: error: it cannot be read: No such file or directory\n");
  EXPECT_EQ(messages(load_file("/tmp", only())), "/tmp: error: it is a directory, not a file\n");
  EXPECT_THAT(messages(load_file("/dev/zero", only())), ::testing::HasSubstr("larger than 16 MiB"));
}

TEST_F(Files, IncludesCanBeForbidden) {
  LoadOptions options = only();
  options.includes = false;
  EXPECT_THAT(messages(load_text("smartswitch: 1\ninclude: [/etc/passwd]\n", "x", options)),
              ::testing::HasSubstr("`include` is not allowed here"));
}

}  // namespace
}  // namespace smartswitch::graph
