// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/observe/trace.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/unit/runtime/observed_graph.h"

namespace smartswitch {

// Remembers the order of what comes.
class TestMemory final : public Element {
 public:
  static void describe(Describe<TestMemory>& d) {
    d.summary("Remembers.");
    d.input<&TestMemory::push>("in", "any");
    d.drop("remembered", &TestMemory::remembered_, "all");
  }
  void push(Batch& batch) {
    for (const Packet packet : batch) order += static_cast<char>('0' + packet.data()[29]);
    drop(batch, remembered_);
  }
  std::string order;

 private:
  DropReason remembered_;
};
SMARTSWITCH_ELEMENT(TestMemory)

// Answers each packet with two of its own, and keeps count.
class TestAnswers final : public Element {
 public:
  static void describe(Describe<TestAnswers>& d) {
    d.summary("Makes two packets of one.");
    d.input<&TestAnswers::push>("in", "any");
    d.output("out", &TestAnswers::out_, "two");
    d.counter("answered", &TestAnswers::answered_, "packets");
  }
  void push(Batch& batch) {
    Batch made;
    for (const Packet packet : batch) {
      answered_.add();
      for (int i = 0; i < 2; ++i) {
        const Packet reply = allocate();
        ASSERT_TRUE(reply && reply.resize(60));
        std::fill_n(reply.data(), 60, std::uint8_t{0});
        made.add(reply);
      }
      consume(packet);
    }
    batch.release();
    out_.push(made);
  }

 private:
  Output out_;
  Counter answered_;
};
SMARTSWITCH_ELEMENT(TestAnswers)

namespace observe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::numbered;
using testing::ObservedGraph;

class Traced {
 public:
  Traced(ObservedGraph& graph, const TraceOptions& options) : graph_(graph) {
    Problems problems;
    trace = Trace::make(options, *graph.wiring(), problems);
    for (const Problem& problem : problems.list()) ADD_FAILURE() << problem.message;
    graph.hooks.add(*trace);
  }
  ~Traced() { graph_.hooks.remove(*trace); }
  Traced(const Traced&) = delete;
  Traced& operator=(const Traced&) = delete;
  std::unique_ptr<Trace> trace;

 private:
  ObservedGraph& graph_;
};

// "element>output" or "element:fate"
std::vector<std::string> way(const TracedPacket& packet) {
  std::vector<std::string> way;
  for (const Visit& visit : packet.visits) {
    std::string text = visit.element;
    for (const Exit& exit : visit.exits) text += ">" + exit.output;
    if (visit.exits.empty()) text += ":" + std::string(name_of(visit.fate)) + (visit.reason.empty() ? "" : " " + visit.reason);
    way.push_back(text);
  }
  return way;
}

constexpr const char* kFilter = R"(
elements: {in: {class: Source, count: 1}, filter: {class: BpfFilter, filter: udp port 9}, colour: {class: Paint, colour: 7}, end: TestMemory}
connections: [in -> filter -> colour -> end]
)";

TEST(Trace, FollowsAPacketAndNamesItsDrop) {
  ObservedGraph graph(kFilter);
  Traced traced(graph, {.count = 2});
  graph.push("in", {numbered(1), numbered(2, 10)});
  EXPECT_TRUE(traced.trace->done());
  const TraceResult result = traced.trace->result();
  ASSERT_EQ(result.packets.size(), 2U);
  EXPECT_THAT(way(result.packets[0]), ElementsAre("filter>out", "colour>out", "end:dropped remembered"));
  EXPECT_THAT(way(result.packets[1]), ElementsAre("filter:dropped no_match"));
  EXPECT_EQ(result.packets[1].visits[0].help, "packets that do not match, if `other` is not connected");
  EXPECT_THAT(result.packets[0].summary, HasSubstr("UDP 10.0.0.1:1000 > 10.0.1.1:9, \"hello\""));
  const auto& changes = result.packets[0].visits[1].exits[0].changes;
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].name + changes[0].after, "paint7");
}

TEST(Trace, KeepsTheOrderOfABatch) {
  ObservedGraph graph(kFilter);
  Traced traced(graph, {.filter = "src host 10.0.0.3 or src host 10.0.0.4", .count = 10});
  graph.push("in", {numbered(1), numbered(2), numbered(3), numbered(4), numbered(5)});
  EXPECT_EQ(graph.element<TestMemory>("end").order, "12345");
  EXPECT_EQ(traced.trace->picked(), 2U);
  EXPECT_FALSE(traced.trace->picked_all());
}

TEST(Trace, FollowsCopies) {
  ObservedGraph graph(R"(
elements: {in: {class: Source, count: 1}, tee: Tee, left: TestMemory, right: Discard}
connections: [in -> tee, tee.0 -> left, tee.1 -> right]
)");
  Traced traced(graph, {.count = 1});
  graph.push("in", {numbered(1), numbered(2)});
  const TraceResult result = traced.trace->result();
  ASSERT_EQ(result.packets.size(), 1U);
  EXPECT_THAT(way(result.packets[0]), ElementsAre("tee>0>1", "left:dropped remembered", "right:dropped discarded"));
  EXPECT_TRUE(traced.trace->done());
}

TEST(Trace, FollowsWhatIsMadeOfAPacket) {
  ObservedGraph graph(R"(
elements: {in: {class: Source, count: 1}, answers: TestAnswers, end: Discard}
connections: [in -> answers -> end]
)");
  Traced traced(graph, {.filter = "src host 10.0.0.2", .count = 1});
  graph.push("in", {numbered(1), numbered(2), numbered(3)});
  const TraceResult result = traced.trace->result();
  ASSERT_EQ(result.packets.size(), 1U);
  EXPECT_THAT(way(result.packets[0]), ElementsAre("answers>out>out", "end:dropped discarded", "end:dropped discarded"));
  EXPECT_TRUE(result.packets[0].visits[1].made);
  // Of three packets that it answered, one is this one's.
  ASSERT_EQ(result.packets[0].visits[0].counters[0].name, "answered");
  EXPECT_EQ(result.packets[0].visits[0].counters[0].by, 1);
}

TEST(Trace, FollowsThroughAQueue) {
  ObservedGraph graph(R"(
elements: {in: {class: Source, count: 1}, wait: {class: Queue, capacity: 1}, end: Discard}
connections: [in -> wait -> end]
workers: [{run: [in]}, {run: [wait]}]
)");
  Traced traced(graph, {.count = 2});
  graph.push("in", {numbered(1), numbered(2)});
  EXPECT_FALSE(traced.trace->done());
  EXPECT_THAT(way(traced.trace->result().packets[0]), ElementsAre("wait:held"));
  graph.poll("wait");
  EXPECT_TRUE(traced.trace->done());
  const TraceResult result = traced.trace->result();
  EXPECT_THAT(way(result.packets[0]), ElementsAre("wait>out", "end:dropped discarded"));
  EXPECT_THAT(way(result.packets[1]), ElementsAre("wait:dropped full"));
  EXPECT_EQ(result.packets[0].visits[1].worker, "worker1");
}

TEST(Trace, PicksAtAnElement) {
  ObservedGraph graph(kFilter);
  Traced traced(graph, {.element = "filter", .count = 5});
  graph.push("in", {numbered(1), numbered(2, 10)});
  const TraceResult result = traced.trace->result();
  ASSERT_EQ(result.packets.size(), 1U);
  EXPECT_THAT(way(result.packets[0]), ElementsAre("colour>out", "end:dropped remembered"));
  EXPECT_THAT(trace_text(result, false), HasSubstr("1 packet of 5 that were asked for"));
}

TEST(Trace, APacketOfAnEarlierTraceIsAnother) {
  ObservedGraph graph(R"(
elements: {in: {class: Source, count: 1}, wait: Queue, end: Discard}
connections: [in -> wait -> end]
)");
  {
    Traced first(graph, {.count = 1});
    graph.push("in", {numbered(1)});
  }
  Traced second(graph, {.count = 1});
  graph.poll("wait");
  EXPECT_EQ(second.trace->picked(), 0U);
  EXPECT_TRUE(second.trace->result().packets.empty());
}

TEST(Trace, TakesABoundedAmountOfMemory) {
  ObservedGraph graph(R"(
elements: {in: {class: Source, count: 1}, a: PassThrough, b: PassThrough, c: PassThrough, d: PassThrough, end: TestMemory}
connections: [in -> a -> b -> c -> d -> end]
)");
  Traced traced(graph, {.count = TraceOptions::kMostPackets, .bytes = TraceOptions::kMostBytes});
  for (int i = 0; i < 40; ++i) graph.push("in", std::vector<testing::Bytes>(32, numbered(1)));
  const TraceResult result = traced.trace->result();
  EXPECT_EQ(traced.trace->picked(), TraceOptions::kMostPackets);
  EXPECT_GT(result.left_out, 0U);
  std::size_t bytes = 0;
  for (const TracedPacket& packet : result.packets) {
    for (const Visit& visit : packet.visits) bytes += sizeof(TraceStep) + visit.bytes.size();
  }
  EXPECT_LE(bytes, 8U << 20);
  EXPECT_EQ(graph.element<TestMemory>("end").order.size(), 40U * 32);
}

TEST(Trace, SaysWhatIsWrongWithItsOptions) {
  ObservedGraph graph(kFilter);
  Problems problems;
  EXPECT_EQ(Trace::make({.element = "filtr", .filter = "udp prt 9", .count = 0, .bytes = 5000}, *graph.wiring(), problems), nullptr);
  ASSERT_EQ(problems.size(), 4U);
  EXPECT_THAT(problems.list()[0].message, HasSubstr("the filter `udp prt 9` does not compile: "));
  EXPECT_EQ(problems.list()[1].message, "0 packets cannot be followed");
  EXPECT_EQ(problems.list()[2].message, "5000 bytes of each packet are too many");
  EXPECT_EQ(problems.list()[3].message, "there is no element `filtr`");
  EXPECT_EQ(problems.list()[3].hint, "did you mean `filter`?");
}

TEST(Trace, IsToldAsTextAndAsJson) {
  ObservedGraph graph(kFilter);
  Traced traced(graph, {.count = 1, .bytes = 4});
  graph.push("in", {numbered(1)});
  const TraceResult result = traced.trace->result();
  const std::string text = trace_text(result, false);
  EXPECT_THAT(text, HasSubstr("from in (Source) on worker0"));
  EXPECT_THAT(text, HasSubstr("colour  Paint       -> out               paint 7\n"));
  EXPECT_THAT(text, HasSubstr("end     TestMemory  dropped: remembered  all\n"));
  EXPECT_THAT(text, HasSubstr("0000  02 00 00 00 "));
  const auto json = nlohmann::json::parse(trace_json(result));
  EXPECT_EQ(json["packets"][0]["visits"][2]["annotations"]["paint"], "7");
  EXPECT_EQ(json["packets"][0]["visits"][2]["fate"], "dropped");
  EXPECT_EQ(json["packets"][0]["visits"][2]["reason"], "remembered");
  EXPECT_EQ(json["packets"][0]["visits"][0]["bytes"], "02000000");
}

}  // namespace
}  // namespace observe
}  // namespace smartswitch
