// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "elements/ethernet/mac_table.h"
#include "tests/unit/nasty_packets.h"

namespace smartswitch::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kAnn = "02:00:00:00:00:0a";
constexpr const char* kBob = "02:00:00:00:00:0b";
constexpr const char* kAll = "ff:ff:ff:ff:ff:ff";

Value three_ports() { return Value::map({{"ports", Value::list({"a", "b", "c"})}}); }
Bytes frame(std::string_view source, std::string_view destination, std::string_view text = "hello") {
  return PacketBuilder().ether(source, destination).payload(text);
}

class EtherSwitchTest : public ::testing::Test {
 protected:
  // Where one packet comes out, such as "bc".
  std::string where(const Bytes& packet, const std::string& from) {
    bench.push({packet}, from);
    std::string names;
    for (const char* port : {"a", "b", "c"}) {
      for (const Seen& seen : bench.take(port)) {
        EXPECT_EQ(seen.bytes, packet);
        names += port;
      }
    }
    return names;
  }
  TestBench bench{"EtherSwitch", three_ports()};
};

TEST_F(EtherSwitchTest, FloodsUntilItHasLearned) {
  EXPECT_EQ(where(frame(kAnn, kBob), "a"), "bc");
  EXPECT_EQ(where(frame(kBob, kAnn), "b"), "a");
  EXPECT_EQ(where(frame(kAnn, kBob), "a"), "b");
  EXPECT_EQ(bench.counter("learned"), 2U);
  EXPECT_EQ(bench.counter("flooded"), 1U);
  EXPECT_EQ(bench.counter("moved"), 0U);
}

TEST_F(EtherSwitchTest, FloodsGroupsFromEveryPort) {
  EXPECT_EQ(where(frame(kAnn, kAll), "a"), "bc");
  EXPECT_EQ(where(frame(kAnn, kAll), "b"), "ac");
  EXPECT_EQ(where(frame(kAnn, "01:00:5e:00:00:fb"), "c"), "ab");
  EXPECT_EQ(bench.counter("flooded"), 3U);
}

TEST_F(EtherSwitchTest, FollowsStationsThatMove) {
  where(frame(kAnn, kAll), "a");
  where(frame(kAnn, kAll), "b");
  EXPECT_EQ(bench.counter("moved"), 1U);
  EXPECT_EQ(where(frame(kBob, kAnn), "c"), "b");
}

TEST_F(EtherSwitchTest, ForgetsSilentStations) {
  where(frame(kAnn, kAll), "a");
  bench.advance(Duration{299'000'000'000});
  EXPECT_EQ(where(frame(kBob, kAnn), "b"), "a");
  bench.advance(Duration{2'000'000'000});
  EXPECT_EQ(where(frame(kBob, kAnn), "b"), "ac");
  EXPECT_EQ(where(frame(kAnn, kBob), "a"), "b") << "Bob has spoken since";
  EXPECT_EQ(bench.counter("learned"), 3U) << "Ann was learnt anew";
}

TEST_F(EtherSwitchTest, DropsWhatIsAtHomeAlready) {
  where(frame(kAnn, kAll), "a");
  EXPECT_EQ(where(frame(kBob, kAnn), "a"), "");
  EXPECT_EQ(bench.counter("same_port"), 1U);
}

TEST_F(EtherSwitchTest, VlansLearnApart) {
  const auto tagged = [](std::uint16_t id, const char* from, const char* to) {
    return Bytes(PacketBuilder().ether(from, to).vlan(id).payload("x"));
  };
  where(tagged(5, kAnn, kAll), "a");
  where(tagged(6, kAnn, kAll), "b");
  EXPECT_EQ(where(tagged(5, kBob, kAnn), "c"), "a");
  EXPECT_EQ(where(tagged(6, kBob, kAnn), "c"), "b");
  EXPECT_EQ(where(frame(kBob, kAnn), "c"), "ab") << "not known without a tag";
  EXPECT_EQ(where(tagged(0x2000 | 5, kBob, kAnn), "c"), "a") << "the priority is no part of the VLAN";
  EXPECT_EQ(bench.counter("moved"), 0U);
}

TEST_F(EtherSwitchTest, RefusesWhatNoStationSends) {
  EXPECT_EQ(where(frame("01:00:00:00:00:01", kAnn), "a"), "");
  EXPECT_EQ(bench.counter("bad_source"), 1U);
  EXPECT_EQ(where(frame(kAnn, "01:80:c2:00:00:00"), "a"), "");
  EXPECT_EQ(where(frame(kAnn, "01:80:c2:00:00:0f"), "a"), "");
  EXPECT_EQ(bench.counter("link_local"), 2U);
  EXPECT_EQ(where(frame(kAnn, "01:80:c2:00:00:10"), "a"), "bc");
  EXPECT_EQ(where(Bytes(13), "a"), "");
  EXPECT_EQ(where(nasty::ethernet(0x8100, {0, 5, 8}), "a"), "");
  EXPECT_EQ(bench.counter("malformed"), 2U);
}

TEST_F(EtherSwitchTest, KeepsTheOrderOfABatch) {
  where(frame(kBob, kAll), "b");
  std::vector<Bytes> packets;
  for (int i = 0; i < 200; ++i) packets.push_back(frame(kAnn, i % 3 == 0 ? kAll : kBob, std::to_string(i)));
  bench.push(packets, "a");
  ASSERT_THAT(bench.output("b"), SizeIs(200));
  for (std::size_t i = 0; i < 200; ++i) EXPECT_EQ(bench.output("b")[i].bytes, packets[i]);
  EXPECT_THAT(bench.output("c"), SizeIs(67));
}

TEST_F(EtherSwitchTest, FloodsJumboFramesWhole) {
  Batch batch;
  batch.add(segmented(bench, jumbo()));
  bench.push(batch, "a");
  for (const char* port : {"b", "c"}) {
    ASSERT_THAT(bench.output(port), SizeIs(1));
    EXPECT_EQ(bench.output(port)[0].bytes, jumbo());
  }
}

TEST(EtherSwitch, MadeUpAddressesPushOutNoneInUse) {
  TestBench bench("EtherSwitch", Value::map({{"ports", Value::list({"a", "b"})}, {"table_size", "64"}}));
  // A few of many, so that no bucket of four is full of them.
  const std::vector<std::string> stations = {"02:00:00:00:01:01", "02:00:00:00:01:02", "02:00:00:00:01:03", "02:00:00:00:01:04"};
  for (int twice = 0; twice < 2; ++twice) {
    for (const std::string& station : stations) bench.push({frame(station, kAll)}, "a");
  }
  Random random(7);
  for (int i = 0; i < 5000; ++i) {
    const auto r = random.next();
    bench.push(
        {frame(fmt::format("02:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", r >> 56, r >> 48 & 255, r >> 40 & 255, r >> 32 & 255, r >> 24 & 255),
               kAll)},
        "b");
  }
  bench.take("a");
  bench.take("b");
  for (const std::string& station : stations) bench.push({frame(kBob, station)}, "b");
  EXPECT_THAT(bench.output("a"), SizeIs(stations.size()));
  EXPECT_EQ(bench.counter("flooded"), 8U + 5000U) << "none of the four was forgotten";
}

TEST(EtherSwitch, LosesOnlyCopiesWhenBuffersRunOut) {
  TestBench::Options options;
  options.pool_packets = 3;
  TestBench bench("EtherSwitch", three_ports(), options);
  bench.push({frame(kAnn, kAll), frame(kAnn, kAll)}, "a");
  EXPECT_THAT(bench.output("b"), SizeIs(1)) << "one buffer was left for a copy";
  EXPECT_THAT(bench.output("c"), SizeIs(2)) << "the originals";
  EXPECT_EQ(bench.counter("no_buffer"), 1U);
  bench.push({frame(kAnn, kAll)}, "a");
  EXPECT_THAT(bench.output("b"), SizeIs(2)) << "it works again";
}

TEST(EtherSwitch, RefusesParametersThatMakeNoSense) {
  const auto problems = [](std::vector<Value> ports) {
    return TestBench::problems_of("EtherSwitch", Value::map({{"ports", Value::list(std::move(ports))}}));
  };
  EXPECT_EQ(problems({"a"}).size(), 1U);
  ASSERT_EQ(problems({"a", "b", "a"}).size(), 1U);
  EXPECT_EQ(problems({"a", "b", "a"}).list()[0].message, "`a` is in `ports` twice");
}

TEST(EtherSwitch, SurvivesNastyPackets) {
  TestBench bench("EtherSwitch", three_ports());
  for (const char* port : {"a", "b", "c"}) push_nasty_packets(bench, port);
  EXPECT_GT(bench.counter("malformed"), 0U);
  EXPECT_GT(bench.counter("bad_source"), 0U);
  EXPECT_GT(bench.counter("link_local"), 0U);
}

TEST(MacTable, HoldsAsManyAsItShould) {
  constexpr std::uint64_t kMark = std::uint64_t{1} << 63;
  MacTable table(4096, 300'000'000'000, 12345);
  for (std::uint64_t i = 0; i < 2048; ++i) table.learn(kMark | i, i % 7, 0);
  unsigned kept = 0;
  for (std::uint64_t i = 0; i < 2048; ++i) kept += table.find(kMark | i, 0) == i % 7 ? 1 : 0;
  EXPECT_GT(kept, 1900U) << "half full, few buckets of four overflow";
}

TEST(MacTable, SurvivesTheWrapOfItsClock) {
  constexpr std::int64_t kWrap = std::int64_t{1} << 56;  // 2^32 ticks of 2^24 ns
  MacTable table(16, 1'000'000'000, 1);
  table.learn(1, 3, kWrap - 100'000'000);
  EXPECT_EQ(table.find(1, kWrap + 100'000'000), 3U);
  EXPECT_EQ(table.find(1, kWrap + 2'000'000'000), MacTable::kNowhere);
}

}  // namespace
}  // namespace smartswitch::testing
