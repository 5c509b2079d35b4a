// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Those who look at packets, on a switch that runs and is reloaded.
#include <gtest/gtest.h>

#include <atomic>

#include "graph/load.h"
#include "runtime/observe/tap.h"
#include "runtime/observe/trace.h"
#include "runtime/switch.h"

namespace smartswitch {
namespace {

graph::Plan plan(const std::string& middle, const std::string& workers = "{run: [in]}, {run: [wait]}") {
  const graph::Loaded loaded = graph::load_text(
      "smartswitch: 1\n"
      "elements: {in: {class: Source, rate: 100k}, " +
          middle + ": PassThrough, wait: Queue, end: Discard}\nconnections: [in -> " + middle + " -> wait -> end]\nworkers: [" + workers +
          "]\n",
      "test", {});
  for (const graph::Diagnostic& diagnostic : loaded.diagnostics) ADD_FAILURE() << graph::render(diagnostic, false);
  return *loaded.plan;
}

class Tally final : public observe::EdgeUser {
 public:
  void attach(std::shared_ptr<const observe::Wiring>) override {}
  [[nodiscard]] bool wants(const observe::Edge& edge) const override { return edge.to->name == "second"; }
  void pass(const observe::Edge&, Batch& batch, observe::Onward onward) override {
    packets.fetch_add(batch.size());
    onward.push(batch);
  }
  std::atomic<std::uint64_t> packets{0};
};

TEST(ObservedSwitch, UsersOfEdgesStayOverAReload) {
  Problems problems;
  const auto live = runtime::Switch::create(plan("first"), {runtime::HugePages::kNo}, problems);
  ASSERT_NE(live, nullptr) << problems.list()[0].message;
  Tally tally;
  live->change_hooks([&](observe::EdgeHooks& hooks) { hooks.add(tally); });
  live->start();
  ASSERT_TRUE(live->reload(plan("second"), problems)) << problems.list()[0].message;
  EXPECT_TRUE(live->wait_until([&] { return tally.packets > 0; }, Duration{20'000'000'000}));
  live->change_hooks([&](observe::EdgeHooks& hooks) { hooks.remove(tally); });
  ASSERT_TRUE(live->reload(plan("third"), problems));
  live->stop();
  EXPECT_EQ(live->snapshot().unaccounted(), 0);
  EXPECT_EQ(live->close(), 0U);
}

TEST(ObservedSwitch, ATraceCrossesWorkers) {
  Problems problems;
  const auto live = runtime::Switch::create(plan("first"), {runtime::HugePages::kNo}, problems);
  ASSERT_NE(live, nullptr);
  live->start();
  const auto trace = observe::Trace::make({.count = 100}, *live->wiring(), problems);
  ASSERT_NE(trace, nullptr);
  live->change_hooks([&](observe::EdgeHooks& hooks) { hooks.add(*trace); });
  EXPECT_TRUE(live->wait_until([&] { return trace->done(); }, Duration{20'000'000'000}));
  live->change_hooks([&](observe::EdgeHooks& hooks) { hooks.remove(*trace); });
  const observe::TraceResult result = trace->result();
  ASSERT_EQ(result.packets.size(), 100U);
  for (const observe::TracedPacket& packet : result.packets) {
    ASSERT_EQ(packet.visits.size(), 3U);
    EXPECT_EQ(packet.visits.back().worker, "worker1");
    EXPECT_EQ(packet.visits.back().fate, observe::Fate::kDropped);
  }
  live->stop();
  EXPECT_EQ(live->close(), 0U);
}

TEST(ObservedSwitch, ATraceGoesOnOverReloads) {
  Problems problems;
  const auto live = runtime::Switch::create(plan("first"), {runtime::HugePages::kNo}, problems);
  ASSERT_NE(live, nullptr);
  live->start();
  const auto trace = observe::Trace::make({.count = 1000}, *live->wiring(), problems);
  ASSERT_NE(trace, nullptr);
  live->change_hooks([&](observe::EdgeHooks& hooks) { hooks.add(*trace); });
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(live->reload(plan(i % 2 == 0 ? "second" : "first"), problems));
  EXPECT_TRUE(live->wait_until([&] { return trace->done(); }, Duration{20'000'000'000}));
  live->change_hooks([&](observe::EdgeHooks& hooks) { hooks.remove(*trace); });
  const observe::TraceResult result = trace->result();
  ASSERT_EQ(result.packets.size(), 1000U);
  for (const observe::TracedPacket& packet : result.packets) {
    ASSERT_EQ(packet.visits.size(), 3U);
    EXPECT_TRUE(packet.visits[0].element == "first" || packet.visits[0].element == "second") << packet.visits[0].element;
    EXPECT_EQ(packet.visits[1].element, "wait");
    EXPECT_EQ(packet.visits[2].fate, observe::Fate::kDropped);
  }
  live->stop();
  EXPECT_EQ(live->snapshot().unaccounted(), 0);
  EXPECT_EQ(live->close(), 0U);
}

TEST(ObservedSwitch, ATraceAndATapGoOnWithMoreWorkers) {
  const std::string one = "{run: [in, wait]}";
  const std::string two = "{run: [in]}, {run: [wait]}";
  Problems problems;
  const auto live = runtime::Switch::create(plan("first", one), {runtime::HugePages::kNo}, problems);
  ASSERT_NE(live, nullptr);
  live->start();
  const auto trace = observe::Trace::make({.count = 1000}, *live->wiring(), problems);
  observe::TapOptions options;
  options.place = "wait";
  const auto tap = observe::Tap::make(
      options, *live->wiring(), [](std::span<const std::uint8_t>) { return std::string(); }, problems);
  ASSERT_TRUE(trace && tap) << problems.list()[0].message;
  live->change_hooks([&](observe::EdgeHooks& hooks) {
    hooks.add(*trace);
    hooks.add(*tap);
  });
  ASSERT_TRUE(live->reload(plan("first", two), problems));
  const std::uint64_t before = tap->counts().packets;
  EXPECT_TRUE(live->wait_until([&] { return tap->counts().packets > before && trace->done(); }, Duration{20'000'000'000}));
  ASSERT_TRUE(live->reload(plan("first", one), problems));
  live->change_hooks([&](observe::EdgeHooks& hooks) {
    hooks.remove(*trace);
    hooks.remove(*tap);
  });
  tap->end();
  EXPECT_EQ(tap->fault(), "");
  const observe::TraceResult result = trace->result();
  ASSERT_EQ(result.packets.size(), 1000U);
  EXPECT_EQ(result.packets.back().visits.back().worker, "worker1");
  live->stop();
  EXPECT_EQ(live->snapshot().unaccounted(), 0);
  EXPECT_EQ(live->close(), 0U);
}

}  // namespace
}  // namespace smartswitch
