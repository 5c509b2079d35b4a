// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/device/capture_file.h"
#include "tests/unit/device/virtual_port.h"
#include "tests/unit/nasty_packets.h"

namespace smartswitch::testing {
namespace {

using ::testing::SizeIs;

TEST(PollDevice, BringsPacketsInOrderAndInBursts) {
  const VirtualPort port("net_ring");
  TestBench bench("PollDevice", Value::map({{"port", "clients"}, {"burst", "8"}}), port.options());
  EXPECT_EQ(bench.poll(), 0U);
  for (std::uint8_t i = 0; i < 20; ++i) ASSERT_TRUE(port.send(bench.packet(Bytes(60, i))));
  EXPECT_EQ(bench.poll(), 8U);
  EXPECT_EQ(bench.poll(), 8U);
  EXPECT_EQ(bench.poll(), 4U);
  EXPECT_EQ(bench.poll(), 0U);
  ASSERT_THAT(bench.output("out"), SizeIs(20));
  for (std::uint8_t i = 0; i < 20; ++i) EXPECT_EQ(bench.output("out")[i].bytes, Bytes(60, i));
  EXPECT_EQ(bench.element().received(), 20U);
}

TEST(PollDevice, ForgetsWhatEarlierPacketsInTheBufferWere) {
  const VirtualPort port("net_ring");
  TestBench bench("PollDevice", Value::map({{"port", "clients"}}), port.options());
  const Packet packet = bench.packet(Bytes(60));
  packet.annotations().paint = 7;
  packet.annotations().verb = 3;
  packet.annotations().key_length = 16;
  packet.annotations().flags = 1;
  packet.annotations().headers.located = true;
  ASSERT_TRUE(port.send(packet));
  bench.poll();
  ASSERT_THAT(bench.output("out"), SizeIs(1));
  const Annotations& seen = bench.output("out")[0].annotations;
  EXPECT_EQ(seen.paint, 0);
  EXPECT_EQ(seen.verb, 0);
  EXPECT_EQ(seen.key_length, 0);
  EXPECT_EQ(seen.flags, 0);
  EXPECT_FALSE(seen.headers.located);
}

TEST(PollDevice, TakesWhateverTheDeviceHas) {
  const TemporaryFile file("poll_device.pcap");
  std::vector<Captured> packets;
  for (const NastyPacket& nasty : nasty_packets()) packets.push_back({nasty.bytes});
  packets.push_back({jumbo()});
  write_capture(file.path(), packets);
  const VirtualPort port("net_pcap", "rx_pcap=" + file.path());
  TestBench bench("PollDevice", Value::map({{"port", "clients"}, {"burst", "64"}}), port.options());
  while (bench.poll() > 0) continue;
  ASSERT_THAT(bench.output("out"), SizeIs(packets.size()));
  for (std::size_t i = 0; i < packets.size(); ++i) EXPECT_EQ(bench.output("out")[i].bytes, packets[i].bytes) << i;
}

TEST(PollDevice, SaysWhichBurstsAreAllowed) {
  const auto with_burst = [](const char* burst) {
    return TestBench::problems_of("PollDevice", Value::map({{"port", "clients"}, {"burst", burst}}));
  };
  EXPECT_EQ(with_burst("0").size(), 1U);
  ASSERT_EQ(with_burst("65").size(), 1U);
  EXPECT_EQ(with_burst("65").list()[0].message, "`65` is out of bounds: 1 to 64");
  EXPECT_EQ(TestBench::problems_of("PollDevice").size(), 1U) << "the port is required";
}

}  // namespace
}  // namespace smartswitch::testing
