// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "graph/draw.h"

#include "tests/unit/graph/load_helper.h"

namespace smartswitch::graph {
namespace {

using ::testing::HasSubstr;

constexpr const char* kText = R"(
smartswitch: 1
ports:
  clients: {device: "net_tap0,iface=\"x\"", rx_queues: 2}
state: {hot: TestState}
elements:
  rx: {class: TestPoll, port: clients}
  shared: {class: TestShared, state: hot}
  keyed: {class: TestKeyed, rules: {'a"b\': x}}
  queue: TestQueue
  tx: {class: TestSend, port: clients}
connections:
  - rx -> shared -> keyed -> queue -> tx
  - keyed.other -> queue
workers:
  - {cores: [1, 2], run: rx}
  - {core: 3, run: queue}
)";

TEST(Draw, WorkersElementsPortsAndState) {
  const std::string dot = draw_dot(plan_of(kText));
  EXPECT_THAT(dot, ::testing::StartsWith("digraph smartswitch {\n  rankdir=LR;\n"));
  EXPECT_THAT(dot, ::testing::EndsWith("}\n"));
  EXPECT_THAT(dot, HasSubstr("subgraph cluster_0 {"));
  EXPECT_THAT(dot, HasSubstr("label=\"worker0.1, core 2\""));
  EXPECT_THAT(dot, HasSubstr("label=\"worker2, core 3\""));
  EXPECT_THAT(dot, HasSubstr("n0 [label=\"rx #0\\nTestPoll\""));
  EXPECT_THAT(dot, HasSubstr("n2 [label=\"shared #0\\nTestShared\"]"));
  EXPECT_THAT(dot, HasSubstr("\"port clients\" -> n1 [label=\"queue 1\"];"));
  EXPECT_THAT(dot, HasSubstr("-> \"port clients out\";"));
  EXPECT_THAT(dot, HasSubstr("\"state hot\" -> n3 [style=dashed"));
  EXPECT_THAT(dot, HasSubstr("n0 -> n2;"));
  EXPECT_THAT(dot, HasSubstr("[label=\"other\"]"));
}

TEST(Draw, TextsAreEscaped) {
  const std::string dot = draw_dot(plan_of(kText));
  EXPECT_THAT(dot, HasSubstr("net_tap0,iface=\\\"x\\\""));
  EXPECT_THAT(dot, HasSubstr("label=\"a\\\"b\\\\\""));
}

}  // namespace
}  // namespace smartswitch::graph
