// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/unit/load/served_client.h"
#include "tests/unit/nasty_packets.h"

namespace smartswitch::load {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using testing::TestBench;

TEST(LoadClient, MakesPacketsThatAServerTakes) {
  ServedClient client(
      {{"get_ratio", "0.5"}, {"window", "16"}, {"source", "10.0.0.1"}, {"destination", "10.0.0.100"}, {"first_port", "5000"}});
  client.bench().poll();
  const std::vector<testing::Seen> seen = client.bench().take("out");
  ASSERT_THAT(seen, SizeIs(16));
  for (const testing::Seen& each : seen) {
    testing::Bytes bytes = each.bytes;
    auto* headers = reinterpret_cast<DatagramHeaders*>(bytes.data());
    EXPECT_EQ(rte_be_to_cpu_16(headers->ip.total_length), bytes.size() - sizeof(rte_ether_hdr));
    EXPECT_TRUE(checksums_hold(bytes));
    EXPECT_EQ(rte_be_to_cpu_16(headers->udp.src_port), 5000);
    EXPECT_EQ(rte_be_to_cpu_16(headers->udp.dst_port), 11211);
    EXPECT_EQ(rte_be_to_cpu_16(headers->frame.total), 1);
    const std::string text(bytes.begin() + sizeof *headers, bytes.end());
    if (text.starts_with("get ")) {
      EXPECT_THAT(text, ::testing::MatchesRegex("get key000000000000.\r\n"));
    } else {
      EXPECT_THAT(text.substr(0, 29), ::testing::MatchesRegex("set key000000000000. 0 0 32\r\n"));
      EXPECT_EQ(text.size(), 29U + 32 + 2);
    }
  }
}

TEST(LoadClient, KeepsItsWindowFull) {
  ServedClient client(Parameters{{"clients", "3"}, {"window", "2"}, {"first_port", "5000"}});
  const std::vector<Asked> first = client.requests();
  ASSERT_THAT(first, SizeIs(6));
  for (std::uint16_t port = 5000; port < 5003; ++port) {
    EXPECT_EQ(std::count_if(first.begin(), first.end(), [port](const Asked& asked) { return asked.port == port; }), 2);
  }
  EXPECT_THAT(client.requests(), SizeIs(0));
  client.serve(first[4]);
  const std::vector<Asked> next = client.requests();
  ASSERT_THAT(next, SizeIs(1));
  EXPECT_EQ(next[0].port, first[4].port);
  EXPECT_NE(next[0].id, first[4].id);
}

TEST(LoadClient, FillsEveryKeyAndThenMeasures) {
  ServedClient client(Parameters{{"fill", "true"}, {"keys", "100"}, {"window", "4"}}, {{"requests", "1000"}});
  EXPECT_EQ(client.report().phase(), LoadPhase::kFilling);
  client.serve_all();
  EXPECT_EQ(client.items.size(), 100U);
  EXPECT_EQ(client.report().phase(), LoadPhase::kDone);
  const LoadFigures f = client.figures();
  EXPECT_EQ(f.filled, 100U);
  EXPECT_EQ(f.requests, 1000U);
  EXPECT_EQ(f.answers, 1000U);
  EXPECT_EQ(f.hits, 1000U);
  EXPECT_EQ(f.wrong, 0U);
  EXPECT_EQ(f.gets.count, 1000U);
}

TEST(LoadClient, FillsAgainWhatWasLost) {
  ServedClient client(Parameters{{"fill", "true"}, {"keys", "3"}}, {{"requests", "10"}});
  const std::vector<Asked> lost = client.requests();
  ASSERT_THAT(lost, SizeIs(3));
  client.serve(lost[0]);
  client.pass(300);
  const std::vector<Asked> again = client.requests();
  ASSERT_THAT(again, SizeIs(2));
  EXPECT_EQ((std::set<std::string>{again[0].key, again[1].key}), (std::set<std::string>{lost[1].key, lost[2].key}));
  EXPECT_EQ(again[0].value, again[0].key == lost[1].key ? lost[1].value : lost[2].value);
  for (const Asked& asked : again) client.serve(asked);
  client.serve_all();
  EXPECT_EQ(client.figures().filled, 3U);
  EXPECT_EQ(client.figures().hits, 10U);
}

TEST(LoadClient, FillsWhatItHadNoBufferFor) {
  ServedClient client(Parameters{{"fill", "true"}, {"keys", "3"}}, {{"requests", "10"}});
  std::vector<rte_mbuf*> all;
  while (rte_mbuf* mbuf = rte_pktmbuf_alloc(client.bench().pool())) all.push_back(mbuf);
  EXPECT_THAT(client.requests(), SizeIs(0));
  rte_pktmbuf_free_bulk(all.data(), static_cast<unsigned>(all.size()));
  client.serve_all();
  EXPECT_EQ(client.figures().filled, 3U);
  EXPECT_EQ(client.figures().hits, 10U);
}

TEST(LoadClient, FillsAndThenMeasuresWithAnswersThatComeWithinTheCall) {
  for (const char* rate : {"0", "1000"}) {
    ServedClient client(Parameters{{"fill", "true"}, {"rate", rate}, {"arrivals", "even"}}, {{"length", "10ms"}});
    client.serve_at_once();
    for (int i = 0; i < 100; ++i) {
      client.bench().poll();
      client.pass(1);
    }
    const LoadFigures f = client.figures();
    EXPECT_EQ(f.phase, LoadPhase::kDone);
    EXPECT_EQ(f.filled, 10U);
    EXPECT_GE(f.requests, 9U);
    EXPECT_EQ(f.hits, f.requests);
    EXPECT_EQ(f.late, 0U);
  }
}

// Not when the client would have looked after lost requests next.
TEST(LoadClient, MeasuresAsLongAsItShouldWhenAnAnswerEndsTheFilling) {
  ServedClient client(Parameters{{"fill", "true"}, {"timeout", "1s"}}, {{"length", "5ms"}});
  const std::vector<Asked> asked = client.requests();
  client.pass(1);
  for (const Asked& set : asked) client.serve(set);
  EXPECT_EQ(client.figures().phase, LoadPhase::kMeasuring);
  client.pass(5);
  EXPECT_EQ(client.figures().phase, LoadPhase::kDone);
}

TEST(LoadClient, GoesOnFillingWhenTheServerRefusesAKey) {
  ServedClient client(Parameters{{"fill", "true"}, {"keys", "2"}}, {{"requests", "10"}});
  const std::vector<Asked> asked = client.requests();
  client.answer(asked.at(0), "SERVER_ERROR out of memory storing object\r\n");
  client.serve(asked.at(1));
  client.serve_all();
  const LoadFigures f = client.figures();
  EXPECT_EQ(f.phase, LoadPhase::kDone);
  EXPECT_EQ(f.filled, 1U);
  EXPECT_EQ(f.answers, 10U);
  EXPECT_THAT(f.complaints.at(0), HasSubstr("is `SERVER_ERROR out of memory"));
}

TEST(LoadClient, GivesUpFillingWhenNothingAnswers) {
  ServedClient client(Parameters{{"fill", "true"}});
  for (int i = 0; i < 20 && client.report().phase() != LoadPhase::kDone; ++i) {
    client.requests();
    client.pass(250);
  }
  EXPECT_EQ(client.report().phase(), LoadPhase::kDone);
  EXPECT_TRUE(client.figures().gave_up);
}

TEST(LoadClient, WithoutMeasuringItOnlyFills) {
  ServedClient client(Parameters{{"fill", "true"}}, {{"length", "0"}});
  client.serve_all();
  EXPECT_EQ(client.report().phase(), LoadPhase::kDone);
  EXPECT_EQ(client.figures().filled, 10U);
  EXPECT_EQ(client.figures().requests, 0U);
}

TEST(LoadClient, DoesNotCountTheWarmUp) {
  ServedClient client(Parameters{{"window", "2"}}, {{"warm_up", "100ms"}, {"length", "100ms"}});
  EXPECT_EQ(client.report().phase(), LoadPhase::kWarmingUp);
  const std::vector<Asked> early = client.requests();
  client.pass(100);
  EXPECT_EQ(client.report().phase(), LoadPhase::kMeasuring);
  for (const Asked& asked : early) client.serve(asked);
  EXPECT_EQ(client.figures().answers, 0U);
  const std::vector<Asked> counted = client.requests();
  client.pass(100);
  EXPECT_EQ(client.report().phase(), LoadPhase::kDraining);
  EXPECT_THAT(client.requests(), SizeIs(0));
  for (const Asked& asked : counted) client.serve(asked);
  EXPECT_EQ(client.report().phase(), LoadPhase::kDone);
  EXPECT_EQ(client.figures().answers, 2U);
  EXPECT_DOUBLE_EQ(client.figures().all.max, 100'000);
}

TEST(LoadClient, OpenLoopCountsFromWhenRequestsWereDue) {
  ServedClient client(Parameters{{"rate", "1000"}, {"arrivals", "even"}}, {{"length", "1s"}});
  EXPECT_THAT(client.requests(), SizeIs(0));
  client.pass(1);
  std::vector<Asked> asked = client.requests();
  ASSERT_THAT(asked, SizeIs(1));
  client.pass(2);
  client.serve(asked[0]);
  EXPECT_DOUBLE_EQ(client.figures().all.max, 2000);
  // The worker was held up for three milliseconds: what was due meanwhile leaves late, and that counts.
  client.pass(3);
  asked = client.requests();
  ASSERT_THAT(asked, SizeIs(5));
  for (const Asked& each : asked) client.serve(each);
  const LoadFigures f = client.figures();
  EXPECT_DOUBLE_EQ(f.all.max, 4000);
  EXPECT_DOUBLE_EQ(f.lateness.max, 4000);
  EXPECT_DOUBLE_EQ(f.lateness.min, 0);
}

TEST(LoadClient, OpenLoopSaysWhatItDidNotSend) {
  ServedClient client(Parameters{{"rate", "1000"}, {"arrivals", "even"}}, {{"length", "100ms"}});
  client.pass(50);
  EXPECT_THAT(client.requests(), SizeIs(50));
  client.pass(50);
  EXPECT_EQ(client.report().phase(), LoadPhase::kDraining);
  EXPECT_EQ(client.figures().requests, 50U);
  EXPECT_EQ(client.figures().unsent, 50U);
}

TEST(LoadClient, LosesWhatIsNotAnsweredInTime) {
  ServedClient client(Parameters{{"timeout", "100ms"}});
  const Asked lost = client.requests().at(0);
  client.pass(120);
  EXPECT_EQ(client.figures().lost, 1U);
  EXPECT_THAT(client.requests(), SizeIs(1));
  client.serve(lost);
  EXPECT_EQ(client.figures().late, 1U);
  EXPECT_EQ(client.bench().counter("late"), 1U);
  EXPECT_EQ(client.figures().answers, 0U);
}

TEST(LoadClient, SecondAnswersAreNotCounted) {
  ServedClient client(Parameters{});
  const Asked asked = client.requests().at(0);
  client.serve(asked);
  client.serve(asked);
  EXPECT_EQ(client.figures().answers, 1U);
  EXPECT_EQ(client.figures().late, 1U);
}

TEST(LoadClient, EndsEarlyIfAsked) {
  ServedClient client(Parameters{});
  const Asked asked = client.requests().at(0);
  client.report().end_early();
  client.pass(50);
  EXPECT_EQ(client.report().phase(), LoadPhase::kDraining);
  client.serve(asked);
  EXPECT_EQ(client.report().phase(), LoadPhase::kDone);
}

TEST(LoadClient, HasOneSetOfAKeyUnderWay) {
  ServedClient client(Parameters{{"keys", "4"}, {"get_ratio", "0"}, {"window", "8"}});
  const std::vector<Asked> asked = client.requests();
  std::set<std::string> keys;
  for (const Asked& each : asked) {
    if (each.verb != "set") continue;
    EXPECT_TRUE(keys.insert(each.key).second) << each.key;
  }
  EXPECT_GE(keys.size(), 3U);
  EXPECT_EQ(client.bench().counter("key_busy"), 8 - keys.size());
}

TEST(LoadClient, PutsAnswersInSeveralDatagramsTogether) {
  ServedClient client(Parameters{{"fill", "true"}, {"keys", "1"}, {"value_size", "3000"}}, {{"requests", "2"}});
  client.serve(client.requests().at(0));
  Asked asked = client.requests().at(0);
  const std::string text = client.serve_text(asked);
  const auto part = [&](std::uint16_t i) { return ServedClient::datagram(asked, text.substr(i * kMostText, kMostText), i, 3); };
  client.bench().push({part(2), part(0), part(2)}, "replies");
  EXPECT_EQ(client.figures().hits, 0U);
  EXPECT_EQ(client.bench().element().held(), 2U);
  EXPECT_EQ(client.bench().counter("no_part"), 1U);
  client.bench().push({part(1)}, "replies");
  EXPECT_EQ(client.figures().hits, 1U);
  EXPECT_EQ(client.bench().element().held(), 0U);
  // One of which a part got lost.
  asked = client.requests().at(0);
  client.bench().push({part(1)}, "replies");
  client.pass(300);
  EXPECT_EQ(client.bench().element().held(), 0U);
  EXPECT_EQ(client.figures().lost, 1U);
}

TEST(LoadClient, ForgetsPartsWhenAWholeAnswerComesAfterAll) {
  ServedClient client(Parameters{});
  const Asked asked = client.requests().at(0);
  client.bench().push({ServedClient::datagram(asked, "VALUE", 1, 2)}, "replies");
  client.answer(asked, "SERVER_ERROR busy\r\n");
  EXPECT_EQ(client.figures().errors, 1U);
  EXPECT_EQ(client.bench().element().held(), 0U);
}

TEST(LoadClient, KeepsPartsUntilItsEnd) {
  ServedClient client(Parameters{});
  const Asked asked = client.requests().at(0);
  client.bench().push({ServedClient::datagram(asked, "VALUE", 1, 2)}, "replies");
  EXPECT_EQ(client.bench().element().held(), 1U);
}

TEST(LoadClient, DropsWhatAnswersNothing) {
  ServedClient client(Parameters{{"clients", "2"}, {"first_port", "5000"}});
  const Asked asked = client.requests().at(0);
  Asked other = asked;
  other.port = 5002;
  client.serve(other);
  other = asked;
  other.id = 1000;
  client.serve(other);
  client.bench().push({testing::Bytes(10), testing::arp_request("02:00:00:00:00:02", "10.0.0.2", "10.0.0.1")}, "replies");
  EXPECT_EQ(client.bench().counter("unexpected"), 4U);
  EXPECT_EQ(client.figures().unexpected, 4U);
}

TEST(LoadClient, SurvivesNastyPackets) {
  ServedClient client(Parameters{{"window", "8"}});
  client.requests();
  testing::push_nasty_packets(client.bench(), "replies");
  EXPECT_GT(client.figures().unexpected, 0U);
}

TEST(LoadClient, WaitsForBuffers) {
  std::unique_ptr<State> report = testing::make_state("LoadReport", Value::map({{"warm_up", "0"}}));
  TestBench::Options options;
  options.states["report"] = report.get();
  options.pool_packets = 31;
  TestBench bench("LoadClient", Value::map({{"report", "report"}, {"window", "64"}}), options);
  bench.advance({0});
  Batch all;
  while (rte_mbuf* mbuf = rte_pktmbuf_alloc(bench.pool())) all.add(Packet(mbuf));
  EXPECT_EQ(bench.poll(), 0U);
  EXPECT_EQ(bench.counter("no_buffer"), 1U);
  all.free_all();
  EXPECT_GT(bench.poll(), 0U);
}

TEST(LoadClient, SaysWhatIsWrongWithItsParameters) {
  std::unique_ptr<State> report = testing::make_state("LoadReport");
  TestBench::Options options;
  options.states["report"] = report.get();
  const auto problem = [&](const Value& parameters) {
    const Problems problems = TestBench::problems_of("LoadClient", parameters, options);
    return problems.empty() ? std::string() : problems.list()[0].message;
  };
  EXPECT_EQ(problem(Value::map({{"report", "report"}, {"keys", "1001"}, {"key_size", "6"}})),
            "keys of 6 bytes have no room for the number 1000");
  EXPECT_EQ(problem(Value::map({{"report", "report"}, {"clients", "100"}, {"first_port", "65500"}})),
            "100 clients from port 65500 on need ports above 65535");
  EXPECT_THAT(problem(Value::map({{"report", "report"}, {"value_size", "32:x"}})), HasSubstr("`32:x` is not a size"));
  EXPECT_EQ(problem(Value::map({{"report", "report"}})), "");
  EXPECT_EQ(problem(Value::map({{"report", "report"}})), "report `` belongs to another LoadClient already");
}

}  // namespace
}  // namespace smartswitch::load
