// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <sstream>

namespace smartswitch::runtime::control {
namespace {

using ::testing::HasSubstr;

Snapshot example() {
  Snapshot snapshot;
  snapshot.seconds = 1.5;
  ElementCounts e;
  e.name = "lane/\"odd\\\n";
  e.element_class = "Queue";
  e.in = 10;
  e.counters = {{"full", 3, true}, {"packets", 7, false}};
  e.outputs = {{"out", 7, true}, {"other", 2, false}};
  DurationHistogram latency;
  latency.record(1000, 3);
  latency.record(1'000'000);
  e.histograms.push_back({"latency", {}, 0, 0});
  e.histograms[0].add(latency);
  snapshot.elements.push_back(e);
  snapshot.states.push_back({"hot", "KeyCache", {{"hits", 5, false}}, {}});
  PortCounts port;
  port.name = "clients";
  port.device = "net_af_packet0,iface=\"x\"";
  port.rx_packets = 11;
  port.link_up = true;
  snapshot.ports.push_back(port);
  WorkerCounts worker;
  worker.name = "worker0";
  worker.core = 1;
  worker.busy_seconds = 0.25;
  snapshot.workers.push_back(worker);
  return snapshot;
}

TEST(Metrics, HaveStableNamesAndLabels) {
  Counts counts;
  counts.answers[200] = 4;
  counts.wrong_tokens = 2;
  const std::string text = metrics_text(example(), {"1.0", true}, counts);
  for (const char* line : {
           R"(smartswitch_element_packets_total{element="lane/\"odd\\\n",class="Queue",direction="in"} 10)",
           R"(smartswitch_drops_total{element="lane/\"odd\\\n",reason="full"} 3)",
           R"(smartswitch_drops_total{element="lane/\"odd\\\n",reason="unconnected:other"} 2)",
           R"(smartswitch_element_events_total{element="lane/\"odd\\\n",class="Queue",counter="packets"} 7)",
           R"(smartswitch_element_duration_seconds_bucket{element="lane/\"odd\\\n",class="Queue",duration="latency",le="5.12e-07"} 0)",
           R"(smartswitch_element_duration_seconds_bucket{element="lane/\"odd\\\n",class="Queue",duration="latency",le="1.024e-06"} 3)",
           R"(smartswitch_element_duration_seconds_bucket{element="lane/\"odd\\\n",class="Queue",duration="latency",le="+Inf"} 4)",
           R"(smartswitch_element_duration_seconds_sum{element="lane/\"odd\\\n",class="Queue",duration="latency"} 0.001003)",
           R"(smartswitch_element_duration_seconds_count{element="lane/\"odd\\\n",class="Queue",duration="latency"} 4)",
           R"(smartswitch_state_events_total{state="hot",class="KeyCache",counter="hits"} 5)",
           R"(smartswitch_port_packets_total{port="clients",direction="rx"} 11)",
           R"(smartswitch_port_link_up{port="clients",device="net_af_packet0,iface=\"x\""} 1)",
           R"(smartswitch_worker_busy_seconds_total{worker="worker0",core="1"} 0.25)",
           R"(smartswitch_control_requests_total{code="200"} 4)",
           R"(smartswitch_control_refusals_total{reason="wrong_token"} 2)",
           "smartswitch_uptime_seconds 1.5",
           "smartswitch_ready 1",
       })
    EXPECT_THAT(text, HasSubstr(std::string("\n") + line + "\n"));
}

// The text format's grammar, as far as it is used: each metric has HELP and TYPE once, then its samples.
TEST(Metrics, AreWellFormed) {
  const std::regex sample(R"re((smartswitch_[a-z_]+)(\{([a-z]+="([^"\\]|\\.)*",?)+\})? [0-9.e+-]+)re");
  std::istringstream lines(metrics_text(example(), {"1.0", false}, {}));
  std::set<std::string> seen;
  std::string current;
  for (std::string line; std::getline(lines, line);) {
    std::smatch found;
    if (line.starts_with("# HELP ")) {
      current = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(seen.insert(current).second) << current << " comes twice";
      ASSERT_TRUE(std::getline(lines, line));
      const bool counts = current.ends_with("_total");
      const bool durations = current.ends_with("_duration_seconds");
      EXPECT_EQ(line, "# TYPE " + current + (counts ? " counter" : durations ? " histogram" : " gauge"));
    } else {
      ASSERT_TRUE(std::regex_match(line, found, sample)) << line;
      EXPECT_TRUE(found[1].str().starts_with(current)) << line;
    }
  }
}

}  // namespace
}  // namespace smartswitch::runtime::control
