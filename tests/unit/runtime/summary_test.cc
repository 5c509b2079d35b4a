// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace smartswitch::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// 100 packets came, 60 were sent, 30 dropped under a name, 5 at a loose end, 5 are held.
Snapshot example() {
  Snapshot s;
  s.seconds = 2;
  s.pool_packets = 1000;
  s.pool_in_use = 5;
  ElementCounts& rx = s.elements.emplace_back();
  rx.name = "rx";
  rx.element_class = "PollDevice";
  rx.received = rx.out = 100;
  rx.outputs = {{"out", 100, true}};
  ElementCounts& limit = s.elements.emplace_back();
  limit.name = "limit";
  limit.element_class = "RateLimiter";
  limit.in = 100;
  limit.out = 60;
  limit.held = 5;
  limit.counters = {{"packets", 7, false}, {"over_rate", 30, true}, {"unused", 0, true}};
  limit.outputs = {{"out", 60, true}, {"excess", 5, false}};
  ElementCounts& tx = s.elements.emplace_back();
  tx.name = "tx";
  tx.element_class = "ToDevice";
  tx.in = tx.sent = 60;
  s.states.push_back({"hot", "KeyCache", {{"hits", 3, false}}, {{"hot_keys", {{"popular", 0.25}, {"two\n\xff", 0.125}}}}});
  s.ports.push_back({.name = "clients", .device = "net_null0", .link_up = true, .rx_packets = 100});
  s.workers.push_back(
      {.name = "worker0", .core = 1, .rounds = 10, .busy_rounds = 4, .sleeps = 1, .busy_seconds = 0.5, .idle_seconds = 1.5});
  return s;
}

TEST(Snapshot, AddsUp) {
  Snapshot s = example();
  EXPECT_EQ(s.came(), 100U);
  EXPECT_EQ(s.sent(), 60U);
  EXPECT_EQ(s.dropped(), 35U);
  EXPECT_EQ(s.held(), 5U);
  EXPECT_EQ(s.unaccounted(), 0);
  for (const ElementCounts& e : s.elements) EXPECT_EQ(e.unaccounted(), 0) << e.name;
  EXPECT_EQ(s.element("limit")->counter("over_rate"), 30U);
  EXPECT_EQ(s.element("nobody"), nullptr);
  s.elements[1].created = s.elements[1].consumed = 3;
  EXPECT_EQ(s.consumed(), 3U);
  EXPECT_EQ(s.unaccounted(), 0);
  EXPECT_EQ(s.element("limit")->unaccounted(), 0);
  EXPECT_THAT(summary_text(s, false), HasSubstr("consumed 3"));
  s.elements[1].held = 0;
  EXPECT_EQ(s.unaccounted(), 5);
  EXPECT_EQ(s.element("limit")->unaccounted(), 5);
}

TEST(SummaryText, ShowsWhatIsNotZero) {
  const std::string text = summary_text(example(), false);
  EXPECT_THAT(text, HasSubstr("packets 7"));
  EXPECT_THAT(text, HasSubstr("dropped: over_rate 30"));
  EXPECT_THAT(text, HasSubstr("dropped at output `excess`, which leads nowhere: 5"));
  EXPECT_THAT(text, HasSubstr("state hot (KeyCache): hits 3"));
  EXPECT_THAT(text, HasSubstr("25.0 %"));
  EXPECT_THAT(text, HasSubstr("2.0 s: 100 packets came in or were made, 60 sent, 0 consumed, 35 dropped, 5 held; pool: 5 of 1000 in use"));
  EXPECT_THAT(text, Not(HasSubstr("unused")));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("faulty")));
}

TEST(SummaryText, BlamesAnElementThatLosesPackets) {
  Snapshot s = example();
  s.elements[1].held = 0;
  EXPECT_THAT(summary_text(s, false), HasSubstr("element `limit` (RateLimiter) does not account for 5 packets"));
}

TEST(SummaryText, NamesTheForemost) {
  EXPECT_THAT(summary_text(example(), false), HasSubstr("\n  hot_keys: popular 25.0 %, two\\x0a\\xff 12.5 %\n"));
}

TEST(SummaryText, HasColourWhenAsked) { EXPECT_THAT(summary_text(example(), true), HasSubstr("\x1b[1melement")); }

TEST(SummaryJson, HasEverything) {
  const auto json = nlohmann::json::parse(summary_json(example()));
  EXPECT_EQ(json["packets"]["came"], 100);
  EXPECT_EQ(json["packets"]["unaccounted"], 0);
  EXPECT_EQ(json["elements"]["limit"]["drops"]["over_rate"], 30);
  EXPECT_EQ(json["elements"]["limit"]["counters"]["packets"], 7);
  EXPECT_EQ(json["elements"]["limit"]["outputs"]["excess"], 5);
  EXPECT_EQ(json["states"]["hot"]["counters"]["hits"], 3);
  EXPECT_EQ(json["states"]["hot"]["hot_keys"][0]["name"], "popular");
  EXPECT_EQ(json["states"]["hot"]["hot_keys"][1]["name"], "two\\x0a\\xff");
  EXPECT_EQ(json["states"]["hot"]["hot_keys"][1]["share"], 0.125);
  EXPECT_EQ(json["ports"]["clients"]["rx_packets"], 100);
  EXPECT_EQ(json["workers"]["worker0"]["busy_seconds"], 0.5);
  EXPECT_EQ(json["pool"]["in_use"], 5);
}

TEST(StatisticsLine, ShowsRates) {
  const Snapshot before = example();
  Snapshot now = example();
  now.seconds = 4;
  now.elements[0].received += 3'000'000;
  now.elements[2].sent += 3000;
  now.workers[0].busy_seconds += 1;
  now.workers[0].idle_seconds += 1;
  EXPECT_EQ(statistics_line(before, now), "4.0 s: in 1.50 M/s, out 1.50 k/s, dropped 0/s, held 5, pool 0 %, busy 50 %");
}

TEST(CrowdedCores, WarnsOnlyOfLongWaits) {
  const Snapshot before = example();
  Snapshot now = example();
  now.seconds = 3;
  now.workers[0].waited_seconds = 0.1;
  EXPECT_THAT(crowded_cores(before, now), IsEmpty());
  now.workers[0].waited_seconds = 0.5;
  EXPECT_THAT(crowded_cores(before, now), ElementsAre(HasSubstr("worker0 waited 50 % of the time for core 1")));
}

}  // namespace
}  // namespace smartswitch::runtime
