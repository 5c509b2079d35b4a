// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/sdk/headers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "tests/unit/ip/frames.h"

namespace smartswitch::testing {
namespace {

Headers headers_of(const Bytes& bytes) {
  // A copy of exactly this size: a sanitizer sees any read beyond it.
  const auto copy = std::make_unique<std::uint8_t[]>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), copy.get());
  Headers headers;
  headers.l4 = 99;
  headers.malformed = true;
  find_headers(copy.get(), static_cast<std::uint32_t>(bytes.size()), headers);
  EXPECT_TRUE(headers.located);
  return headers;
}

PacketBuilder ipv6() { return ether().ipv6("fd00::1", "fd00::2"); }

TEST(Headers, FindsUdpOverIpv4) {
  const Headers h = headers_of(ipv4().udp(1, 2).payload("hello"));
  EXPECT_FALSE(h.malformed);
  EXPECT_FALSE(h.fragment);
  EXPECT_EQ(h.ether_type, ether_type::kIpv4);
  EXPECT_EQ(h.ip_version, 4);
  EXPECT_EQ(h.l4_protocol, ip_protocol::kUdp);
  EXPECT_EQ(h.l3, 14);
  EXPECT_EQ(h.l4, 34);
  EXPECT_EQ(h.payload, 42);
  EXPECT_EQ(h.payload_length, 5);
}

TEST(Headers, FindsTcpWithOptionsOverIpv4WithOptions) {
  Bytes bytes = ipv4().tcp(1, 2).payload(std::string(12, 'o') + "hello");
  bytes[14 + 20 + 12] = 0x80;  // 12 bytes of TCP options: the first bytes of what was payload
  EXPECT_EQ(headers_of(bytes).payload, 14 + 20 + 32);
  EXPECT_EQ(headers_of(bytes).payload_length, 5);

  Bytes with_options = ipv4().udp(1, 2).payload("hello");
  with_options.insert(with_options.begin() + 34, 8, 1);  // no-operation options
  with_options[14] = 0x47;
  with_options[17] = static_cast<std::uint8_t>(with_options[17] + 8);
  const Headers h = headers_of(with_options);
  EXPECT_FALSE(h.malformed);
  EXPECT_EQ(h.l4, 42);
  EXPECT_EQ(h.payload_length, 5);
}

TEST(Headers, PaddingIsNoPayload) {
  Bytes bytes = ipv4().udp(1, 2).payload("hi");
  bytes.resize(60, 0xEE);
  EXPECT_EQ(headers_of(bytes).payload_length, 2);
  Bytes tcp = ipv4().tcp(1, 2);
  tcp.resize(60, 0xEE);
  EXPECT_EQ(headers_of(tcp).payload_length, 0);
}

TEST(Headers, PassesOverTwoVlanTagsButNoThird) {
  EXPECT_EQ(headers_of(ipv4().vlan(5).udp(1, 2)).l3, 18);
  const Headers two = headers_of(ipv4().vlan(5).vlan(6).udp(1, 2).payload("x"));
  EXPECT_EQ(two.l3, 22);
  EXPECT_EQ(two.ether_type, ether_type::kIpv4);
  EXPECT_EQ(two.payload, 22 + 28);
  const Headers three = headers_of(ipv4().vlan(5).vlan(6).vlan(7).udp(1, 2));
  EXPECT_EQ(three.ether_type, ether_type::kVlan);
  EXPECT_EQ(three.ip_version, 0);
  EXPECT_FALSE(three.malformed);
}

TEST(Headers, FindsUdpOverIpv6) {
  const Headers h = headers_of(ipv6().udp(1, 2).payload("hello"));
  EXPECT_FALSE(h.malformed);
  EXPECT_EQ(h.ip_version, 6);
  EXPECT_EQ(h.l4_protocol, ip_protocol::kUdp);
  EXPECT_EQ(h.l4, 54);
  EXPECT_EQ(h.payload, 62);
  EXPECT_EQ(h.payload_length, 5);
}

TEST(Headers, PassesOverEightExtensionHeadersAtMost) {
  for (const std::uint8_t type : {0, 43, 60}) {
    const Headers eight = headers_of(nasty::extension_chain(type, 8));
    EXPECT_FALSE(eight.malformed) << int{type};
    EXPECT_EQ(eight.l4, 54 + 64) << int{type};
    EXPECT_TRUE(headers_of(nasty::extension_chain(type, 9)).malformed) << int{type};
  }
  // An authentication header counts its length in words of 4 bytes, less two (RFC 4302 section 2.2).
  const Headers authenticated = headers_of(nasty::ipv6(51, {17, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 0, 8, 0, 0}));
  EXPECT_FALSE(authenticated.malformed);
  EXPECT_EQ(authenticated.l4, 54 + 12);
}

TEST(Headers, NoNextHeaderHasNoLayer4) {
  const Headers h = headers_of(nasty::ipv6(59, {1, 2, 3, 4}));
  EXPECT_FALSE(h.malformed);
  EXPECT_EQ(h.l4_protocol, 59);
  EXPECT_EQ(h.l4, 0);
}

TEST(Headers, TellsFragmentsApart) {
  const Headers first = headers_of(ipv4().udp(1, 2).payload(std::string(64, 'x')).fragment(0, true));
  EXPECT_TRUE(first.fragment && first.first_fragment && !first.malformed);
  EXPECT_EQ(first.l4, 34);
  const Headers middle = headers_of(ipv4().udp(1, 2).payload(std::string(64, 'x')).fragment(64, true));
  EXPECT_TRUE(middle.fragment && !middle.first_fragment && !middle.malformed);
  EXPECT_EQ(middle.l4, 0);
  EXPECT_EQ(middle.l4_protocol, ip_protocol::kUdp);
  const Headers last = headers_of(ipv4().udp(1, 2).payload("x").fragment(128, false));
  EXPECT_TRUE(last.fragment && !last.first_fragment);

  const Headers first6 = headers_of(nasty::ipv6(44, {17, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 2, 0, 200, 0, 0, 'x'}));
  EXPECT_TRUE(first6.fragment && first6.first_fragment && !first6.malformed);
  EXPECT_EQ(first6.payload_length, 1);
  const Headers last6 = headers_of(nasty::ipv6(44, {17, 0, 0, 8, 0, 0, 0, 1, 'x'}));
  EXPECT_TRUE(last6.fragment && !last6.first_fragment && !last6.malformed);
  EXPECT_EQ(last6.l4, 0);
  EXPECT_FALSE(headers_of(nasty::ipv6(44, {17, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 2, 0, 8, 0, 0})).fragment) << "an atomic fragment is whole";
}

TEST(Headers, ShortAndLyingHeadersAreMalformed) {
  const std::vector<Bytes> whole = {ipv4().udp(1, 2).payload("hello"), ipv4().tcp(1, 2).payload("hello"), ipv4().vlan(5).vlan(6).udp(1, 2),
                                    ipv6().udp(1, 2).payload("hello"), nasty::extension_chain(0, 3)};
  for (const Bytes& bytes : whole) {
    ASSERT_FALSE(headers_of(bytes).malformed);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      EXPECT_TRUE(headers_of(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length))).malformed) << length;
    }
  }
  const Bytes udp = ipv4().udp(1, 2).payload("hello");
  EXPECT_TRUE(headers_of(nasty::patched(udp, 14, {0x44})).malformed) << "header of 16 bytes";
  EXPECT_TRUE(headers_of(nasty::patched(udp, 14, {0x65})).malformed) << "version 6 in an IPv4 frame";
  EXPECT_TRUE(headers_of(nasty::patched(udp, 16, {0, 19})).malformed) << "total length below the header's";
  EXPECT_TRUE(headers_of(nasty::patched(udp, 38, {0, 7})).malformed) << "UDP length below its header's";
  EXPECT_TRUE(headers_of(nasty::patched(udp, 38, {0, 14})).malformed) << "UDP length beyond IP's";
  EXPECT_FALSE(headers_of(nasty::patched(udp, 38, {0, 12})).malformed) << "UDP may be shorter than IP";
  EXPECT_TRUE(headers_of(nasty::patched(ipv4().tcp(1, 2), 46, {0x40})).malformed) << "TCP header of 16 bytes";
}

TEST(Headers, NeverPointBeyondThePacket) {
  for (const NastyPacket& packet : nasty_packets()) {
    SCOPED_TRACE(packet.name);
    const Headers h = headers_of(packet.bytes);
    EXPECT_LE(h.l3, packet.bytes.size());
    EXPECT_LE(h.l4, packet.bytes.size());
    EXPECT_LE(std::size_t{h.payload} + h.payload_length, packet.bytes.size());
    EXPECT_TRUE(h.l4 == 0 || !h.malformed);
  }
}

TEST(Headers, OffsetsOfTheLongestPacketDoNotWrap) {
  Bytes bytes = ipv6().payload("");
  bytes.resize(14 + 40 + 65535);
  bytes[18] = bytes[19] = 0xFF;  // payload length
  EXPECT_TRUE(headers_of(bytes).malformed);
}

TEST(Headers, AreFoundOnceAndLookedForAgainWhenForgotten) {
  TestBench bench("LocateHeaders");
  const Packet packet = bench.packet(ipv4().udp(1, 2).payload("hello"));
  EXPECT_EQ(locate_headers(packet).l4, 34);
  packet.data()[12] = 0x08;
  packet.data()[13] = 0x06;
  EXPECT_EQ(locate_headers(packet).ether_type, ether_type::kIpv4) << "remembered";
  forget_headers(packet);
  EXPECT_EQ(locate_headers(packet).ether_type, ether_type::kArp);
  rte_pktmbuf_free(packet.mbuf());
}

}  // namespace
}  // namespace smartswitch::testing
