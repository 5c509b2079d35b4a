// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/nasty_packets.h"

namespace smartswitch::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

Value ours() {
  return Value::map({{"addresses", Value::list({"10.0.0.100", "10.1.0.0/16"})}, {"ipv6_addresses", Value::list({"fd00::100"})}});
}

PacketBuilder client() { return PacketBuilder().ether("02:00:00:00:00:01", "02:00:00:00:00:64"); }
PacketBuilder answerer() { return PacketBuilder().ether("02:00:00:00:00:64", "02:00:00:00:00:01"); }
PacketBuilder ping(std::string_view to) { return client().ipv4("10.0.0.1", to).icmp_echo(77, 3).payload("abcdefg"); }

// What a responder that computes all checksums anew would answer: type 0 where the builder makes type 8.
Bytes expected_reply(PacketBuilder builder, std::size_t icmp) {
  Bytes bytes = builder;
  bytes[icmp] = 0;
  const std::uint32_t sum = static_cast<std::uint32_t>(bytes[icmp + 2] << 8 | bytes[icmp + 3]) + 0x0800;
  const std::uint32_t folded = (sum & 0xFFFF) + (sum >> 16);
  bytes[icmp + 2] = static_cast<std::uint8_t>(folded >> 8);
  bytes[icmp + 3] = static_cast<std::uint8_t>(folded);
  return bytes;
}

void expect_passed_on(const Bytes& packet) {
  TestBench bench("ICMPEchoResponder", ours());
  bench.push({packet});
  EXPECT_THAT(bench.output("reply"), IsEmpty());
  ASSERT_THAT(bench.output("out"), SizeIs(1));
  EXPECT_EQ(bench.output("out")[0].bytes, packet);
}

TEST(ICMPEchoResponder, AnswersInPlace) {
  TestBench bench("ICMPEchoResponder", ours());
  bench.push({ping("10.0.0.100"), ping("10.1.2.3")});
  ASSERT_THAT(bench.output("reply"), SizeIs(2));
  EXPECT_THAT(bench.output("out"), IsEmpty());
  EXPECT_EQ(bench.output("reply")[0].bytes,
            expected_reply(answerer().ipv4("10.0.0.100", "10.0.0.1").icmp_echo(77, 3).payload("abcdefg"), 34));
  EXPECT_EQ(bench.output("reply")[1].bytes,
            expected_reply(answerer().ipv4("10.1.2.3", "10.0.0.1").icmp_echo(77, 3).payload("abcdefg"), 34));
  EXPECT_EQ(bench.counter("answered"), 2U);
}

TEST(ICMPEchoResponder, SetsTheTimeToLiveAndItsChecksum) {
  for (const int ttl : {1, 2, 63, 64, 65, 128, 255}) {
    Bytes request = ping("10.0.0.100");
    // One off the byte of the TTL is 0x0100 more in the checksum.
    std::uint32_t sum = static_cast<std::uint32_t>(request[24] << 8 | request[25]) + static_cast<std::uint32_t>((64 - ttl) * 256 + 0xFFFF);
    while (sum > 0xFFFF) sum = (sum & 0xFFFF) + (sum >> 16);
    request = nasty::patched(request, 22, {static_cast<std::uint8_t>(ttl)});
    request = nasty::patched(request, 24, {static_cast<std::uint8_t>(sum >> 8), static_cast<std::uint8_t>(sum)});
    TestBench bench("ICMPEchoResponder", ours());
    bench.push({request});
    ASSERT_THAT(bench.output("reply"), SizeIs(1)) << ttl;
    EXPECT_EQ(bench.output("reply")[0].bytes,
              expected_reply(answerer().ipv4("10.0.0.100", "10.0.0.1").icmp_echo(77, 3).payload("abcdefg"), 34))
        << ttl;
  }
}

TEST(ICMPEchoResponder, KeepsVlanTagsAndPadding) {
  TestBench bench("ICMPEchoResponder", ours());
  Bytes request = ping("10.0.0.100").vlan(7).vlan(8);
  request.resize(request.size() + 5, 0xEE);
  bench.push({request});
  Bytes reply = expected_reply(answerer().vlan(7).vlan(8).ipv4("10.0.0.100", "10.0.0.1").icmp_echo(77, 3).payload("abcdefg"), 42);
  reply.resize(reply.size() + 5, 0xEE);
  ASSERT_THAT(bench.output("reply"), SizeIs(1));
  EXPECT_EQ(bench.output("reply")[0].bytes, reply);
}

TEST(ICMPEchoResponder, EveryChecksumIsAdjustedRightly) {
  TestBench bench("ICMPEchoResponder", ours());
  for (unsigned id = 0; id < 65536; id += 7) {
    bench.push({client().ipv4("10.0.0.1", "10.0.0.100").icmp_echo(static_cast<std::uint16_t>(id), 0)});
    const auto replies = bench.take("reply");
    ASSERT_THAT(replies, SizeIs(1)) << id;
    std::uint32_t sum = 0;
    for (std::size_t i = 34; i < 42; i += 2) sum += static_cast<std::uint32_t>(replies[0].bytes[i] << 8 | replies[0].bytes[i + 1]);
    ASSERT_EQ((sum & 0xFFFF) + (sum >> 16), 0xFFFFU) << id;
  }
}

TEST(ICMPEchoResponder, AnswersIpv6) {
  TestBench bench("ICMPEchoResponder", ours());
  const auto builder = [](PacketBuilder ether, const char* from, const char* to) {
    return ether.ipv6(from, to).icmp_echo(77, 3).payload("abcdefg");
  };
  bench.push({nasty::patched(builder(client(), "fd00::1", "fd00::100"), 21, {3}), builder(client(), "fd00::1", "fd00::101")});
  EXPECT_THAT(bench.output("out"), SizeIs(1));
  ASSERT_THAT(bench.output("reply"), SizeIs(1));
  Bytes reply = builder(answerer(), "fd00::100", "fd00::1");
  reply[54] = 129;
  const std::uint32_t sum = static_cast<std::uint32_t>(reply[56] << 8 | reply[57]) + 0xFFFF - 0x0100;
  const std::uint32_t folded = (sum & 0xFFFF) + (sum >> 16);
  reply[56] = static_cast<std::uint8_t>(folded >> 8);
  reply[57] = static_cast<std::uint8_t>(folded);
  EXPECT_EQ(bench.output("reply")[0].bytes, reply);
}

TEST(ICMPEchoResponder, PassesOnWhatItMustNotAnswer) {
  expect_passed_on(ping("10.0.0.101"));
  expect_passed_on(client().ipv4("10.0.0.1", "10.0.0.100").udp(1, 2).payload("x"));
  expect_passed_on(ping("10.0.0.100").fragment(0, true));
  expect_passed_on(nasty::patched(ping("10.0.0.100"), 34, {0}));  // a reply
  expect_passed_on(nasty::patched(ping("10.0.0.100"), 35, {1}));  // code 1
  expect_passed_on(ping("10.0.0.100").ether("02:00:00:00:00:01", "ff:ff:ff:ff:ff:ff"));
  expect_passed_on(ping("10.0.0.100").ether("03:00:00:00:00:01", "02:00:00:00:00:64"));
  expect_passed_on(ping("10.0.0.100").ipv4("224.0.0.5", "10.0.0.100"));
  expect_passed_on(ping("10.0.0.100").ipv4("0.0.0.0", "10.0.0.100"));
  expect_passed_on(ping("10.0.0.100").ipv4("255.255.255.255", "10.0.0.100"));
  expect_passed_on(client().ipv6("ff02::1", "fd00::100").icmp_echo(1, 1));
  expect_passed_on(client().ipv6("::", "fd00::100").icmp_echo(1, 1));
}

TEST(ICMPEchoResponder, PassesOnRequestsWithIpOptions) {
  Bytes request = ping("10.0.0.100");
  request.insert(request.begin() + 34, 4, 1);
  request[14] = 0x46;
  request[17] = static_cast<std::uint8_t>(request[17] + 4);
  expect_passed_on(request);
}

TEST(ICMPEchoResponder, PassesOnWrongChecksumsAndCountsThem) {
  TestBench bench("ICMPEchoResponder", ours());
  bench.push({nasty::patched(ping("10.0.0.100"), 45, {'X'}), nasty::patched(ping("10.0.0.100"), 22, {9}),
              nasty::patched(client().ipv6("fd00::1", "fd00::100").icmp_echo(1, 1).payload("abc"), 62, {'X'})});
  EXPECT_THAT(bench.output("reply"), IsEmpty());
  EXPECT_THAT(bench.output("out"), SizeIs(3));
  EXPECT_EQ(bench.counter("bad_checksum"), 3U);
}

TEST(ICMPEchoResponder, NeedsAnAddress) {
  const Problems problems = TestBench::problems_of("ICMPEchoResponder");
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems.list()[0].message, "there are no addresses to answer for");
}

TEST(ICMPEchoResponder, SurvivesNastyPackets) {
  TestBench bench("ICMPEchoResponder",
                  Value::map({{"addresses", Value::list({"0.0.0.0/0"})}, {"ipv6_addresses", Value::list({"fd00::2"})}}));
  push_nasty_packets(bench);
  EXPECT_GT(bench.counter("answered"), 0U);
}

}  // namespace
}  // namespace smartswitch::testing
