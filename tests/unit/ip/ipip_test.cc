// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// IPIPEncap and IPIPDecap, each against packets made by other code, and one against the other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/unit/ip/fragments.h"

namespace smartswitch::testing {
namespace {

using ::testing::AllOf;
using ::testing::Ge;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::SizeIs;

constexpr std::size_t kOuter = 20;

Value tunnel(std::vector<Value::Member> more = {}) {
  more.push_back({"source", "10.9.0.1"});
  more.push_back({"destination", "10.9.0.2"});
  return Value::map(std::move(more));
}

struct OuterHeader {
  std::uint8_t tos = 0;
  bool dont_fragment = false;
  std::uint16_t id = 0;
  std::string_view source = "10.9.0.1";
  std::string_view destination = "10.9.0.2";
};

// A packet in another one, written byte by byte.
Bytes encapsulated(const Bytes& inner, const OuterHeader& outer) {
  const std::size_t l3 = ip_start(inner);
  const std::size_t total = load16(inner, l3 + 2) + kOuter;
  Bytes packet(inner.begin(), inner.begin() + static_cast<std::ptrdiff_t>(l3));
  const Bytes model = ether().ipv4(outer.source, outer.destination);
  packet.insert(packet.end(), model.begin() + 14, model.begin() + 34);
  packet.insert(packet.end(), inner.begin() + static_cast<std::ptrdiff_t>(l3),
                inner.begin() + static_cast<std::ptrdiff_t>(l3 + total - kOuter));
  packet[l3 + 1] = outer.tos;
  store16(packet, l3 + 2, total);
  store16(packet, l3 + 4, outer.id);
  store16(packet, l3 + 6, outer.dont_fragment ? 0x4000 : 0);
  packet[l3 + 8] = 64;
  packet[l3 + 9] = 4;
  fix_ipv4_checksum(packet);
  return packet;
}

Bytes with_dont_fragment(Bytes packet) {
  packet[ip_start(packet) + 6] |= 0x40;
  fix_ipv4_checksum(packet);
  return packet;
}
Bytes with_tos(Bytes packet, std::uint8_t tos) {
  packet[ip_start(packet) + 1] = tos;
  fix_ipv4_checksum(packet);
  return packet;
}
Bytes with_ttl(Bytes packet, std::uint8_t ttl) {
  packet[ip_start(packet) + 8] = ttl;
  fix_ipv4_checksum(packet);
  return packet;
}
std::uint8_t ttl_of(const Bytes& packet) { return packet[ip_start(packet) + 8]; }
std::uint16_t outer_id_of(const Bytes& packet) { return load16(packet, ip_start(packet) + 4); }

TEST(IPIPEncap, PutsAPacketIntoAnother) {
  const Bytes whole = with_dont_fragment(datagram(100));
  TestBench bench("IPIPEncap", tunnel());
  bench.push({whole});
  ASSERT_THAT(bench.output("out"), SizeIs(1));
  EXPECT_EQ(bench.output("out")[0].bytes,
            encapsulated(with_ttl(whole, static_cast<std::uint8_t>(ttl_of(whole) - 1)), {.dont_fragment = true}));
}

TEST(IPIPEncap, GivesPacketsThatMayBeFragmentedIdsOfTheirOwn) {
  const Bytes whole = datagram(100);
  TestBench bench("IPIPEncap", tunnel());
  for (int i = 0; i < 100; ++i) bench.push({whole});
  std::set<std::uint16_t> ids;
  for (const Seen& seen : bench.output("out")) {
    const std::uint16_t id = outer_id_of(seen.bytes);
    ids.insert(id);
    EXPECT_EQ(seen.bytes, encapsulated(with_ttl(whole, static_cast<std::uint8_t>(ttl_of(whole) - 1)), {.id = id}));
  }
  EXPECT_THAT(ids, SizeIs(100));
}

TEST(IPIPEncap, CopiesTheTypeOfServiceWithItsMarks) {
  TestBench bench("IPIPEncap", tunnel());
  for (const std::uint8_t tos : {0x00, 0x01, 0x02, 0x03, 0xB8, 0xFF}) {
    bench.push({with_tos(datagram(10), tos)});
    EXPECT_EQ(bench.take("out")[0].bytes[15], tos);
  }
}

TEST(IPIPEncap, KeepsVlanTagsAndCutsPaddingOff) {
  Bytes whole = with_dont_fragment(ether().vlan(5).vlan(6).ipv4("10.0.0.1", "10.0.0.2").udp(1, 2).payload("x"));
  const Bytes expected = encapsulated(with_ttl(whole, static_cast<std::uint8_t>(ttl_of(whole) - 1)), {.dont_fragment = true});
  whole.resize(whole.size() + 17, 0xEE);
  TestBench bench("IPIPEncap", tunnel());
  bench.push({whole});
  EXPECT_EQ(bench.output("out")[0].bytes, expected);
}

TEST(IPIPEncap, SendsToTheServerThatWasChosen) {
  TestBench bench("IPIPEncap", Value::map({{"source", "10.9.0.1"}}));
  const auto push_for = [&](std::uint32_t server) {
    const Packet packet = bench.packet(with_dont_fragment(datagram(10)));
    packet.annotations().next.address = server;
    packet.annotations().key_length = 1;
    packet.annotations().key_offset = 50;
    Batch batch;
    batch.add(packet);
    bench.push(batch);
  };
  push_for(0x0A00000B);
  ASSERT_THAT(bench.output("out"), SizeIs(1));
  const Seen& seen = bench.output("out")[0];
  EXPECT_EQ(Bytes(seen.bytes.begin() + 30, seen.bytes.begin() + 34), (Bytes{10, 0, 0, 11}));
  EXPECT_FALSE(seen.annotations.headers.located) << "they are elsewhere now";
  EXPECT_EQ(seen.annotations.key_offset, 70) << "so is the key";
  push_for(0);
  EXPECT_EQ(bench.counter("no_destination"), 1U);
}

TEST(IPIPEncap, CountsDownAndStopsWhatCircles) {
  TestBench bench("IPIPEncap", tunnel());
  bench.push({with_ttl(datagram(10), 2), with_ttl(datagram(10), 1), with_ttl(datagram(10), 0)});
  EXPECT_EQ(bench.counter("ttl_expired"), 2U);
  ASSERT_THAT(bench.output("out"), SizeIs(1));
  EXPECT_EQ(bench.output("out")[0].bytes[14 + kOuter + 8], 1);
  bench.push({ether().ipv4("10.9.0.1", "10.0.0.2").udp(1, 2).payload("x"), ether().ipv4("10.9.0.2", "10.0.0.2").udp(1, 2).payload("x")});
  EXPECT_EQ(bench.counter("loop"), 2U);
}

TEST(IPIPEncap, HeedsTheMtu) {
  TestBench::Options options;
  options.buffer_bytes = kLargestPacket;
  TestBench bench("IPIPEncap", tunnel({{"mtu", "1500"}}), options);
  // 1480 bytes with headers are 1452 of payload.
  bench.push({with_dont_fragment(datagram(1452)), with_dont_fragment(datagram(1453)), datagram(1453), datagram(60000)});
  EXPECT_EQ(bench.counter("too_long"), 1U);
  ASSERT_THAT(bench.output("out"), SizeIs(3));
  EXPECT_EQ(load16(bench.output("out")[0].bytes, 16), 1500);
  EXPECT_EQ(load16(bench.output("out")[1].bytes, 16), 1501);
  EXPECT_EQ(bench.output("out")[1].bytes[20], 0) << "an IPFragmenter may cut it";
}

TEST(IPIPEncap, SpreadsFlowsOverAPrefixOfSources) {
  TestBench bench("IPIPEncap", Value::map({{"source", "10.9.0.0/16"}, {"destination", "10.0.0.11"}}));
  std::set<Bytes> sources;
  const auto source_of = [&](const Bytes& packet) {
    bench.push({packet});
    const Bytes out = bench.take("out").at(0).bytes;
    EXPECT_EQ(rte_raw_cksum(out.data() + 14, 20), 0xFFFF);
    return Bytes(out.begin() + 26, out.begin() + 30);
  };
  for (std::uint16_t port = 4000; port < 4100; ++port) {
    const Bytes source = source_of(ipv4().udp(port, 11211).payload("x"));
    EXPECT_EQ(Bytes(source.begin(), source.begin() + 2), (Bytes{10, 9}));
    EXPECT_EQ(source_of(ipv4().udp(port, 11211).payload("another")), source) << "a flow has one";
    sources.insert(source);
  }
  EXPECT_THAT(sources, SizeIs(Ge(95U)));
  const std::vector<Bytes> fragments = fragments_of(datagram(3000), 1480);
  EXPECT_EQ(source_of(fragments[0]), source_of(fragments[1])) << "fragments go together";
}

TEST(IPIPEncap, DropsWhatIsNoWholeIpv4Packet) {
  TestBench bench("IPIPEncap", tunnel());
  Bytes cut = datagram(100);
  cut.resize(100);
  bench.push({cut, ether().ipv6("fd00::1", "fd00::2").udp(1, 2).payload("x"), arp_request("02:00:00:00:00:01", "10.0.0.1", "10.0.0.2")});
  EXPECT_EQ(bench.counter("malformed"), 1U);
  EXPECT_EQ(bench.counter("not_ipv4"), 2U);
}

TEST(IPIPEncap, DropsWhatHasNoRoomInFront) {
  TestBench bench("IPIPEncap", tunnel());
  const Packet packet = bench.packet(Bytes(datagram(100).size() + 30, 0));
  rte_pktmbuf_prepend(packet.mbuf(), RTE_PKTMBUF_HEADROOM - 19);
  const Bytes whole = datagram(100);
  std::copy(whole.begin(), whole.end(), packet.data());
  Batch batch;
  batch.add(packet);
  bench.push(batch);
  EXPECT_EQ(bench.counter("no_room"), 1U);
}

TEST(IPIPDecap, TakesAPacketOutOfAnother) {
  for (Bytes whole : {datagram(100), datagram(0), Bytes(ether().vlan(5).vlan(6).ipv4("10.0.0.1", "10.0.0.2").udp(1, 2).payload("x"))}) {
    Bytes packet = encapsulated(whole, {});
    TestBench bench("IPIPDecap");
    bench.push({packet});
    packet.resize(packet.size() + 9, 0xEE);
    bench.push({packet});
    ASSERT_THAT(bench.output("out"), SizeIs(2));
    EXPECT_EQ(bench.output("out")[0].bytes, whole);
    EXPECT_EQ(bench.output("out")[1].bytes, whole) << "padding is not the packet's";
    EXPECT_FALSE(bench.output("out")[0].annotations.headers.located);
  }
}

TEST(IPIPDecap, TakesOuterOptionsAway) {
  const Bytes whole = datagram(100);
  Bytes packet = encapsulated(whole, {});
  packet.insert(packet.begin() + 34, {1, 1, 1, 0});
  packet[14] = 0x46;
  store16(packet, 16, packet.size() - 14);
  fix_ipv4_checksum(packet);
  TestBench bench("IPIPDecap");
  bench.push({packet});
  ASSERT_THAT(bench.output("out"), SizeIs(1));
  EXPECT_EQ(bench.output("out")[0].bytes, whole);
}

TEST(IPIPDecap, LeavesOtherPacketsAlone) {
  TestBench bench("IPIPDecap", Value::map({{"addresses", Value::list({"10.9.0.2"})}}));
  const std::vector<Bytes> others = {datagram(10), encapsulated(datagram(10), {.destination = "10.9.0.3"}),
                                     ether().ipv6("fd00::1", "fd00::2").udp(1, 2).payload("x"), Bytes(5)};
  bench.push(others);
  ASSERT_THAT(bench.output("other"), SizeIs(others.size()));
  for (std::size_t i = 0; i < others.size(); ++i) EXPECT_EQ(bench.output("other")[i].bytes, others[i]);
  bench.push({encapsulated(datagram(10), {})});
  EXPECT_THAT(bench.output("out"), SizeIs(1));
}

TEST(IPIPDecap, TakesOnlyFromWhoItShould) {
  TestBench bench("IPIPDecap", Value::map({{"from", Value::list({"10.9.1.0/24", "10.9.0.1"})}}));
  bench.push({encapsulated(datagram(10), {.source = "10.9.0.1"}), encapsulated(datagram(10), {.source = "10.9.1.77"}),
              encapsulated(datagram(10), {.source = "10.9.0.2"})});
  EXPECT_THAT(bench.output("out"), SizeIs(2));
  EXPECT_EQ(bench.counter("not_from"), 1U);
}

TEST(IPIPDecap, DropsWhatLies) {
  const Bytes good = encapsulated(datagram(100), {});
  const auto changed = [&](std::size_t at, std::uint8_t value) {
    Bytes packet = good;
    packet[at] = value;
    fix_ipv4_checksum(packet);
    return packet;
  };
  Bytes cut = good;
  cut.resize(14 + kOuter + 19);
  Bytes shorter = good;
  shorter.resize(good.size() - 1);
  Bytes inner_longer = good;
  store16(inner_longer, 14 + kOuter + 2, load16(good, 14 + kOuter + 2) + 1U);
  inner_longer.resize(good.size() + 20);
  TestBench bench("IPIPDecap");
  bench.push({changed(14 + kOuter, 0x65), changed(14 + kOuter, 0x44), changed(14 + kOuter + 3, 19), cut, shorter, inner_longer});
  EXPECT_EQ(bench.counter("malformed"), 6U);
  Bytes forged = good;
  forged[26] ^= 1;
  bench.push({forged});
  EXPECT_EQ(bench.counter("bad_checksum"), 1U);
  bench.push({changed(20, 0x20), changed(21, 1)});
  EXPECT_EQ(bench.counter("fragment"), 2U);
  EXPECT_THAT(bench.output("out"), IsEmpty());
}

// RFC 6040, figure 4: rows are the inner mark, columns the outer one, in the order not-ECT, ECT(0), ECT(1), CE. 0xFF: dropped.
TEST(IPIPDecap, TakesMarksOfCongestionOver) {
  constexpr std::uint8_t kNot = 0, kCapable0 = 2, kCapable1 = 1, kMarked = 3, kDropped = 0xFF;
  constexpr std::uint8_t kMarks[] = {kNot, kCapable0, kCapable1, kMarked};
  constexpr std::uint8_t kFigure[4][4] = {{kNot, kNot, kNot, kDropped},
                                          {kCapable0, kCapable0, kCapable1, kMarked},
                                          {kCapable1, kCapable1, kCapable1, kMarked},
                                          {kMarked, kMarked, kMarked, kMarked}};
  for (unsigned inner = 0; inner < 4; ++inner) {
    for (unsigned outer = 0; outer < 4; ++outer) {
      SCOPED_TRACE(inner * 10 + outer);
      TestBench bench("IPIPDecap");
      const std::uint8_t service = 0xB8;
      const Bytes whole = with_tos(datagram(10), service | kMarks[inner]);
      bench.push({encapsulated(whole, {.tos = kMarks[outer]})});
      if (kFigure[inner][outer] == kDropped) {
        EXPECT_EQ(bench.counter("congestion"), 1U);
        continue;
      }
      ASSERT_THAT(bench.output("out"), SizeIs(1));
      EXPECT_EQ(bench.output("out")[0].bytes, with_tos(whole, service | kFigure[inner][outer]));
    }
  }
}

TEST(IPIP, WhatGoesInComesOut) {
  TestBench::Options options;
  options.buffer_bytes = kLargestPacket;
  TestBench encap("IPIPEncap", tunnel(), options);
  TestBench cut("IPFragmenter", Value::map({}), options);
  TestBench join("IPReassembler", Value::map({}), options);
  TestBench decap("IPIPDecap", Value::map({}), options);
  std::vector<Bytes> sent = {datagram(0), datagram(1000), datagram(1472), datagram(5000), datagram(60000)};
  for (const Bytes& fragment : fragments_of(datagram(3000), 1480)) sent.push_back(fragment);
  const auto all = [](TestBench& bench, const char* output) {
    std::vector<Bytes> packets;
    for (const Seen& seen : bench.take(output)) packets.push_back(seen.bytes);
    return packets;
  };
  for (const Bytes& packet : sent) {
    encap.push({packet});
    cut.push(all(encap, "out"));
    join.push(all(cut, "out"));
    decap.push(all(join, "out"));
    const auto got = all(decap, "out");
    ASSERT_THAT(got, SizeIs(1));
    EXPECT_TRUE(got[0] == with_ttl(packet, static_cast<std::uint8_t>(ttl_of(packet) - 1)));
  }
}

TEST(IPIP, TakesPacketsInSeveralSegments) {
  TestBench encap("IPIPEncap", tunnel());
  Batch batch;
  batch.add(segmented(encap, datagram(3000), 100));
  encap.push(batch);
  ASSERT_THAT(encap.output("out"), SizeIs(1));
  TestBench decap("IPIPDecap");
  batch.add(segmented(decap, encap.output("out")[0].bytes, 120));
  decap.push(batch);
  ASSERT_THAT(decap.output("out"), SizeIs(1));
  const Bytes whole = datagram(3000);
  EXPECT_TRUE(decap.output("out")[0].bytes == with_ttl(whole, static_cast<std::uint8_t>(ttl_of(whole) - 1)));
}

TEST(IPIP, SurvivesNastyPackets) {
  TestBench::Options options;
  options.buffer_bytes = 10000;
  TestBench encap("IPIPEncap", tunnel(), options);
  TestBench decap("IPIPDecap", Value::map({}), options);
  for (const auto& nasty : nasty_packets()) {
    encap.push({nasty.bytes});
    decap.push({nasty.bytes});
  }
  const Bytes good = encapsulated(datagram(50), {});
  Random random(9);
  for (int i = 0; i < 5000; ++i) {
    Bytes packet = good;
    // Where the checksum is put right, the header must be where it was.
    const std::size_t first = i % 2 == 0 ? 15 : 12;
    for (int changes = 0; changes < 3; ++changes) packet[first + random.next() % 47] = static_cast<std::uint8_t>(random.next());
    if (i % 2 == 0) fix_ipv4_checksum(packet);
    if (i % 3 == 0) packet.resize(random.next() % packet.size());
    encap.push({packet});
    decap.push({packet});
  }
}

}  // namespace
}  // namespace smartswitch::testing
