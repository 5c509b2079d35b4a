// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/nasty_packets.h"

namespace smartswitch::testing {
namespace {

using ::testing::SizeIs;

PacketBuilder from_to(const char* source, const char* destination) {
  return PacketBuilder().ether(source, destination).vlan(3).ipv4("10.0.0.1", "10.0.0.2").udp(1, 2).payload("hello");
}

TEST(EtherMirror, SwapsAddresses) {
  TestBench bench("EtherMirror");
  bench.push({from_to("02:00:00:00:00:01", "02:00:00:00:00:02"), from_to("02:00:00:00:00:01", "ff:ff:ff:ff:ff:ff"), Bytes(13)});
  ASSERT_THAT(bench.output("out"), SizeIs(1));
  EXPECT_EQ(bench.output("out")[0].bytes, Bytes(from_to("02:00:00:00:00:02", "02:00:00:00:00:01")));
  EXPECT_EQ(bench.counter("group"), 1U);
  EXPECT_EQ(bench.counter("malformed"), 1U);
}

TEST(EtherMirror, SurvivesNastyPackets) {
  TestBench bench("EtherMirror");
  push_nasty_packets(bench);
}

}  // namespace
}  // namespace smartswitch::testing
