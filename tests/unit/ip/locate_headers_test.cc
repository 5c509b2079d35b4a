// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/ip/frames.h"

namespace smartswitch::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(LocateHeaders, SortsAndKeepsTheOrder) {
  TestBench bench("LocateHeaders");
  const Bytes a = ether().ipv4("10.0.0.1", "10.0.0.2").udp(1, 2).payload("a");
  const Bytes b = ether().ipv4("10.0.0.1", "10.0.0.2").vlan(9).tcp(1, 2).payload("b");
  const Bytes six = ether().ipv6("fd00::1", "fd00::2").udp(1, 2);
  const Bytes arp = arp_request("02:00:00:00:00:01", "10.0.0.1", "10.0.0.2");
  const Bytes broken = Bytes(a.begin(), a.end() - 1);
  bench.push({a, six, arp, broken, b});
  ASSERT_THAT(bench.output("ipv4"), SizeIs(2));
  EXPECT_EQ(bench.output("ipv4")[0].bytes, a);
  EXPECT_EQ(bench.output("ipv4")[1].bytes, b);
  EXPECT_TRUE(bench.output("ipv4")[1].annotations.headers.located);
  EXPECT_EQ(bench.output("ipv4")[1].annotations.headers.l3, 18);
  ASSERT_THAT(bench.output("ipv6"), SizeIs(1));
  EXPECT_EQ(bench.output("ipv6")[0].bytes, six);
  ASSERT_THAT(bench.output("other"), SizeIs(1));
  EXPECT_EQ(bench.output("other")[0].bytes, arp);
  ASSERT_THAT(bench.output("malformed"), SizeIs(1));
  EXPECT_EQ(bench.output("malformed")[0].bytes, broken);
}

TEST(LocateHeaders, DropsWhatHasNoWayOut) {
  TestBench::Options options;
  options.unconnected = {"ipv6", "other", "malformed"};
  TestBench bench("LocateHeaders", Value::map({}), options);
  bench.push({ether(), ether().ipv6("fd00::1", "fd00::2"), {1, 2, 3}});
  EXPECT_THAT(bench.output("ipv4"), IsEmpty());
}

TEST(LocateHeaders, SurvivesNastyPackets) {
  TestBench bench("LocateHeaders");
  push_nasty_packets(bench);
  for (const Seen& seen : bench.output("ipv4")) EXPECT_EQ(seen.annotations.headers.ip_version, 4);
  EXPECT_FALSE(bench.output("malformed").empty());
}

}  // namespace
}  // namespace smartswitch::testing
