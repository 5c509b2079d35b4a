// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <set>

#include "tests/unit/basic/frames.h"

namespace smartswitch::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(RoundRobinSwitch, DealsPacketsOutInTurn) {
  TestBench bench("RoundRobinSwitch", Value::map({}), with_ports(3));
  bench.push(numbered(0, 4));
  bench.push(numbered(4, 8));
  EXPECT_THAT(numbers(bench.output("0")), ElementsAre(0, 3, 6));
  EXPECT_THAT(numbers(bench.output("1")), ElementsAre(1, 4, 7));
  EXPECT_THAT(numbers(bench.output("2")), ElementsAre(2, 5));
}

TEST(RoundRobinSwitch, NeedsAnOutput) {
  EXPECT_THAT(said(TestBench::problems_of("RoundRobinSwitch", Value::map({}), with_ports(0))), HasSubstr("no output"));
}

TEST(RoundRobinSwitch, PassesNastyPackets) {
  TestBench bench("RoundRobinSwitch", Value::map({}), with_ports(7));
  push_nasty_packets(bench);
  EXPECT_LE(bench.output("0").size() - bench.output("6").size(), 1U);
}

TEST(Paint, MarksPackets) {
  TestBench bench("Paint", Value::map({{"colour", "255"}}));
  bench.push(numbered(0, 3));
  EXPECT_THAT(numbers(bench.output("out")), ElementsAre(0, 1, 2));
  for (const Seen& seen : bench.output("out")) EXPECT_EQ(seen.annotations.paint, 255);
}

TEST(Paint, NeedsAColourFrom0To255) {
  EXPECT_THAT(said(TestBench::problems_of("Paint")), HasSubstr("needs the parameter `colour`"));
  EXPECT_THAT(said(TestBench::problems_of("Paint", Value::map({{"colour", "256"}}))), HasSubstr("an integer from 0 to 255"));
}

TEST(Paint, PassesNastyPackets) {
  TestBench bench("Paint", Value::map({{"colour", "1"}}));
  push_nasty_packets(bench);
}

TEST(PaintSwitch, SendsEachColourItsOwnWay) {
  TestBench bench("PaintSwitch", Value::map({}), with_ports(3));
  Batch batch;
  for (unsigned n = 0; n < 9; ++n) {
    const Packet packet = bench.packet(numbered(n));
    packet.annotations().paint = n < 8 ? static_cast<std::uint8_t>(n % 4) : 255;
    batch.add(packet);
  }
  bench.push(batch);
  EXPECT_THAT(numbers(bench.output("0")), ElementsAre(0, 4));
  EXPECT_THAT(numbers(bench.output("1")), ElementsAre(1, 5));
  EXPECT_THAT(numbers(bench.output("2")), ElementsAre(2, 6));
  EXPECT_EQ(bench.counter("no_such_colour"), 3U);
}

TEST(PaintSwitch, PassesNastyPackets) {
  TestBench bench("PaintSwitch");
  push_nasty_packets(bench);
  EXPECT_EQ(bench.counter("no_such_colour"), 0U);
  EXPECT_THAT(bench.output("1"), IsEmpty());
}

constexpr unsigned kWays = 16;

/// The output that a HashSwitch of 16 outputs chooses.
unsigned way_of(const Bytes& packet, const Value& parameters = Value::map({}), std::size_t first_segment = 2048) {
  TestBench bench("HashSwitch", parameters, with_ports(kWays));
  push_one(bench, segmented(bench, packet, first_segment));
  for (unsigned i = 0; i < kWays; ++i) {
    if (!bench.output(std::to_string(i)).empty()) return i;
  }
  ADD_FAILURE() << "the packet has gone";
  return kWays;
}

PacketBuilder flow4(unsigned i) { return frame().ipv4("10.0.0." + std::to_string(i % 250), "10.1.0.1"); }
PacketBuilder flow6(unsigned i) { return frame().ipv6("fd00::" + std::to_string(i), "fd01::1"); }

/// How many outputs 64 packets reach that differ as `make` makes them.
template <class Make>
std::size_t ways_reached(const Make& make) {
  std::set<unsigned> ways;
  for (unsigned i = 1; i <= 64; ++i) ways.insert(way_of(make(i)));
  return ways.size();
}

TEST(HashSwitch, SpreadsFlowsOverAllOutputs) {
  EXPECT_GE(ways_reached([](unsigned i) { return flow4(i).udp(1, 2); }), 12U) << "IPv4 addresses";
  EXPECT_GE(ways_reached([](unsigned i) { return flow4(1).udp(static_cast<std::uint16_t>(i), 2); }), 12U) << "UDP source ports";
  EXPECT_GE(ways_reached([](unsigned i) { return flow4(1).tcp(1, static_cast<std::uint16_t>(i)); }), 12U) << "TCP destination ports";
  EXPECT_GE(ways_reached([](unsigned i) { return flow6(i).udp(1, 2); }), 12U) << "IPv6 addresses";
  EXPECT_GE(ways_reached([](unsigned i) { return flow6(1).tcp(static_cast<std::uint16_t>(i), 2); }), 12U) << "ports in IPv6";
  EXPECT_GE(ways_reached([](unsigned i) { return flow6(1).vlan(7).udp(static_cast<std::uint16_t>(i), 2); }), 12U) << "in a VLAN";
  EXPECT_GE(ways_reached([](unsigned i) { return PacketBuilder().ether(fmt::format("02:00:00:00:00:{:02x}", i), "02:00:00:00:00:02"); }),
            12U)
      << "MAC";
}

TEST(HashSwitch, SpreadsManyFlowsEvenly) {
  TestBench::Options options = with_ports(3);
  TestBench bench("HashSwitch", Value::map({}), options);
  for (unsigned i = 0; i < 3000; ++i) bench.push({flow4(i).udp(static_cast<std::uint16_t>(i), 11211)});
  for (const char* output : {"0", "1", "2"}) {
    EXPECT_GT(bench.output(output).size(), 850U);
    EXPECT_LT(bench.output(output).size(), 1150U);
  }
}

TEST(HashSwitch, KeepsThePacketsOfAFlowTogetherAndInOrder) {
  TestBench bench("HashSwitch");
  bench.push(numbered(0, 100));
  const auto& used = bench.output("0").empty() ? bench.output("1") : bench.output("0");
  EXPECT_THAT(numbers(used), ElementsAreArray(upto(0, 100)));
}

TEST(HashSwitch, LooksAtNothingButTheFlow) {
  for (unsigned i = 1; i < 20; ++i) {
    const auto port = static_cast<std::uint16_t>(i);
    const unsigned way = way_of(flow4(i).udp(port, 2));
    EXPECT_EQ(way_of(flow4(i).udp(port, 2).payload("more")), way) << "length, identification, checksums";
    EXPECT_EQ(way_of(flow4(i).ether("02:00:00:00:00:09", "02:00:00:00:00:08").udp(port, 2)), way) << "MAC addresses";
    EXPECT_EQ(way_of(flow4(i).vlan(5).udp(port, 2)), way) << "VLAN";
    Bytes other_ttl = flow4(i).udp(port, 2);
    other_ttl[14 + 8] = 3;
    EXPECT_EQ(way_of(other_ttl), way) << "TTL";
  }
}

TEST(HashSwitch, KeepsJumboFramesInSegmentsWithTheirFlow) {
  for (unsigned i = 1; i < 20; ++i) {
    const std::string long_text(3000, 'x');
    const auto port = static_cast<std::uint16_t>(i);
    EXPECT_EQ(way_of(flow4(i).udp(port, 2).payload(long_text), Value::map({}), 200), way_of(flow4(i).udp(port, 2)));
    EXPECT_EQ(way_of(flow6(i).tcp(port, 2).payload(long_text), Value::map({}), 200), way_of(flow6(i).tcp(port, 2)));
  }
}

TEST(HashSwitch, SendsAllFragmentsOfADatagramOneWay) {
  for (unsigned i = 1; i < 20; ++i) {
    const auto port = static_cast<std::uint16_t>(i);
    const unsigned first = way_of(flow4(i).udp(port, 2).payload(std::string(64, 'x')).fragment(0, true));
    EXPECT_EQ(way_of(flow4(i).udp(port, 2).payload(std::string(64, 'y')).fragment(72, true)), first);
    EXPECT_EQ(way_of(flow4(i).udp(port, 2).payload("z").fragment(136, false)), first);

    const auto piece = [i](std::uint8_t next, std::uint8_t offset, std::uint8_t more, Bytes body) {
      body.insert(body.begin(), {next, 0, offset, more, 0, 0, 0, 9});
      Bytes packet = nasty::ipv6(44, body);
      packet[14 + 8] = static_cast<std::uint8_t>(i);
      return packet;
    };
    // Destination options stand behind the Fragment header, so only the first piece shows that UDP follows.
    const unsigned first6 = way_of(piece(60, 0, 1, {17, 0, 1, 4, 0, 0, 0, 0, 3, 231, 43, 203, 0, 200, 0, 0}));
    EXPECT_EQ(way_of(piece(60, 0, 17, Bytes(16))), first6);
    EXPECT_EQ(way_of(piece(60, 0, 32, Bytes(5))), first6);
    EXPECT_EQ(way_of(piece(60, 0, 33, Bytes(3000)), Value::map({}), 100), first6) << "in several segments";
  }
}

TEST(HashSwitch, SendsBothDirectionsOneWayIfSymmetric) {
  const Value symmetric = Value::map({{"symmetric", "true"}});
  unsigned apart = 0;
  for (unsigned i = 1; i < 20; ++i) {
    const std::string a = "10.0.0." + std::to_string(i);
    const auto port = static_cast<std::uint16_t>(1000 + i);
    const Bytes request = frame().ipv4(a, "10.0.0.9").udp(port, 11211);
    const Bytes reply = frame().ipv4("10.0.0.9", a).udp(11211, port);
    EXPECT_EQ(way_of(request, symmetric), way_of(reply, symmetric));
    apart += way_of(request) != way_of(reply) ? 1 : 0;
    EXPECT_EQ(way_of(frame().ipv4(a, a).udp(port, 1), symmetric), way_of(frame().ipv4(a, a).udp(1, port), symmetric)) << "ports decide";
    EXPECT_EQ(way_of(flow6(i).tcp(port, 1), symmetric),
              way_of(frame().ipv6("fd01::1", "fd00::" + std::to_string(i)).tcp(1, port), symmetric));
    EXPECT_EQ(way_of(PacketBuilder().ether("02:00:00:00:00:01", "02:00:00:00:00:02"), symmetric),
              way_of(PacketBuilder().ether("02:00:00:00:00:02", "02:00:00:00:00:01"), symmetric));
  }
  EXPECT_GT(apart, 10U) << "without `symmetric` directions are told apart";
}

TEST(HashSwitch, ChoosesDifferentlyWithAnotherSeed) {
  unsigned moved = 0;
  for (unsigned i = 1; i < 40; ++i) moved += way_of(flow4(i).udp(1, 2)) != way_of(flow4(i).udp(1, 2), Value::map({{"seed", "7"}})) ? 1 : 0;
  EXPECT_GT(moved, 25U);
}

TEST(HashSwitch, SendsRuntsToOutput0) { EXPECT_EQ(way_of(Bytes(13, 0xFF)), 0U); }

TEST(HashSwitch, NeedsAnOutput) {
  EXPECT_THAT(said(TestBench::problems_of("HashSwitch", Value::map({}), with_ports(0))), HasSubstr("no output"));
}

TEST(HashSwitch, PassesNastyPackets) {
  TestBench bench("HashSwitch", Value::map({{"symmetric", "true"}}), with_ports(5));
  push_nasty_packets(bench);
}

}  // namespace
}  // namespace smartswitch::testing
