// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Packets that no honest sender makes, the same in every run. Each element is fed all of them; the bench then checks that none is lost:
//
//   TestBench bench("EtherMirror");
//   push_nasty_packets(bench);
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "elements/sdk/headers.h"
#include "elements/sdk/testing/test_bench.h"
#include "elements/sdk/worker.h"

namespace smartswitch::testing {

struct NastyPacket {
  std::string name;
  Bytes bytes;
};

namespace nasty {

inline constexpr std::size_t kIp = 14;  // where IP starts without VLAN tags

inline Bytes patched(Bytes packet, std::size_t offset, const Bytes& with) {
  std::copy(with.begin(), with.end(), packet.begin() + static_cast<std::ptrdiff_t>(offset));
  return packet;
}
inline Bytes ethernet(std::uint16_t type, const Bytes& body) {
  Bytes packet = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, static_cast<std::uint8_t>(type >> 8), static_cast<std::uint8_t>(type)};
  packet.insert(packet.end(), body.begin(), body.end());
  return packet;
}
/// IPv6 whose next header is `next`, with `body` behind the fixed header.
inline Bytes ipv6(std::uint8_t next, const Bytes& body) {
  Bytes ip = {0x60, 0, 0, 0, static_cast<std::uint8_t>(body.size() >> 8), static_cast<std::uint8_t>(body.size()), next, 64};
  ip.insert(ip.end(), 32, 0xFD);
  ip.insert(ip.end(), body.begin(), body.end());
  return ethernet(ether_type::kIpv6, ip);
}
/// `n` empty extension headers of the same type, then a UDP header.
inline Bytes extension_chain(std::uint8_t type, unsigned n) {
  Bytes body;
  for (unsigned i = 0; i < n; ++i) {
    const Bytes header = {i + 1 < n ? type : ip_protocol::kUdp, 0, 1, 4, 0, 0, 0, 0};
    body.insert(body.end(), header.begin(), header.end());
  }
  const Bytes udp = {0x03, 0xE7, 0x2B, 0xCB, 0, 8, 0, 0};
  body.insert(body.end(), udp.begin(), udp.end());
  return ipv6(type, body);
}

class Collection {
 public:
  std::vector<NastyPacket> packets;

  void add(std::string name, Bytes bytes) { packets.push_back({std::move(name), std::move(bytes)}); }

  void add_runts() {
    for (const std::size_t length : {0, 1, 6, 12, 13, 14}) add(std::to_string(length) + " bytes", Bytes(length, 0x02));
    add("60 zero bytes", Bytes(60));
    add("1500 bytes of ff", Bytes(1500, 0xFF));
    add("802.3 length instead of an EtherType", ethernet(46, Bytes(46)));
    add("802.3 length beyond the frame", ethernet(1500, Bytes(10)));
    add("multicast source", patched(ethernet(0x88B5, Bytes(46)), 6, {1, 0, 0x5E, 0, 0, 1}));
    add("802.1D link-local destination", patched(ethernet(0x88B5, Bytes(46)), 0, {1, 0x80, 0xC2, 0, 0, 0}));
  }

  void add_whole_and_truncated() {
    const auto from = [](std::string_view name) { return std::string(name); };
    const PacketBuilder ether = PacketBuilder().ether("02:00:00:00:00:01", "02:00:00:00:00:02");
    const PacketBuilder v4 = PacketBuilder(ether).ipv4("10.0.0.1", "10.0.0.2");
    const PacketBuilder v6 = PacketBuilder(ether).ipv6("fd00::1", "fd00::2");
    const std::string get = memcached_frame(7, "get some_key\r\n");
    const std::vector<NastyPacket> whole = {
        {from("UDP"), PacketBuilder(v4).udp(999, 11211).payload(get)},
        {from("UDP without payload"), PacketBuilder(v4).udp(999, 11211)},
        {from("TCP"), PacketBuilder(v4).tcp(999, 11211).payload("get some_key\r\n")},
        {from("one VLAN tag"), PacketBuilder(v4).vlan(100).udp(999, 11211).payload(get)},
        {from("two VLAN tags"), PacketBuilder(v4).vlan(100).vlan(200).udp(999, 11211).payload(get)},
        {from("IPv6 UDP"), PacketBuilder(v6).udp(999, 11211).payload(get)},
        {from("IPv6 TCP in a VLAN"), PacketBuilder(v6).vlan(4095).tcp(999, 11211).payload("get some_key\r\n")},
        {from("IPv6 with three extension headers"), extension_chain(0, 3)},
        {from("ICMP echo"), PacketBuilder(v4).icmp_echo(1, 1).payload("abcdefgh")},
        {from("ICMPv6 echo"), PacketBuilder(v6).icmp_echo(1, 1).payload("abcdefgh")},
        {from("ARP request"), arp_request("02:00:00:00:00:01", "10.0.0.1", "10.0.0.2")},
    };
    for (const NastyPacket& packet : whole) {
      add(packet.name, packet.bytes);
      for (std::size_t length = 0; length < packet.bytes.size(); ++length) {
        add(packet.name + " cut to " + std::to_string(length),
            Bytes(packet.bytes.begin(), packet.bytes.begin() + static_cast<std::ptrdiff_t>(length)));
      }
      Bytes padded = packet.bytes;
      padded.insert(padded.end(), 30, 0xEE);
      add(packet.name + " with 30 bytes of padding", padded);
    }
  }

  void add_ipv4_lies() {
    const PacketBuilder v4 = PacketBuilder().ether("02:00:00:00:00:01", "02:00:00:00:00:02").ipv4("10.0.0.1", "10.0.0.2");
    const Bytes udp = PacketBuilder(v4).udp(999, 11211).payload(memcached_frame(7, "get some_key\r\n"));
    const Bytes tcp = PacketBuilder(v4).tcp(999, 11211).payload("get some_key\r\n");
    for (const std::uint8_t first : {0x00, 0x40, 0x44, 0x46, 0x4F, 0x55, 0x65, 0xFF}) {
      add("IPv4 with version and IHL " + std::to_string(first), patched(udp, kIp, {first}));
    }
    const Bytes lengths[] = {{0, 0}, {0, 1}, {0, 19}, {0, 20}, {0, 27}, {0, 28}, {0xFF, 0xFF}};
    for (const Bytes& length : lengths) {
      const std::string said = std::to_string(length[0] * 256 + length[1]);
      add("IPv4 total length " + said, patched(udp, kIp + 2, length));
      add("UDP length " + said, patched(udp, kIp + 20 + 4, length));
    }
    add("UDP length 7", patched(udp, kIp + 20 + 4, {0, 7}));
    add("TCP data offset 0", patched(tcp, kIp + 20 + 12, {0x00}));
    add("TCP data offset 15", patched(tcp, kIp + 20 + 12, {0xF0}));
    add("wrong IPv4 checksum", patched(udp, kIp + 10, {0xDE, 0xAD}));
    add("wrong UDP checksum", patched(udp, kIp + 20 + 6, {0xDE, 0xAD}));
    add("first fragment", PacketBuilder(v4).udp(999, 11211).payload(std::string(64, 'x')).fragment(0, true));
    add("first fragment without a whole UDP header", patched(PacketBuilder(v4).payload("1234").fragment(0, true).build(), kIp + 9, {17}));
    add("middle fragment", PacketBuilder(v4).udp(999, 11211).payload(std::string(64, 'x')).fragment(64, true));
    add("last fragment", PacketBuilder(v4).udp(999, 11211).payload(std::string(10, 'x')).fragment(128, false));
    add("fragment beyond 65535 bytes", PacketBuilder(v4).udp(999, 11211).payload(std::string(64, 'x')).fragment(65528, false));
  }

  void add_ipv6_lies() {
    const Bytes udp =
        PacketBuilder().ether("02:00:00:00:00:01", "02:00:00:00:00:02").ipv6("fd00::1", "fd00::2").udp(999, 11211).payload("x");
    add("IPv6 version 4", patched(udp, kIp, {0x40}));
    add("IPv6 payload length 0", patched(udp, kIp + 4, {0, 0}));
    add("IPv6 payload length 7", patched(udp, kIp + 4, {0, 7}));
    add("IPv6 payload length 65535", patched(udp, kIp + 4, {0xFF, 0xFF}));
    add("IPv6 without next header", patched(udp, kIp + 6, {59}));
    for (const std::uint8_t type : {0, 43, 44, 51, 60}) {
      const std::string name = "extension headers of type " + std::to_string(type);
      for (const unsigned n : {1U, 7U, 8U, 9U, 170U}) add(std::to_string(n) + " " + name, extension_chain(type, n));
      add("only " + name, ipv6(type, Bytes(800, type)));
      add("longest " + name, ipv6(type, {17, 255, 0, 0, 0, 0, 0, 0}));
      add("cut " + name, ipv6(type, {17, 0, 0}));
    }
    add("IPv6 first fragment", ipv6(44, {17, 0, 0, 1, 0, 0, 0, 1, 3, 231, 43, 203, 0, 200, 0, 0, 'x'}));
    add("IPv6 middle fragment", ipv6(44, {17, 0, 0, 9, 0, 0, 0, 1, 3, 231, 43, 203, 0, 200, 0, 0, 'x'}));
    add("IPv6 last fragment", ipv6(44, {17, 0, 0, 8, 0, 0, 0, 1, 'x'}));
    add("IPv6 atomic fragment", ipv6(44, {17, 0, 0, 0, 0, 0, 0, 1, 3, 231, 43, 203, 0, 8, 0, 0}));
  }

  void add_tags_and_arp() {
    for (const unsigned tags : {3U, 50U, 370U}) {
      Bytes body;
      for (unsigned i = 0; i < tags; ++i) body.insert(body.end(), {0, 100, 0x81, 0});
      add(std::to_string(tags) + " VLAN tags", ethernet(ether_type::kVlan, body));
    }
    const Bytes arp = arp_request("02:00:00:00:00:01", "10.0.0.1", "10.0.0.2");
    add("ARP for another kind of hardware", patched(arp, kIp, {0, 6}));
    add("ARP for another protocol", patched(arp, kIp + 2, {0x86, 0xDD}));
    add("ARP hlen 0", patched(arp, kIp + 4, {0}));
    add("ARP hlen 255", patched(arp, kIp + 4, {255}));
    add("ARP plen 16", patched(arp, kIp + 5, {16}));
    add("ARP opcode 65535", patched(arp, kIp + 6, {255, 255}));
    add("ARP sent by a multicast address", patched(patched(arp, 6, {1, 0, 0x5E, 0, 0, 1}), kIp + 8, {1, 0, 0x5E, 0, 0, 1}));
  }

  void add_random() {
    Random random(20240229);
    for (int i = 0; i < 300; ++i) {
      Bytes bytes(random.next() % 1500);
      for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random.next() >> 32);
      add("random bytes " + std::to_string(i), bytes);
    }
    // Near misses get further into an element than noise does.
    const std::size_t honest = packets.size();
    for (int i = 0; i < 600; ++i) {
      NastyPacket packet = packets[(random.next() >> 32) % honest];
      if (packet.bytes.empty()) continue;
      for (std::uint64_t flips = 1 + (random.next() >> 32) % 4; flips > 0; --flips) {
        packet.bytes[(random.next() >> 32) % std::min<std::size_t>(packet.bytes.size(), 80)] =
            static_cast<std::uint8_t>(random.next() >> 32);
      }
      add(packet.name + ", bytes changed " + std::to_string(i), packet.bytes);
    }
  }
};

}  // namespace nasty

/// All of them, each in one segment of at most 1540 bytes.
inline const std::vector<NastyPacket>& nasty_packets() {
  static const std::vector<NastyPacket> packets = [] {
    nasty::Collection collection;
    collection.add_runts();
    collection.add_whole_and_truncated();
    collection.add_ipv4_lies();
    collection.add_ipv6_lies();
    collection.add_tags_and_arp();
    collection.add_random();
    return std::move(collection.packets);
  }();
  return packets;
}

/// A packet of the bench's pool in segments: the first has `first` bytes (0: a full buffer), the others are as long as buffers allow.
inline Packet segmented(TestBench& bench, const Bytes& bytes, std::size_t first = 0) {
  const std::size_t room = rte_pktmbuf_data_room_size(bench.pool()) - RTE_PKTMBUF_HEADROOM;
  if (first == 0) first = room;
  Packet head = bench.packet(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(std::min(first, bytes.size()))));
  for (std::size_t at = std::min(first, bytes.size()); at < bytes.size();) {
    const std::size_t n = std::min(room, bytes.size() - at);
    const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    EXPECT_EQ(rte_pktmbuf_chain(head.mbuf(), bench.packet(Bytes(begin, begin + static_cast<std::ptrdiff_t>(n))).mbuf()), 0);
    at += n;
  }
  return head;
}

/// A UDP datagram of 9000 bytes in all.
inline Bytes jumbo() {
  return PacketBuilder()
      .ether("02:00:00:00:00:01", "02:00:00:00:00:02")
      .ipv4("10.0.0.1", "10.0.0.2")
      .udp(999, 11211)
      .payload(memcached_frame(7, std::string(9000 - 50, 'j')));
}

/// Gives all nasty packets to an input: whole, cut into two segments in the midst of the headers, and as jumbo frames.
inline void push_nasty_packets(TestBench& bench, const std::string& input = {}) {
  const auto push_one = [&](Packet packet) {
    Batch batch;
    batch.add(packet);
    bench.push(batch, input);
  };
  for (const NastyPacket& nasty : nasty_packets()) {
    SCOPED_TRACE(nasty.name);
    push_one(bench.packet(nasty.bytes));
    if (nasty.bytes.size() > 60) {
      for (const std::size_t first : {1, 13, 15, 30, 40}) push_one(segmented(bench, nasty.bytes, first));
    }
  }
  for (const std::size_t first : {0, 14, 42, 50, 100}) push_one(segmented(bench, jumbo(), first));
  std::vector<Bytes> all;
  for (const NastyPacket& nasty : nasty_packets()) all.push_back(nasty.bytes);
  bench.push(all, input);
}

}  // namespace smartswitch::testing
