// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/observe/edge_hooks.h"

#include <gmock/gmock.h>

#include "tests/unit/runtime/observed_graph.h"

namespace smartswitch::observe {
namespace {

using ::testing::ElementsAre;
using ::testing::Ne;
using testing::numbered;
using testing::ObservedGraph;

// Counts packets on all edges, or on those of one element.
class Watcher final : public EdgeUser {
 public:
  explicit Watcher(std::string element = {}) : element_(std::move(element)) {}
  void attach(std::shared_ptr<const Wiring>) override { ++attached; }
  [[nodiscard]] bool wants(const Edge& edge) const override { return element_.empty() || edge.from->name == element_; }
  void pass(const Edge& edge, Batch& batch, Onward onward) override {
    seen.push_back(edge.name() + " " + std::to_string(batch.size()));
    onward.push(batch);
  }
  std::vector<std::string> seen;
  int attached = 0;

 private:
  std::string element_;
};

constexpr const char* kChain = R"(
elements: {in: {class: Source, count: 1}, one: PassThrough, two: PassThrough, end: Discard}
connections: [in -> one -> two -> end]
)";

TEST(EdgeHooks, LeaveOutputsAsTheyWere) {
  ObservedGraph graph(kChain);
  const auto before = graph.targets();
  Watcher all;
  Watcher some("one");
  graph.hooks.add(all);
  graph.hooks.add(some);
  EXPECT_THAT(graph.targets(), Ne(before));
  // Whoever came first goes first: in a chain of hooks this would leave one that is gone behind.
  graph.hooks.remove(all);
  graph.push("in", {numbered(1)});
  EXPECT_THAT(some.seen, ElementsAre("one.out 1"));
  graph.hooks.remove(some);
  EXPECT_EQ(graph.targets(), before);
}

TEST(EdgeHooks, AllUsersSeeAnEdge) {
  ObservedGraph graph(kChain);
  Watcher all;
  Watcher some("two");
  graph.hooks.add(all);
  graph.hooks.add(some);
  graph.push("in", {numbered(1), numbered(2)});
  EXPECT_THAT(all.seen, ElementsAre("in.out 2", "one.out 2", "two.out 2"));
  EXPECT_THAT(some.seen, ElementsAre("two.out 2"));
  graph.hooks.remove(some);
  graph.hooks.remove(all);
}

TEST(EdgeHooks, ComeOffForAReloadAndGoOnAgain) {
  ObservedGraph graph(kChain);
  const auto before = graph.targets();
  Watcher all;
  graph.hooks.add(all);
  graph.hooks.take_off();
  EXPECT_EQ(graph.targets(), before);
  graph.push("in", {numbered(1)});
  EXPECT_TRUE(all.seen.empty());
  graph.hooks.put_on(graph.wiring());
  EXPECT_EQ(all.attached, 2);
  graph.push("in", {numbered(1)});
  EXPECT_EQ(all.seen.size(), 3U);
  graph.hooks.remove(all);
}

TEST(EdgeHooks, AnOutputThatLeadsNowhereStaysSo) {
  ObservedGraph graph(R"(
elements: {in: {class: Source, count: 1}, filter: {class: BpfFilter, filter: udp port 9}, end: Discard}
connections: [in -> filter -> end]
)");
  Watcher all;
  graph.hooks.add(all);
  graph.push("in", {numbered(1, 10)});
  EXPECT_THAT(all.seen, ElementsAre("in.out 1"));
  graph.hooks.remove(all);
}

}  // namespace
}  // namespace smartswitch::observe
