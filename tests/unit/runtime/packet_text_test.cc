// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/packet_text.h"

#include <gmock/gmock.h>

#include "elements/sdk/testing/packets.h"

namespace smartswitch::runtime {
namespace {

using testing::Bytes;
using testing::PacketBuilder;

Bytes parsed(std::string_view text) {
  Problems problems;
  const auto bytes = parse_packet(text, problems);
  for (const Problem& problem : problems.list()) ADD_FAILURE() << problem.message;
  return bytes.value_or(Bytes());
}

std::string fault(std::string_view text) {
  Problems problems;
  EXPECT_FALSE(parse_packet(text, problems)) << text;
  const Problem problem = problems.empty() ? Problem{} : problems.list()[0];
  return std::to_string(problem.where.column) + ": " + problem.message + (problem.hint.empty() ? "" : " (" + problem.hint + ")");
}

// A PacketBuilder's IPv4 packets have another identification, and so another checksum.
Bytes without_id(Bytes bytes) {
  for (const std::size_t at : {18, 19, 24, 25}) bytes[at] = 0;
  return bytes;
}

PacketBuilder ether() { return PacketBuilder().ether("02:00:00:00:00:01", "02:00:00:00:00:02"); }

TEST(PacketText, MemcachedGetsAFrameAndALineEnd) {
  EXPECT_EQ(without_id(parsed("udp 10.0.0.1:999 -> 10.0.0.100:11211 get foo")),
            without_id(ether().ipv4("10.0.0.1", "10.0.0.100").udp(999, 11211).payload(testing::memcached_frame(1, "get foo\r\n"))));
  EXPECT_EQ(
      without_id(parsed("  udp   10.0.0.1:999 > 10.0.0.100:11211   set k 0 0 3\\r\\nbar\\r\\n")),
      without_id(ether().ipv4("10.0.0.1", "10.0.0.100").udp(999, 11211).payload(testing::memcached_frame(1, "set k 0 0 3\r\nbar\r\n"))));
}

TEST(PacketText, OtherPayloadsAreAsWritten) {
  EXPECT_EQ(without_id(parsed("udp 10.0.0.1:1 -> 10.0.0.2:2 raw a\\x00\\\\\\t")),
            without_id(ether().ipv4("10.0.0.1", "10.0.0.2").udp(1, 2).payload(std::string("a\0\\\t", 4))));
  EXPECT_EQ(without_id(parsed("udp 10.0.0.1:1 -> 10.0.0.2:2")), without_id(ether().ipv4("10.0.0.1", "10.0.0.2").udp(1, 2)));
}

TEST(PacketText, VersionSixAndTagsAndAddresses) {
  EXPECT_EQ(parsed("udp [2001:db8::1]:1 -> [2001:db8::2]:2 raw x"),
            Bytes(ether().ipv6("2001:db8::1", "2001:db8::2").udp(1, 2).payload("x")));
  EXPECT_EQ(parsed("ether 02:00:00:00:00:07 -> 02:00:00:00:00:08 vlan 5 tcp 10.0.0.1:1 -> 10.0.0.2:2 syn")[15], 5);
  const Bytes tcp = parsed("tcp 10.0.0.1:1 -> 10.0.0.2:2 syn ack");
  EXPECT_EQ(tcp[14 + 20 + 13], 0x12);
  EXPECT_EQ(parsed("tcp 10.0.0.1:1 -> 10.0.0.2:2 get foo").size(), 14U + 20 + 20 + 9);
}

TEST(PacketText, PingAndArpAndHex) {
  EXPECT_EQ(parsed("icmp 10.0.0.1 -> 10.0.0.2").size(), 98U);
  EXPECT_EQ(parsed("icmp 2001:db8::1 -> 2001:db8::2")[54], 128);
  const Bytes arp = parsed("arp who-has 10.0.0.100 tell 10.0.0.1");
  Bytes expected = testing::arp_request("02:00:00:00:00:01", "10.0.0.1", "10.0.0.100");
  EXPECT_EQ(Bytes(arp.begin(), arp.begin() + 12), Bytes(expected.begin(), expected.begin() + 12));
  EXPECT_EQ(arp, expected);
  EXPECT_EQ(parsed("hex: 02:00 ff"), (Bytes{2, 0, 255}));
}

TEST(PacketText, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(fault(""), "1: what kind of packet is missing (udp, tcp, icmp or arp; such as `udp 10.0.0.1:999 -> 10.0.0.100:11211 get foo`)");
  EXPECT_EQ(fault("upd 10.0.0.1:1 -> 10.0.0.2:2"), "1: `upd` is no kind of packet (did you mean `udp`?)");
  EXPECT_EQ(fault("udp 10.0.0.1 -> 10.0.0.2:2"), "5: `10.0.0.1` is not ADDRESS:PORT (such as 10.0.0.1:999 or [2001:db8::1]:999)");
  EXPECT_EQ(fault("udp 10.0.0.1:1 10.0.0.2:2"), "16: `->` is missing between where it comes from and where it goes");
  EXPECT_EQ(fault("udp 10.0.0.1:1 -> 10.0.0.2:70000"), "19: `70000` is not a port (a number up to 65535)");
  EXPECT_EQ(fault("udp 10.0.0.1:1 -> [2001:db8::1]:2"), "19: one address is of IPv4 and the other of IPv6 (give two of one version)");
  EXPECT_EQ(fault("udp 10.0.0.300:1 -> 10.0.0.2:2"), "5: `10.0.0.300` is not an IP address (such as 10.0.0.1 or 2001:db8::1)");
  EXPECT_EQ(fault("udp 10.0.0.1:1 -> 10.0.0.2:2 a\\q"), "31: a `\\` with nothing known behind it (there are \\r \\n \\t \\\\ and \\xHH)");
  EXPECT_EQ(fault("arp 10.0.0.1"), "5: `who-has` is missing behind `arp` (arp who-has 10.0.0.100 tell 10.0.0.1)");
  EXPECT_EQ(fault("icmp 10.0.0.1 -> 10.0.0.2 now"), "27: `now` is too much");
  EXPECT_EQ(fault("hex:0g"), "6: `g` is not a hexadecimal digit");
  EXPECT_EQ(fault("hex:123"), "8: an odd number of hexadecimal digits (two for each byte)");
  EXPECT_EQ(fault("udp 10.0.0.1:1 -> 10.0.0.2:2 raw " + std::string(10'000, 'x')), "1: a packet of 10042 bytes is too long (up to 9216)");
}

}  // namespace
}  // namespace smartswitch::runtime
