// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/observe/profile.h"

#include <gmock/gmock.h>
#include <rte_cycles.h>

#include <map>

#include "tests/unit/runtime/observed_graph.h"

namespace smartswitch {

// Takes at least 100,000 cycles a batch.
class TestSlow final : public Element {
 public:
  static void describe(Describe<TestSlow>& d) {
    d.summary("Takes its time.");
    d.input<&TestSlow::push>("in", "any");
    d.output("out", &TestSlow::out_, "the same");
  }
  void push(Batch& batch) {
    const std::uint64_t end = rte_rdtsc() + 100'000;
    while (rte_rdtsc() < end) {
    }
    out_.push(batch);
  }

 private:
  Output out_;
};
SMARTSWITCH_ELEMENT(TestSlow)

namespace observe {
namespace {

using testing::numbered;
using testing::ObservedGraph;

TEST(Profile, AnElementDoesNotPayForThoseItCalls) {
  ObservedGraph graph(R"(
elements: {in: {class: Source, count: 1}, before: PassThrough, slow: TestSlow, end: Discard}
connections: [in -> before -> slow -> end]
)");
  const auto targets = graph.targets();
  Profile profile;
  graph.hooks.add(profile);
  const std::uint64_t begin = rte_rdtsc();
  for (int i = 0; i < 10; ++i) graph.push("in", {numbered(1), numbered(2)});
  const std::uint64_t busy = rte_rdtsc() - begin;
  graph.hooks.remove(profile);
  EXPECT_EQ(graph.targets(), targets);
  std::map<std::string, ElementCost> costs;
  double share = 0;
  for (const ElementCost& cost : profile.costs({busy}, 1e9)) {
    costs[cost.element] = cost;
    share += cost.share;
  }
  EXPECT_EQ(costs["slow"].packets, 20U);
  EXPECT_GE(costs["slow"].ns_per_packet, 50'000);  // 100,000 cycles at 1 GHz for two packets
  EXPECT_LT(costs["before"].share, costs["slow"].share);
  EXPECT_EQ(costs["in"].packets, 20U);
  EXPECT_GT(costs["in"].ns_per_packet, 0);
  EXPECT_NEAR(share, 1, 1e-6);  // all of the worker's time is somebody's
}

TEST(Profile, NothingPassed) {
  ObservedGraph graph("elements: {in: {class: Source, count: 1}, end: Discard}\nconnections: [in -> end]\n");
  Profile profile;
  graph.hooks.add(profile);
  graph.hooks.remove(profile);
  const auto costs = profile.costs({0}, 1e9);
  ASSERT_EQ(costs.size(), 2U);
  EXPECT_EQ(costs[0].packets, 0U);
  EXPECT_EQ(costs[0].ns_per_packet, 0);
  EXPECT_EQ(costs[0].share, 0);
}

}  // namespace
}  // namespace observe
}  // namespace smartswitch
