// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rte_ethdev.h>

#include <algorithm>

#include "elements/device/transit.h"
#include "tests/unit/device/virtual_port.h"
#include "tests/unit/nasty_packets.h"

namespace smartswitch::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

const Value kParameters = Value::map({{"port", "servers"}});

TEST(ToDevice, SendsInOrder) {
  const VirtualPort port("net_ring");
  TestBench bench("ToDevice", kParameters, port.options());
  bench.push({Bytes(60, 1), Bytes(1514, 2), Bytes(14, 3)});
  EXPECT_THAT(port.receive(), ElementsAre(Bytes(60, 1), Bytes(1514, 2), Bytes(14, 3)));
  EXPECT_EQ(bench.element().sent(), 3U);
}

TEST(ToDevice, MeasuresHowLongPacketsTook) {
  const VirtualPort port("net_ring");
  TestBench bench("ToDevice", kParameters, port.options());
  ArrivalStamper stamper;
  Problems problems;
  stamper.start(problems);
  ASSERT_TRUE(problems.empty());
  const auto send = [&](std::int64_t came) {
    Batch batch;
    for (int i = 0; i < 3; ++i) batch.add(bench.packet(Bytes(60)));
    stamper.stamp(batch, came, [&] { return came; });
    bench.push(batch);
  };
  bench.advance(ms(5));
  send(bench.worker().now - 3'000);
  send(bench.worker().now - 2'000);  // too near the first for a stamp
  send(bench.worker().now + ArrivalStamper::kApart);
  const auto* info = Registry::instance().element("ToDevice");
  ASSERT_EQ(info->histograms.size(), 1U);
  const DurationHistogram& latency = info->histograms[0].get(bench.element());
  EXPECT_EQ(latency.at(DurationHistogram::index_of(3'000)), 3U);
  EXPECT_EQ(latency.at(0), 6U);
  EXPECT_THAT(port.receive(), SizeIs(9));
}

TEST(ToDevice, DropsWhatTheRingDoesNotTakeAndRecovers) {
  const VirtualPort port("net_ring");
  TestBench::Options options = port.options();
  options.pool_packets = 4095;
  TestBench bench("ToDevice", kParameters, options);
  bench.push(std::vector<Bytes>(2000, Bytes(60)));
  const std::uint64_t sent = bench.element().sent();
  EXPECT_LT(sent, 2000U);
  EXPECT_EQ(bench.counter("ring_full"), 2000 - sent);
  EXPECT_THAT(port.receive(), SizeIs(sent));
  bench.push({Bytes(60)});
  EXPECT_EQ(bench.element().sent(), sent + 1);
  EXPECT_THAT(port.receive(), SizeIs(1));
}

TEST(ToDevice, OffersTheRestTwiceMore) {
  const VirtualPort port("net_ring");
  // A device that takes five packets at a time.
  const rte_tx_callback_fn take_five = [](std::uint16_t, std::uint16_t, rte_mbuf**, std::uint16_t n, void*) {
    return std::min<std::uint16_t>(n, 5);
  };
  const rte_eth_rxtx_callback* callback = rte_eth_add_tx_callback(port.id(), 0, take_five, nullptr);
  ASSERT_NE(callback, nullptr);
  TestBench bench("ToDevice", kParameters, port.options());
  std::vector<Bytes> packets;
  for (std::uint8_t i = 0; i < 20; ++i) packets.emplace_back(60, i);
  bench.push(packets);
  packets.resize(15);
  EXPECT_EQ(port.receive(), packets);
  EXPECT_EQ(bench.counter("ring_full"), 5U);
  EXPECT_EQ(rte_eth_remove_tx_callback(port.id(), 0, callback), 0);
}

TEST(ToDevice, DropsWhatIsLongerThanTheMtu) {
  const VirtualPort port("net_ring");
  TestBench bench("ToDevice", kParameters, port.options());
  const auto frame = [](std::size_t length, int tags) {
    Bytes bytes(length, 1);
    for (int i = 0; i < tags; ++i) {
      bytes[static_cast<std::size_t>(12 + 4 * i)] = 0x81;
      bytes[static_cast<std::size_t>(13 + 4 * i)] = 0x00;
    }
    return bytes;
  };
  bench.push({frame(1514, 0), frame(1515, 0), frame(1518, 1), frame(1519, 1), frame(1522, 2), frame(1523, 2), frame(1526, 3)});
  EXPECT_EQ(bench.counter("too_long"), 4U);
  EXPECT_THAT(port.receive(), ElementsAre(frame(1514, 0), frame(1518, 1), frame(1522, 2)));
}

TEST(ToDevice, DropsRunts) {
  const VirtualPort port("net_ring");
  TestBench bench("ToDevice", kParameters, port.options());
  bench.push({Bytes(), Bytes(60), Bytes(13)});
  EXPECT_EQ(bench.counter("too_short"), 2U);
  EXPECT_THAT(port.receive(), SizeIs(1));
}

TEST(ToDevice, SurvivesNastyPackets) {
  const VirtualPort port("net_null", "no-rx=1");
  TestBench bench("ToDevice", kParameters, port.options());
  push_nasty_packets(bench);
  EXPECT_EQ(bench.counter("too_long"), 5U);
  EXPECT_GT(bench.counter("too_short"), 0U);
  EXPECT_EQ(bench.counter("ring_full"), 0U);
}

TEST(ToDevice, SaysSoWhenTheDeviceIsGone) {
  TestBench::Options options;
  options.tx_queue.port_id = 31;
  const Problems problems = TestBench::problems_of("ToDevice", kParameters, options);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_THAT(problems.list()[0].message, ::testing::HasSubstr("DPDK port 31"));
}

}  // namespace
}  // namespace smartswitch::testing
