// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "elements/memcached/protocol.h"
#include "elements/sdk/testing/test_bench.h"
#include "tests/unit/memcached/requests.h"
#include "tests/unit/nasty_packets.h"

namespace smartswitch::memcached {
namespace {

using testing::Bytes;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::ms;
using testing::PacketBuilder;
using ::testing::SizeIs;
using testing::TestBench;

std::string frame(std::uint16_t id, std::uint16_t sequence, std::uint16_t total, std::string_view text) {
  const FrameHeader header{rte_cpu_to_be_16(id), rte_cpu_to_be_16(sequence), rte_cpu_to_be_16(total), 0};
  return std::string(reinterpret_cast<const char*>(&header), sizeof header).append(text);
}

std::string set_of(std::size_t value, std::uint64_t seed = 1) {
  Random random(seed);
  std::string text = "set key 0 0 " + std::to_string(value) + "\r\n";
  for (std::size_t i = 0; i < value; ++i) text += static_cast<char>(random.next() >> 56);
  return text + "\r\n";
}

// The request in datagrams of `share` bytes of text.
std::vector<Bytes> parts_of(const std::string& text, std::size_t share, std::uint16_t id = 1, const PacketBuilder& to = to_service()) {
  const auto total = static_cast<std::uint16_t>((text.size() + share - 1) / share);
  std::vector<Bytes> parts;
  for (std::uint16_t i = 0; i < total; ++i) parts.push_back(PacketBuilder(to).payload(frame(id, i, total, text.substr(i * share, share))));
  return parts;
}

// The same but for the IPv4 identification, which is the switch's own: its bytes and those of the header's checksum are set to 0.
Bytes without_id(Bytes packet) {
  const std::size_t l3 = packet[12] == 0x81 ? 18 : 14;
  auto* ip = reinterpret_cast<rte_ipv4_hdr*>(packet.data() + l3);
  if (ip->version_ihl >> 4 != 4) return packet;
  const auto sum = static_cast<std::uint16_t>(~rte_raw_cksum(ip, rte_ipv4_hdr_len(ip)));
  EXPECT_EQ(sum, 0) << "the checksum of the IP header is wrong";
  ip->packet_id = ip->hdr_checksum = 0;
  return packet;
}

std::vector<Bytes> seen(const std::vector<testing::Seen>& packets) {
  std::vector<Bytes> bytes;
  for (const testing::Seen& s : packets) bytes.push_back(without_id(s.bytes));
  return bytes;
}

Bytes joined(const std::string& text, std::uint16_t id = 1, const PacketBuilder& to = to_service()) {
  return without_id(PacketBuilder(to).payload(frame(id, 0, 1, text)));
}

PacketBuilder to_service6() { return PacketBuilder().ether(kClientMac, kServiceMac).ipv6("fd00::1", "fd00::64").udp(4000, 11211); }

TEST(MemcachedReassembler, TakesPartsInEveryOrder) {
  const std::string text = set_of(3000);
  for (const PacketBuilder& to : {to_service(), to_service6()}) {
    const std::vector<Bytes> parts = parts_of(text, 801, 0x4711, to);
    ASSERT_THAT(parts, SizeIs(4));
    std::vector<std::size_t> order = {0, 1, 2, 3};
    TestBench bench("MemcachedReassembler");
    do {
      for (const std::size_t i : order) bench.push({parts[i]});
      EXPECT_THAT(seen(bench.take("out")), ElementsAre(joined(text, 0x4711, to)));
    } while (std::next_permutation(order.begin(), order.end()));
    EXPECT_EQ(bench.counter("joined"), 24U);
  }
}

TEST(MemcachedReassembler, LetsAllElsePassUntouchedAndInOrder) {
  TestBench bench("MemcachedReassembler", Value::map({{"service", Value::list({"10.0.0.100"})}}));
  const std::vector<Bytes> others = {
      request("get a\r\n"),
      to_service().payload(frame(1, 0, 0, "get a\r\n")),
      to_service().payload("short"),
      PacketBuilder().ether(kClientMac, kServiceMac).ipv4(kClient, kService).udp(4000, 53).payload(frame(1, 0, 2, "x")),
      PacketBuilder().ether(kClientMac, kServiceMac).ipv4(kClient, "10.0.0.11").udp(4000, 11211).payload(frame(1, 0, 2, "x")),
      PacketBuilder().ether(kClientMac, kServiceMac).ipv6("fd00::1", "fd00::2").udp(4000, 11211).payload(frame(1, 0, 2, "x")),
      to_service().payload(frame(1, 0, 2, std::string(80, 'x'))).fragment(0, true),
      PacketBuilder().ether(kClientMac, kServiceMac).ipv4(kClient, kService).tcp(4000, 11211).payload(frame(1, 0, 2, "x")),
  };
  bench.push(others);
  ASSERT_THAT(bench.output("out"), SizeIs(others.size()));
  for (std::size_t i = 0; i < others.size(); ++i) EXPECT_EQ(bench.output("out")[i].bytes, others[i]);
}

TEST(MemcachedReassembler, GivesEachRequestAnIdOfItsOwnAndFreshAnnotations) {
  TestBench bench("MemcachedReassembler");
  const std::string text = set_of(2000);
  std::vector<int> ids;
  for (int i = 0; i < 3; ++i) {
    std::vector<Bytes> parts = parts_of(text, 1400);
    for (Bytes& part : parts) {
      // As Linux sends what it does not want cut: "don't fragment" and no id.
      part[20] = 0x40;
      part[18] = part[19] = part[24] = part[25] = 0;
      auto* ip = reinterpret_cast<rte_ipv4_hdr*>(part.data() + 14);
      ip->hdr_checksum = rte_ipv4_cksum(ip);
    }
    bench.push(parts);
    const auto out = bench.take("out");
    ASSERT_THAT(out, SizeIs(1));
    EXPECT_THAT(seen(out), ElementsAre(joined(text))) << "it may be cut now";
    EXPECT_FALSE(out[0].annotations.headers.located);
    EXPECT_EQ(out[0].annotations.verb, 0);
    ids.push_back(out[0].bytes[18] << 8 | out[0].bytes[19]);
  }
  EXPECT_EQ((ids[0] + 1) & 0xFFFF, ids[1]);
  EXPECT_EQ((ids[1] + 1) & 0xFFFF, ids[2]);
}

TEST(MemcachedReassembler, KeepsClientsPortsAndRequestsApart) {
  TestBench bench("MemcachedReassembler");
  const std::string text = set_of(2000);
  const PacketBuilder other_client = PacketBuilder().ether(kClientMac, kServiceMac).ipv4("10.0.0.2", kService).udp(4000, 11211);
  const PacketBuilder other_service = PacketBuilder().ether(kClientMac, kServiceMac).ipv4(kClient, "10.0.0.101").udp(4000, 11211);
  const PacketBuilder other_vlan = PacketBuilder().ether(kClientMac, kServiceMac).vlan(5).ipv4(kClient, kService).udp(4000, 11211);
  const std::vector<std::vector<Bytes>> all = {parts_of(text, 1400, 1),
                                               parts_of(text, 1400, 2),
                                               parts_of(text, 1400, 1, to_service(4001)),
                                               parts_of(text, 1400, 1, other_client),
                                               parts_of(text, 1400, 1, other_service),
                                               parts_of(text, 1400, 1, other_vlan),
                                               parts_of(text, 1400, 1, to_service6())};
  for (const auto& parts : all) bench.push({parts[1]});
  EXPECT_THAT(bench.output("out"), IsEmpty());
  EXPECT_EQ(bench.element().held(), all.size());
  for (const auto& parts : all) bench.push({parts[0]});
  EXPECT_THAT(seen(bench.output("out")),
              ElementsAre(joined(text), joined(text, 2), joined(text, 1, to_service(4001)), joined(text, 1, other_client),
                          joined(text, 1, other_service), joined(text, 1, other_vlan), joined(text, 1, to_service6())));
}

TEST(MemcachedReassembler, DropsPartsThatLie) {
  TestBench bench("MemcachedReassembler");
  bench.push({to_service().payload(frame(1, 2, 2, "x")), to_service().payload(frame(1, 65535, 2, "x"))});
  EXPECT_EQ(bench.counter("malformed"), 2U);
  // Another total for the same request.
  bench.push({to_service().payload(frame(2, 0, 3, "a")), to_service().payload(frame(2, 1, 2, "b"))});
  EXPECT_EQ(bench.counter("conflict"), 2U);
  bench.push({to_service().payload(frame(2, 1, 3, "b")), to_service().payload(frame(2, 2, 3, "c"))});
  EXPECT_EQ(bench.counter("abandoned"), 2U);
  // Other bytes for the same part.
  bench.push(
      {to_service().payload(frame(3, 0, 2, "a")), to_service().payload(frame(3, 0, 2, "b")), to_service().payload(frame(3, 1, 2, "c"))});
  EXPECT_EQ(bench.counter("conflict"), 4U);
  EXPECT_EQ(bench.counter("abandoned"), 3U);
  // More parts than anybody needs.
  bench.push({to_service().payload(frame(4, 0, 65, "a")), to_service().payload(frame(5, 7, 65535, "a"))});
  EXPECT_EQ(bench.counter("too_long"), 2U);
  EXPECT_THAT(bench.output("out"), IsEmpty());
  EXPECT_EQ(bench.element().held(), 0U);
}

TEST(MemcachedReassembler, IgnoresPartsThatComeAgain) {
  TestBench bench("MemcachedReassembler");
  const std::string text = set_of(3000);
  const std::vector<Bytes> parts = parts_of(text, 1400);
  bench.push({parts[0], parts[0], parts[2], parts[0], parts[1]});
  EXPECT_EQ(bench.counter("duplicate"), 2U);
  EXPECT_THAT(seen(bench.output("out")), ElementsAre(joined(text)));
}

TEST(MemcachedReassembler, LetsNoDamagedPartThrough) {
  TestBench bench("MemcachedReassembler");
  const std::string text = set_of(3000);
  std::vector<Bytes> parts = parts_of(text, 1400);
  const Bytes good = parts[1];
  parts[1][100] ^= 1;
  bench.push(parts);
  EXPECT_EQ(bench.counter("bad_checksum"), 1U);
  EXPECT_THAT(bench.output("out"), IsEmpty());
  bench.push({good});
  EXPECT_THAT(seen(bench.take("out")), ElementsAre(joined(text)));
  // Without a checksum there is nothing to verify; IPv6 needs one.
  parts = parts_of(text, 1400);
  std::vector<Bytes> parts6 = parts_of(text, 1400, 1, to_service6());
  for (std::size_t i = 0; i < parts.size(); ++i) {
    parts[i][40] = parts[i][41] = 0;
    parts6[i][60] = parts6[i][61] = 0;
  }
  bench.push(parts);
  bench.push(parts6);
  EXPECT_THAT(seen(bench.output("out")), ElementsAre(joined(text)));
  EXPECT_EQ(bench.counter("bad_checksum"), 1U + parts6.size());
}

TEST(MemcachedReassembler, DropsWhatDoesNotGetWholeInTime) {
  TestBench bench("MemcachedReassembler");
  const std::vector<Bytes> parts = parts_of(set_of(3000), 1400);
  bench.push({parts[2], parts[0]});
  bench.advance(ms(199));
  EXPECT_EQ(bench.element().held(), 2U);
  bench.advance(ms(1));
  EXPECT_EQ(bench.counter("timed_out"), 2U);
  EXPECT_EQ(bench.element().held(), 0U);
  bench.push({parts[1]});
  EXPECT_THAT(bench.output("out"), IsEmpty());
}

TEST(MemcachedReassembler, TakesWhatFillsALargePacketAndNothingLonger) {
  TestBench bench("MemcachedReassembler");
  const std::size_t most = kLargestPacket - 50;
  std::string text(most, 'x');
  std::vector<Bytes> parts = parts_of(text, 1400);
  std::reverse(parts.begin(), parts.end());
  bench.push(parts);
  EXPECT_TRUE(seen(bench.take("out")) == std::vector<Bytes>{joined(text)});
  text += 'x';
  parts = parts_of(text, 1400, 2);
  bench.push(parts);
  EXPECT_EQ(bench.counter("too_long"), parts.size());
  EXPECT_THAT(bench.output("out"), IsEmpty());
}

TEST(MemcachedReassembler, GivesNoClientMoreThanItsShare) {
  TestBench bench("MemcachedReassembler", Value::map({{"incomplete", "8"}, {"per_source", "2"}}));
  for (std::uint16_t id = 0; id < 100; ++id) bench.push({to_service(static_cast<std::uint16_t>(5000 + id)).payload(frame(id, 0, 2, "x"))});
  EXPECT_EQ(bench.counter("over_share"), 98U);
  const PacketBuilder other = PacketBuilder().ether(kClientMac, kServiceMac).ipv4("10.0.0.2", kService).udp(4000, 11211);
  bench.push(parts_of("get a\r\n", 4, 1, other));
  EXPECT_THAT(seen(bench.output("out")), ElementsAre(joined("get a\r\n", 1, other)));
}

TEST(MemcachedReassembler, SaysWhatIsWrongWithItsParameters) {
  const Problems problems = TestBench::problems_of("MemcachedReassembler", Value::map({{"timeout", "0"}}));
  ASSERT_THAT(problems.list(), SizeIs(1));
  EXPECT_THAT(problems.list()[0].message, HasSubstr("out of bounds: 1ms to 60s"));
}

// Requests cut at random and mixed: each that lost no part comes out once and exactly.
TEST(MemcachedReassembler, MakesTheRightRequestsOfAnyMixture) {
  Random random(29);
  const auto below = [&](std::uint64_t n) { return (random.next() >> 32) % n; };
  for (int round = 0; round < 60; ++round) {
    SCOPED_TRACE(round);
    TestBench bench("MemcachedReassembler");
    std::vector<Bytes> sent;
    std::map<Bytes, int> expected;
    for (std::uint16_t id = 0; id < 14; ++id) {
      const std::string text = set_of(10 + below(8000), id);
      std::vector<Bytes> parts = parts_of(text, std::max<std::size_t>(text.size() / 50, 1 + below(1400)), id);
      if (parts.size() < 2) continue;
      if (below(4) == 0) {
        parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(below(parts.size())));
        parts.push_back(parts[below(parts.size())]);
      } else {
        ++expected[joined(text, id)];
      }
      sent.insert(sent.end(), parts.begin(), parts.end());
    }
    for (std::size_t i = sent.size(); i > 1; --i) std::swap(sent[i - 1], sent[below(i)]);
    bench.push(sent);
    std::map<Bytes, int> got;
    for (const Bytes& bytes : seen(bench.output("out"))) ++got[bytes];
    EXPECT_TRUE(got == expected) << got.size() << " instead of " << expected.size();
    bench.advance(ms(200));
    EXPECT_EQ(bench.element().held(), 0U);
  }
}

TEST(MemcachedReassembler, SurvivesRandomFrames) {
  Random random(31);
  const auto below = [&](std::uint64_t n) { return (random.next() >> 32) % n; };
  TestBench bench("MemcachedReassembler", Value::map({{"incomplete", "8"}, {"per_source", "8"}}));
  for (int i = 0; i < 20000; ++i) {
    const auto total = static_cast<std::uint16_t>(below(200) == 0 ? below(65536) : 3);
    const auto sequence = static_cast<std::uint16_t>(below(20) == 0 ? below(65536) : below(total == 0 ? 1 : total));
    Bytes part = to_service().payload(
        frame(static_cast<std::uint16_t>(below(30)), sequence, total, std::string(10 + below(below(20) == 0 ? 1400 : 1), 'x')));
    if (below(20) == 0) part.resize(below(part.size()));
    bench.push({part});
    ASSERT_LE(bench.element().held(), bench.element().may_hold());
    if (below(20) == 0) bench.advance(ms(static_cast<std::int64_t>(below(200))));
    bench.take("out");
  }
  EXPECT_GT(bench.counter("conflict"), 100U);
  EXPECT_GT(bench.counter("timed_out"), 100U);
}

TEST(MemcachedReassembler, SurvivesNastyPackets) {
  TestBench::Options options;
  options.buffer_bytes = 10000;
  TestBench bench("MemcachedReassembler", Value::map({}), options);
  testing::push_nasty_packets(bench);
}

}  // namespace
}  // namespace smartswitch::memcached
