// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rte_ip.h>

#include "tests/unit/ip/frames.h"

namespace smartswitch::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kReasons[] = {"not_ipv4", "bad_version", "bad_length", "truncated", "bad_checksum", "bad_source"};

Bytes udp() { return ipv4().udp(1, 2).payload("hello"); }

// Sets the header's checksum right again, so that only what the test broke is wrong.
Bytes mended(Bytes bytes) {
  auto* ip = reinterpret_cast<rte_ipv4_hdr*>(bytes.data() + 14);
  ip->hdr_checksum = 0;
  ip->hdr_checksum = rte_ipv4_cksum(ip);
  return bytes;
}

void expect_only(const Bytes& packet, const std::string& reason) {
  SCOPED_TRACE(reason);
  TestBench bench("CheckIPv4Header", Value::map({{"bad_sources", Value::list({"127.0.0.0/8", "224.0.0.0/3"})}}));
  bench.push({packet});
  EXPECT_THAT(bench.output("out"), IsEmpty());
  ASSERT_THAT(bench.output("bad"), SizeIs(1));
  EXPECT_EQ(bench.output("bad")[0].bytes, packet);
  for (const char* each : kReasons) EXPECT_EQ(bench.counter(each), each == reason ? 1U : 0U) << each;
}

TEST(CheckIPv4Header, PassesSoundPackets) {
  TestBench bench("CheckIPv4Header");
  Bytes padded = udp();
  padded.resize(60);
  const std::vector<Bytes> sound = {udp(),
                                    ipv4().tcp(1, 2),
                                    ipv4().vlan(3).vlan(4).udp(1, 2),
                                    ipv4().udp(1, 2).payload("x").fragment(800, false),
                                    ipv4().payload("protocol 255"),
                                    padded};
  bench.push(sound);
  ASSERT_THAT(bench.output("out"), SizeIs(sound.size()));
  for (std::size_t i = 0; i < sound.size(); ++i) EXPECT_EQ(bench.output("out")[i].bytes, sound[i]);
  for (const char* each : kReasons) EXPECT_EQ(bench.counter(each), 0U) << each;
}

TEST(CheckIPv4Header, NamesEachFault) {
  expect_only(arp_request("02:00:00:00:00:01", "10.0.0.1", "10.0.0.2"), "not_ipv4");
  expect_only(ether().ipv6("fd00::1", "fd00::2").udp(1, 2), "not_ipv4");
  expect_only({1, 2, 3}, "not_ipv4");
  expect_only(mended(nasty::patched(udp(), 14, {0x55})), "bad_version");
  expect_only(nasty::patched(udp(), 14, {0x44}), "bad_length");
  expect_only(mended(nasty::patched(udp(), 16, {0, 19})), "bad_length");
  expect_only(ipv4().udp(1, 2).payload(std::string(64, 'x')).fragment(65528, false), "bad_length");
  expect_only(mended(nasty::patched(udp(), 16, {0, 34})), "truncated");
  Bytes cut = udp();
  cut.resize(14 + 19);
  expect_only(cut, "truncated");
  expect_only(nasty::patched(udp(), 22, {63}), "bad_checksum");
  expect_only(ether().ipv4("127.0.0.1", "10.0.0.2").udp(1, 2), "bad_source");
  expect_only(ether().ipv4("224.0.0.1", "10.0.0.2").udp(1, 2), "bad_source");
}

TEST(CheckIPv4Header, ChecksumOfOptionsCounts) {
  Bytes bytes = udp();
  bytes.insert(bytes.begin() + 34, 4, 1);
  bytes[14] = 0x46;
  bytes[17] = static_cast<std::uint8_t>(bytes[17] + 4);
  expect_only(nasty::patched(mended(bytes), 36, {7}), "bad_checksum");
  TestBench bench("CheckIPv4Header");
  bench.push({mended(bytes)});
  EXPECT_THAT(bench.output("out"), SizeIs(1));
}

TEST(CheckIPv4Header, ChecksumsCanBeLeftUnchecked) {
  TestBench bench("CheckIPv4Header", Value::map({{"checksum", "false"}}));
  bench.push({nasty::patched(udp(), 24, {0, 0})});
  EXPECT_THAT(bench.output("out"), SizeIs(1));
}

TEST(CheckIPv4Header, JumboFramesMayHaveSegments) {
  TestBench bench("CheckIPv4Header");
  Batch batch;
  batch.add(segmented(bench, jumbo()));
  bench.push(batch);
  ASSERT_THAT(bench.output("out"), SizeIs(1));
  EXPECT_EQ(bench.output("out")[0].bytes, jumbo());
}

TEST(CheckIPv4Header, DropsTheBadWhenNothingIsConnected) {
  TestBench::Options options;
  options.unconnected = {"bad"};
  TestBench bench("CheckIPv4Header", Value::map({}), options);
  bench.push({udp(), {1, 2, 3}, udp()});
  EXPECT_THAT(bench.output("out"), SizeIs(2));
  EXPECT_EQ(bench.counter("not_ipv4"), 1U);
}

TEST(CheckIPv4Header, SurvivesNastyPackets) {
  TestBench bench("CheckIPv4Header");
  push_nasty_packets(bench);
  std::uint64_t faults = 0;
  for (const char* each : kReasons) faults += bench.counter(each);
  EXPECT_EQ(faults, bench.output("bad").size());
}

}  // namespace
}  // namespace smartswitch::testing
