// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <utility>

#include "tests/unit/ip/fragments.h"

namespace smartswitch::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<Bytes> bytes_of(const std::vector<Seen>& seen) {
  std::vector<Bytes> bytes;
  for (const Seen& s : seen) bytes.push_back(s.bytes);
  return bytes;
}

std::vector<Bytes> reversed(std::vector<Bytes> packets) {
  std::reverse(packets.begin(), packets.end());
  return packets;
}

Bytes from(int host, const Bytes& whole) {
  Bytes changed = nasty::patched(whole, nasty::kIp + 12, {10, 9, static_cast<std::uint8_t>(host >> 8), static_cast<std::uint8_t>(host)});
  fix_ipv4_checksum(changed);
  return changed;
}

TEST(IPReassembler, TakesFragmentsInEveryOrder) {
  for (const Bytes& whole : {datagram(4000), datagram6(4000)}) {
    const std::vector<Bytes> pieces = fragments_of(whole, 1200);
    ASSERT_THAT(pieces, SizeIs(4));
    std::vector<int> order = {0, 1, 2, 3};
    TestBench bench("IPReassembler");
    do {
      for (int i : order) bench.push({pieces[static_cast<std::size_t>(i)]});
      EXPECT_THAT(bytes_of(bench.take("out")), ElementsAre(whole));
      EXPECT_EQ(bench.element().held(), 0U);
    } while (std::next_permutation(order.begin(), order.end()));
    EXPECT_EQ(bench.counter("reassembled"), 24U);
    EXPECT_EQ(bench.element().consumed(), 24U * 4);
  }
}

TEST(IPReassembler, LetsAllElsePassUntouchedAndInOrder) {
  TestBench bench("IPReassembler");
  const Bytes whole = datagram(3000);
  const std::vector<Bytes> pieces = fragments_of(whole, 1480);
  const Bytes other = ether().payload("no IP");
  bench.push({pieces[0], datagram(10), pieces[1], other, pieces[2], datagram6(20)});
  EXPECT_THAT(bytes_of(bench.output("out")), ElementsAre(datagram(10), other, whole, datagram6(20)));
}

TEST(IPReassembler, LeavesFragmentsToOtherAddressesAlone) {
  TestBench bench("IPReassembler", Value::map({{"addresses", Value::list({"10.0.0.2"})}, {"ipv6_addresses", Value::list({"fd00::9"})}}));
  std::vector<Bytes> foreign = fragments_of(ether().ipv4("10.0.0.1", "10.0.0.3").udp(1, 2).payload(noise(2000)), 1200);
  for (const Bytes& piece : fragments_of(datagram6(2000), 1200)) foreign.push_back(piece);
  bench.push(foreign);
  EXPECT_EQ(bytes_of(bench.take("out")), foreign);
  bench.push(fragments_of(datagram(2000), 1200));
  EXPECT_THAT(bytes_of(bench.output("out")), ElementsAre(datagram(2000)));
}

TEST(IPReassembler, GivesTheWholeFreshAnnotationsAndClearsDontFragment) {
  TestBench bench("IPReassembler");
  std::vector<Bytes> pieces = fragments_of(datagram(2000), 1200);
  for (Bytes& piece : pieces) {
    piece[nasty::kIp + 6] |= 0x40;
    fix_ipv4_checksum(piece);
  }
  bench.push(pieces);
  ASSERT_THAT(bytes_of(bench.output("out")), ElementsAre(datagram(2000)));
  const Annotations& a = bench.output("out")[0].annotations;
  EXPECT_FALSE(a.headers.located);
  EXPECT_EQ(std::tuple(a.verb, a.key_length, a.flags, a.paint), std::tuple(0, 0, 0, 0));
}

TEST(IPReassembler, KeepsVlansApartAndTheirTags) {
  const auto tagged = [](std::uint16_t outer, std::uint64_t seed) -> Bytes {
    return ether().vlan(outer).vlan(7).ipv4("10.0.0.1", "10.0.0.2").udp(1, 2).payload(noise(2000, seed));
  };
  TestBench bench("IPReassembler");
  const std::vector<Bytes> one = fragments_of(tagged(5, 1), 1200);
  const std::vector<Bytes> two = fragments_of(tagged(6, 2), 1200);
  bench.push({one[0], two[1], two[0], one[1]});
  EXPECT_THAT(bytes_of(bench.output("out")), ElementsAre(tagged(6, 2), tagged(5, 1)));
}

TEST(IPReassembler, KeepsSendersIdsAndProtocolsApart) {
  TestBench bench("IPReassembler");
  const Bytes plain = datagram(2000);
  Bytes other_protocol = nasty::patched(plain, nasty::kIp + 9, {200});
  fix_ipv4_checksum(other_protocol);
  const std::vector<std::vector<Bytes>> all = {fragments_of(plain, 1200, 1),           fragments_of(plain, 1200, 2),
                                               fragments_of(from(3, plain), 1200, 1),  fragments_of(other_protocol, 1200, 1),
                                               fragments_of(datagram6(2000), 1200, 1), fragments_of(datagram6(2000), 1200, 1U << 31 | 1)};
  for (const auto& pieces : all) bench.push({pieces[0]});
  EXPECT_EQ(bench.element().held(), 6U);
  EXPECT_THAT(bench.output("out"), IsEmpty());
  for (const auto& pieces : all) bench.push({pieces[1]});
  EXPECT_THAT(bench.output("out"), SizeIs(6));
}

TEST(IPReassembler, DropsWhatDoesNotGetWholeInTime) {
  TestBench bench("IPReassembler", Value::map({{"timeout", "30ms"}}));
  const std::vector<Bytes> pieces = fragments_of(datagram(4000), 1200);
  bench.push({pieces[0]});
  bench.advance(ms(20));
  bench.push({pieces[1], pieces[3]});
  bench.push(fragments_of(datagram(2000), 1200, 7));
  bench.advance({9'999'999});
  EXPECT_EQ(bench.counter("timed_out"), 0U);
  EXPECT_EQ(bench.element().held(), 3U);
  bench.advance({1});
  EXPECT_EQ(bench.counter("timed_out"), 3U);
  EXPECT_EQ(bench.element().held(), 0U);
  bench.push({pieces[2]});
  bench.advance(ms(30));
  EXPECT_EQ(bench.counter("timed_out"), 4U) << "the rest of it, too late";
  EXPECT_THAT(bytes_of(bench.output("out")), ElementsAre(with_id(datagram(2000), 7)));
  bench.push(pieces);
  EXPECT_EQ(bench.output("out").back().bytes, datagram(4000)) << "the same once more, whole";
}

TEST(IPReassembler, DropsADatagramWhoseFragmentsOverlapAndAllThatComesOfIt) {
  const Bytes whole = datagram(4000);
  for (const auto& [begin, end] :
       {std::pair(800, 1608), std::pair(0, 1208), std::pair(1192, 2400), std::pair(1200, 1208), std::pair(8, 16)}) {
    for (const bool first : {true, false}) {
      SCOPED_TRACE(begin);
      TestBench bench("IPReassembler", Value::map({{"timeout", "30ms"}}));
      const std::vector<Bytes> pieces = fragments_of(whole, 1200);
      const Bytes overlapping = fragment_of(whole, static_cast<std::size_t>(begin), static_cast<std::size_t>(end), true);
      if (first) {
        bench.push({overlapping, pieces[0], pieces[1]});
      } else {
        bench.push({pieces[1], pieces[0], overlapping});
      }
      EXPECT_EQ(bench.counter("conflict") + bench.counter("abandoned"), 3U);
      EXPECT_GE(bench.counter("conflict"), 2U);
      const std::uint64_t before = bench.counter("abandoned");
      bench.push({pieces[2], pieces[3]});
      EXPECT_EQ(bench.counter("abandoned"), before + 2);
      EXPECT_THAT(bench.output("out"), IsEmpty());
      bench.advance(ms(30));
      bench.push(pieces);
      EXPECT_THAT(bytes_of(bench.output("out")), ElementsAre(whole)) << "forgotten when the time is over";
    }
  }
}

TEST(IPReassembler, DropsADatagramWithTwoEnds) {
  const Bytes whole = datagram(4000);
  const std::vector<Bytes> pieces = fragments_of(whole, 1200);
  const std::vector<std::vector<Bytes>> liars = {
      {pieces[3], fragment_of(whole, 1200, 2400, false)},  // ends before what was said to be the end
      {fragment_of(whole, 1200, 2400, false), pieces[3]},  // and the other way round
      {fragment_of(whole, 1200, 2400, false), pieces[2]},  // goes on behind its end
      {pieces[2], fragment_of(whole, 1200, 2400, false)},
      {pieces[1], fragment_of(whole, 1200, 2400, false)},  // the same bytes, now as the last ones
      {fragment_of(whole, 1200, 2400, false), pieces[1]},
  };
  for (const std::vector<Bytes>& pair : liars) {
    TestBench bench("IPReassembler");
    bench.push(pair);
    EXPECT_EQ(bench.counter("conflict"), 2U);
    bench.push({pieces[0]});
    EXPECT_EQ(bench.counter("abandoned"), 1U);
  }
}

TEST(IPReassembler, IgnoresDuplicatesOfTheSameBytesOnly) {
  const Bytes whole = datagram(4000);
  const std::vector<Bytes> pieces = fragments_of(whole, 1200);
  TestBench bench("IPReassembler");
  bench.push({pieces[0], pieces[0], pieces[3], pieces[2], pieces[3], pieces[2], pieces[0], pieces[1]});
  EXPECT_EQ(bench.counter("duplicate"), 4U);
  EXPECT_THAT(bytes_of(bench.take("out")), ElementsAre(whole));

  Bytes forged = pieces[2];
  forged.back() ^= 1;
  bench.push({pieces[0], pieces[2], forged, pieces[1], pieces[3]});
  EXPECT_EQ(bench.counter("conflict"), 3U);
  EXPECT_EQ(bench.counter("abandoned"), 2U);
  EXPECT_THAT(bench.output("out"), IsEmpty());
}

TEST(IPReassembler, ReassemblesWhatFillsALargePacketAndNothingLonger) {
  TestBench bench("IPReassembler");
  const std::size_t headers = 14 + 20 + 8;
  const Bytes largest = datagram(kLargestPacket - headers);
  bench.push(reversed(fragments_of(largest, 1480)));
  EXPECT_TRUE(bytes_of(bench.take("out")) == std::vector<Bytes>{largest});
  // One byte more; and as much as IP allows.
  for (const std::size_t payload : {kLargestPacket - headers + 1, std::size_t{65507}}) {
    for (const bool backwards : {false, true}) {
      std::vector<Bytes> pieces = fragments_of(datagram(payload), 1480, static_cast<std::uint32_t>(payload + backwards));
      const std::uint64_t before = bench.counter("too_long") + bench.counter("abandoned");
      bench.push(backwards ? reversed(pieces) : pieces);
      EXPECT_EQ(bench.counter("too_long") + bench.counter("abandoned"), before + pieces.size());
    }
  }
  EXPECT_THAT(bench.output("out"), IsEmpty());
  const Bytes largest6 = datagram6(kLargestPacket - 62);
  bench.push(fragments_of(largest6, 1432));
  EXPECT_TRUE(bytes_of(bench.output("out")) == std::vector<Bytes>{largest6});
}

TEST(IPReassembler, DropsADatagramInTooManyFragments) {
  TestBench bench("IPReassembler");
  const Bytes whole = datagram(8 * 64);  // with the UDP header 65 times 8 bytes
  bench.push(fragments_of(whole, 8));
  EXPECT_EQ(bench.counter("too_long"), 65U);
  bench.push(fragments_of(datagram(8 * 63), 8, 2));
  EXPECT_THAT(bytes_of(bench.output("out")), ElementsAre(with_id(datagram(8 * 63), 2)));
}

TEST(IPReassembler, DropsFragmentsThatNoHonestSenderMakes) {
  TestBench bench("IPReassembler");
  const Bytes whole = datagram(4000);
  const Bytes whole6 = datagram6(4000);
  bench.push({fragment_of(whole, 0, 1201, true), fragment_of(whole6, 8, 20, true),                // not in steps of 8
              fragment_of(whole, 16, 16, true), fragment_of(whole6, 16, 16, false),               // nothing in it
              fragment_of(whole, 65528, 65535, false), fragment_of(whole6, 65528, 65600, false),  // the ping of death
              fragment_of(nasty::patched(whole, nasty::kIp + 9, {6}), 0, 8, true)});              // RFC 1858
  EXPECT_EQ(bench.counter("malformed"), 7U);
  EXPECT_THAT(bench.output("out"), IsEmpty());
  EXPECT_EQ(bench.element().held(), 0U);
}

TEST(IPReassembler, IgnoresPaddingBehindAFragment) {
  TestBench bench("IPReassembler");
  const Bytes whole = datagram(100);
  std::vector<Bytes> pieces = fragments_of(whole, 104);
  pieces.back().resize(60, 0xEE);
  bench.push(pieces);
  EXPECT_THAT(bytes_of(bench.output("out")), ElementsAre(whole));
}

TEST(IPReassembler, KeepsIpv4OptionsOfTheFirstFragment) {
  Bytes whole = datagram(2000);
  whole.insert(whole.begin() + nasty::kIp + 20, {148, 4, 0, 0});  // router alert (RFC 2113)
  whole[nasty::kIp] = 0x46;
  store16(whole, nasty::kIp + 2, whole.size() - nasty::kIp);
  fix_ipv4_checksum(whole);
  TestBench bench("IPReassembler");
  bench.push(reversed(fragments_of(whole, 1200)));
  EXPECT_THAT(bytes_of(bench.output("out")), ElementsAre(whole));
}

TEST(IPReassembler, KeepsExtensionHeadersBeforeAndBehindTheFragmentHeader) {
  // Hop-by-hop and destination options before, destination options behind.
  const Bytes before = {60, 0, 1, 4, 0, 0, 0, 0, 44, 0, 1, 4, 0, 0, 0, 0};
  const Bytes behind = {17, 0, 1, 4, 0, 0, 0, 0, 0x0F, 0xA0, 0x2B, 0xCB, 0, 24, 0, 0};
  const Bytes rest(16, 'x');
  const auto piece = [&](std::uint8_t low, const Bytes& part) {
    Bytes body = before;
    const Bytes header = {60, 0, 0, low, 0, 0, 0, 9};
    body.insert(body.end(), header.begin(), header.end());
    body.insert(body.end(), part.begin(), part.end());
    return nasty::ipv6(0, body);
  };
  Bytes body = before;
  body[8] = 60;
  body.insert(body.end(), behind.begin(), behind.end());
  body.insert(body.end(), rest.begin(), rest.end());
  TestBench bench("IPReassembler");
  bench.push({piece(16, rest), piece(1, behind)});
  EXPECT_THAT(bytes_of(bench.output("out")), ElementsAre(nasty::ipv6(0, body)));
}

TEST(IPReassembler, RefusesNewcomersOnlyAsLongAsTheOthersGrow) {
  TestBench bench("IPReassembler", Value::map({{"incomplete", "4"}, {"per_source", "4"}}));
  const Bytes whole = datagram(4000);
  for (std::uint32_t id = 0; id < 4; ++id) bench.push({fragments_of(whole, 1200, id)[0]});
  bench.push({fragments_of(from(1, whole), 1200)[0]});
  EXPECT_EQ(bench.counter("table_full"), 1U) << "the newcomer";
  bench.advance(ms(9));
  bench.push({fragments_of(whole, 1200, 0)[1]});
  bench.advance(ms(1));
  bench.push(fragments_of(from(2, whole), 1200));
  EXPECT_EQ(bench.counter("table_full"), 2U) << "number 1, the first that did not grow";
  EXPECT_THAT(bytes_of(bench.take("out")), ElementsAre(from(2, whole)));
  for (std::uint32_t id : {0U, 2U, 3U}) {
    bench.push(fragments_of(whole, 1200, id));
    EXPECT_THAT(bytes_of(bench.take("out")), ElementsAre(with_id(whole, id)));
  }
}

TEST(IPReassembler, GivesNoSenderMoreThanItsShare) {
  TestBench bench("IPReassembler", Value::map({{"incomplete", "8"}, {"per_source", "3"}}));
  const Bytes whole = datagram(4000);
  for (int host = 1; host <= 2; ++host) bench.push({fragments_of(from(host, whole), 1200)[0]});
  for (std::uint32_t id = 0; id < 50; ++id) bench.push({fragments_of(whole, 1200, id)[0]});
  EXPECT_EQ(bench.counter("over_share"), 47U);
  EXPECT_EQ(bench.element().held(), 5U);
  for (int host = 3; host <= 5; ++host) bench.push({fragments_of(from(host, whole), 1200)[0]});
  EXPECT_EQ(bench.counter("table_full"), 0U);
  bench.advance(ms(10));
  // Now its own oldest makes way, and nobody else's.
  bench.push({fragments_of(whole, 1200, 100)[0]});
  EXPECT_EQ(bench.counter("over_share"), 48U);
  for (int host = 1; host <= 5; ++host) {
    const std::vector<Bytes> pieces = fragments_of(from(host, whole), 1200);
    bench.push({pieces[1], pieces[2], pieces[3]});
  }
  EXPECT_THAT(bench.output("out"), SizeIs(5));
}

TEST(IPReassembler, DropsWholesForWhichThereIsNoBuffer) {
  TestBench bench("IPReassembler", Value::map({{"large_packets", "1"}}));
  std::vector<Bytes> pieces = fragments_of(datagram(4000), 1200, 1);
  for (const Bytes& piece : fragments_of(datagram(4000), 1200, 2)) pieces.push_back(piece);
  bench.push(pieces);  // in one batch, so both are on their way at once
  EXPECT_EQ(bench.counter("no_buffer"), 4U);
  EXPECT_THAT(bytes_of(bench.take("out")), ElementsAre(with_id(datagram(4000), 1)));
  // Short ones need no large buffer.
  pieces.clear();
  for (std::uint32_t id = 0; id < 10; ++id) {
    for (const Bytes& piece : fragments_of(datagram(1900), 1200, id)) pieces.push_back(piece);
  }
  bench.push(pieces);
  EXPECT_THAT(bench.output("out"), SizeIs(10));
}

TEST(IPReassembler, FreesWhatItHoldsAtItsEnd) {
  TestBench bench("IPReassembler");
  bench.push({fragments_of(datagram(4000), 1200, 1)[0], fragments_of(datagram(4000), 1200, 2)[2]});
  EXPECT_EQ(bench.element().held(), 2U);
}

TEST(IPReassembler, SaysWhatIsWrongWithItsParameters) {
  const Problems problems = TestBench::problems_of("IPReassembler", Value::map({{"incomplete", "8"}, {"per_source", "9"}}));
  ASSERT_THAT(problems.list(), SizeIs(1));
  EXPECT_THAT(problems.list()[0].message, ::testing::HasSubstr("per_source"));
}

TEST(IPReassembler, HoldsNoMoreThanItSays) {
  TestBench::Options options;
  options.pool_packets = 4000;
  TestBench bench("IPReassembler", Value::map({{"incomplete", "8"}, {"per_source", "8"}}), options);
  EXPECT_EQ(bench.element().may_hold(), 8U * 64);
  const Bytes whole = datagram(60000);
  for (std::uint32_t id = 0; id < 20; ++id) {
    std::vector<Bytes> pieces = fragments_of(whole, 944, id);  // 64
    pieces.erase(pieces.begin() + 5);
    bench.push(pieces);
    ASSERT_LE(bench.element().held(), bench.element().may_hold());
  }
}

// Many datagrams at once, cut at random, their fragments shuffled, doubled and lost: those that lost none come out, exactly, and no other.
TEST(IPReassembler, MakesTheRightWholesOfAnyMixture) {
  Random random(17);
  const auto below = [&](std::uint64_t n) { return (random.next() >> 32) % n; };
  for (int round = 0; round < 60; ++round) {
    SCOPED_TRACE(round);
    TestBench::Options options;
    options.pool_packets = 4000;
    TestBench bench("IPReassembler", Value::map({}), options);
    std::vector<Bytes> sent;
    std::map<Bytes, int> expected;
    for (std::uint32_t i = 0; i < 12; ++i) {
      const std::size_t length = 100 + below(i == 0 ? 60000 : 6000);
      const Bytes whole = i % 3 == 0 ? datagram6(length, i) : datagram(length, i);
      const std::size_t size = length > 9000 ? 1424 : 8 * (1 + below(std::min<std::size_t>(length / 8, 178)));
      std::vector<Bytes> pieces = fragments_of(whole, size, i);
      if (pieces.size() > 64) continue;
      const bool loses = below(4) == 0;
      if (loses && pieces.size() > 1) pieces.erase(pieces.begin() + static_cast<std::ptrdiff_t>(below(pieces.size())));
      if (!loses) ++expected[with_id(whole, i)];
      // Only before the last one: a duplicate of a datagram that is whole already is the start of another one.
      if (loses && !pieces.empty()) pieces.push_back(pieces[below(pieces.size())]);
      sent.insert(sent.end(), pieces.begin(), pieces.end());
    }
    for (std::size_t i = sent.size(); i > 1; --i) std::swap(sent[i - 1], sent[below(i)]);
    bench.push(sent);
    std::map<Bytes, int> seen;
    for (const Seen& s : bench.output("out")) ++seen[s.bytes];
    EXPECT_TRUE(seen == expected) << seen.size() << " instead of " << expected.size();
    bench.advance(ms(1000));
    EXPECT_EQ(bench.element().held(), 0U);
  }
}

TEST(IPReassembler, SurvivesRandomFragments) {
  Random random(23);
  const auto below = [&](std::uint64_t n) { return (random.next() >> 32) % n; };
  TestBench::Options options;
  options.pool_packets = 8191;
  TestBench bench("IPReassembler", Value::map({{"incomplete", "16"}, {"timeout", "20ms"}}), options);
  const Bytes wholes[] = {datagram(60000), datagram6(60000)};
  for (int i = 0; i < 20000; ++i) {
    const Bytes& whole = wholes[below(2)];
    const std::size_t begin = 8 * below(below(4) == 0 ? 8192 : 100);
    Bytes piece = fragment_of(whole, begin, begin + (below(8) == 0 ? below(1400) : 8 * (1 + below(170))), below(6) != 0,
                              static_cast<std::uint32_t>(below(40)));
    if (below(10) == 0) piece[below(std::min<std::size_t>(piece.size(), 80))] = static_cast<std::uint8_t>(below(256));
    if (below(20) == 0) piece.resize(below(piece.size() + 1));
    bench.push({piece});
    ASSERT_LE(bench.element().held(), bench.element().may_hold());
    if (below(50) == 0) bench.advance(ms(static_cast<std::int64_t>(below(10))));
    bench.take("out");
  }
  EXPECT_GT(bench.counter("conflict"), 100U);
  EXPECT_GT(bench.counter("timed_out"), 100U);
  EXPECT_GT(bench.counter("table_full"), 100U);
}

TEST(IPReassembler, SurvivesNastyPackets) {
  TestBench::Options options;
  options.buffer_bytes = 10000;
  options.pool_packets = 8191;
  TestBench bench("IPReassembler", Value::map({}), options);
  push_nasty_packets(bench);
}

}  // namespace
}  // namespace smartswitch::testing
