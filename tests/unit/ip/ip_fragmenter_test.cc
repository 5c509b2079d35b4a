// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/unit/ip/fragments.h"

namespace smartswitch::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Room for packets that are too long.
TestBench::Options roomy(unsigned packets = 511) {
  TestBench::Options options;
  options.buffer_bytes = kLargestPacket;
  options.pool_packets = packets;
  return options;
}

Value mtu(const char* bytes) { return Value::map({{"mtu", bytes}}); }

std::vector<Bytes> cut(const Bytes& whole, const char* bytes = "1500") {
  TestBench bench("IPFragmenter", mtu(bytes), roomy());
  bench.push({whole});
  EXPECT_EQ(bench.counter("fragmented"), 1U);
  std::vector<Bytes> fragments;
  for (const Seen& seen : bench.output("out")) {
    EXPECT_FALSE(seen.annotations.headers.located) << "fresh annotations";
    fragments.push_back(seen.bytes);
  }
  return fragments;
}

std::uint32_t id_of(const Bytes& fragment) {
  const std::size_t at = ip_start(fragment) + 44;
  return static_cast<std::uint32_t>(load16(fragment, at) << 16 | load16(fragment, at + 2));
}

TEST(IPFragmenter, CutsIpv4AsASenderWould) {
  for (const std::size_t payload :
       {std::size_t{1473}, std::size_t{2952}, std::size_t{2953}, std::size_t{9000}, kLargestPacket - std::size_t{42}}) {
    SCOPED_TRACE(payload);
    EXPECT_TRUE(cut(datagram(payload)) == fragments_of(datagram(payload), 1480));
  }
  EXPECT_EQ(cut(datagram(3000), "577"), fragments_of(datagram(3000), 552));
}

TEST(IPFragmenter, CutsIpv6AsASenderWould) {
  for (const std::size_t payload : {std::size_t{1453}, std::size_t{9000}, kLargestPacket - std::size_t{62}}) {
    SCOPED_TRACE(payload);
    const std::vector<Bytes> fragments = cut(datagram6(payload));
    EXPECT_TRUE(fragments == fragments_of(datagram6(payload), 1448, id_of(fragments[0])));
  }
}

TEST(IPFragmenter, GivesIpv6PacketsIdsThatNobodyGuesses) {
  TestBench bench("IPFragmenter", Value::map({}), roomy());
  for (int i = 0; i < 100; ++i) bench.push({datagram6(1500)});
  std::set<std::uint32_t> ids;
  for (const Seen& seen : bench.output("out")) ids.insert(id_of(seen.bytes));
  EXPECT_THAT(ids, SizeIs(100));
  EXPECT_NE(id_of(cut(datagram6(1500))[0]), id_of(cut(datagram6(1500))[0])) << "another start each time";
}

TEST(IPFragmenter, LetsWhatFitsAndWhatIsNotIpPassUntouchedAndInOrder) {
  TestBench bench("IPFragmenter", Value::map({}), roomy());
  const Bytes fits = datagram(1472);
  const Bytes fits6 = datagram6(1452);
  const Bytes tagged = ether().vlan(5).vlan(6).ipv4("10.0.0.1", "10.0.0.2").udp(1, 2).payload(noise(1472));
  const Bytes other = ether().payload(noise(3000));
  Bytes padded = datagram(100);
  padded.resize(3000);
  bench.push({fits, datagram(1473), fits6, tagged, other, padded});
  const std::vector<Bytes> pieces = fragments_of(datagram(1473), 1480);
  std::vector<Bytes> seen;
  for (const Seen& s : bench.output("out")) seen.push_back(s.bytes);
  EXPECT_THAT(seen, ElementsAre(fits, pieces[0], pieces[1], fits6, tagged, other, padded));
  EXPECT_EQ(bench.counter("fragmented"), 1U);
}

TEST(IPFragmenter, KeepsVlanTags) {
  const Bytes whole = ether().vlan(5).vlan(6).ipv4("10.0.0.1", "10.0.0.2").udp(1, 2).payload(noise(3000));
  EXPECT_EQ(cut(whole), fragments_of(whole, 1480));
}

TEST(IPFragmenter, HeedsDontFragment) {
  Bytes whole = datagram(2000);
  whole[nasty::kIp + 6] = 0x40;
  fix_ipv4_checksum(whole);
  const Bytes fragment6 = fragment_of(datagram6(4000), 8, 2008, true);
  TestBench bench("IPFragmenter", Value::map({}), roomy());
  bench.push({whole, fragment6});
  EXPECT_EQ(bench.counter("dont_fragment"), 2U);
  EXPECT_THAT(bench.output("out"), IsEmpty());
}

TEST(IPFragmenter, CutsIpv4FragmentsAgain) {
  const Bytes whole = datagram(8000);
  std::vector<Bytes> twice;
  for (const Bytes& big : fragments_of(whole, 2960)) {
    if (big.size() <= 1514) {
      twice.push_back(big);
      continue;
    }
    for (const Bytes& small : cut(big)) twice.push_back(small);
  }
  EXPECT_EQ(twice, fragments_of(whole, 1480));
}

TEST(IPFragmenter, KeepsOnlyOptionsThatBelongInEachFragment) {
  Bytes whole = datagram(2000);
  // No-operation, loose source route of one hop (copied), record route (not copied), timestamp without room (not copied), end.
  whole.insert(whole.begin() + nasty::kIp + 20, {1, 0x83, 7, 4, 10, 0, 0, 7, 7, 7, 4, 0, 0, 0, 0, 0x44, 4, 5, 0, 0});
  whole[nasty::kIp] = 0x4A;
  store16(whole, nasty::kIp + 2, whole.size() - nasty::kIp);
  fix_ipv4_checksum(whole);
  const std::vector<Bytes> fragments = cut(whole);
  ASSERT_THAT(fragments, SizeIs(2));
  EXPECT_EQ(fragments[0], fragments_of(whole, 1456)[0]);
  Bytes second = fragments_of(whole, 1456)[1];
  const Bytes left = {1, 0x83, 7, 4, 10, 0, 0, 7, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0};
  std::copy(left.begin(), left.end(), second.begin() + nasty::kIp + 20);
  fix_ipv4_checksum(second);
  EXPECT_EQ(fragments[1], second);
}

TEST(IPFragmenter, SurvivesOptionsThatLie) {
  for (const Bytes& options : {Bytes{7, 0, 0, 0}, Bytes{7, 200, 0, 0}, Bytes{1, 1, 1, 7}}) {
    Bytes whole = datagram(2000);
    whole.insert(whole.begin() + nasty::kIp + 20, options.begin(), options.end());
    whole[nasty::kIp] = 0x46;
    store16(whole, nasty::kIp + 2, whole.size() - nasty::kIp);
    fix_ipv4_checksum(whole);
    EXPECT_EQ(cut(whole), fragments_of(whole, 1472)) << "they are left as they are";
  }
}

TEST(IPFragmenter, PutsTheFragmentHeaderBehindWhatRoutersRead) {
  // Hop-by-hop, then destination options, then UDP: the options are for the destination, so they are cut with the rest.
  const std::string data = noise(2000);
  Bytes body = {60, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0};
  body.insert(body.end(), data.begin(), data.end());
  const std::vector<Bytes> fragments = cut(nasty::ipv6(0, body));
  ASSERT_THAT(fragments, SizeIs(2));
  const std::size_t added = nasty::kIp + 40 + 8;
  EXPECT_EQ(fragments[0][nasty::kIp + 6], 0);
  EXPECT_EQ(fragments[0][nasty::kIp + 40], 44);
  EXPECT_EQ(fragments[0][added], 60);
  EXPECT_EQ(fragments[0][added + 8], 17);
  EXPECT_EQ(load16(fragments[1], added + 2), fragments[0].size() - added - 8);

  TestBench bench("IPReassembler");
  bench.push({fragments[1], fragments[0]});
  ASSERT_THAT(bench.output("out"), SizeIs(1));
  EXPECT_EQ(bench.output("out")[0].bytes, nasty::ipv6(0, body));
}

TEST(IPFragmenter, WhatItCutsIsPutTogetherAgain) {
  TestBench bench("IPReassembler", Value::map({}), roomy());
  for (const Bytes& whole : {datagram(5000), datagram6(5000), datagram(60000), datagram6(60000)}) {
    for (const char* bytes : {"1280", "1500", "4000"}) {
      std::vector<Bytes> fragments = cut(whole, bytes);
      std::reverse(fragments.begin(), fragments.end());
      bench.push(fragments);
      ASSERT_THAT(bench.output("out"), SizeIs(1));
      EXPECT_TRUE(bench.take("out")[0].bytes == whole);
    }
  }
}

TEST(IPFragmenter, TakesPacketsInSeveralSegments) {
  TestBench::Options options;
  options.buffer_bytes = 2048;
  TestBench bench("IPFragmenter", Value::map({}), options);
  Batch batch;
  batch.add(segmented(bench, jumbo(), 100));
  batch.add(segmented(bench, jumbo()));
  bench.push(batch);
  EXPECT_EQ(bench.counter("fragmented"), 2U);
  std::vector<Bytes> expected = fragments_of(jumbo(), 1480);
  for (int i = 0; i < 2; ++i) {
    for (std::size_t n = 0; n < expected.size(); ++n) {
      EXPECT_EQ(bench.output("out")[static_cast<std::size_t>(i) * expected.size() + n].bytes, expected[n]);
    }
  }
}

TEST(IPFragmenter, DropsWhatIsTooLongAndHasNoSoundHeader) {
  TestBench bench("IPFragmenter", Value::map({}), roomy());
  Bytes cut_off = datagram(4000);
  cut_off.resize(2000);
  Bytes cut_off6 = datagram6(4000);
  cut_off6.resize(2000);
  const Bytes no_version = nasty::patched(datagram(4000), nasty::kIp, {0x05});
  const Bytes long_header = nasty::patched(datagram(4000), nasty::kIp, {0x41});
  // 1472 bytes of hop-by-hop options in front: no room is left in a fragment.
  Bytes body(4000);
  body[0] = 17;
  body[1] = 183;
  bench.push({cut_off, cut_off6, no_version, long_header, nasty::ipv6(0, body)});
  EXPECT_EQ(bench.counter("malformed"), 5U);
  EXPECT_THAT(bench.output("out"), IsEmpty());
}

TEST(IPFragmenter, DropsAPacketForWhichThereAreTooFewBuffers) {
  TestBench bench("IPFragmenter", Value::map({}), roomy(20));
  bench.push({datagram(60000)});
  EXPECT_EQ(bench.counter("no_buffer"), 1U + 19);
  EXPECT_THAT(bench.output("out"), IsEmpty());
  bench.push({datagram(20000)});
  EXPECT_THAT(bench.output("out"), SizeIs(14));
}

TEST(IPFragmenter, ReportsAnMtuForWhichPacketsHaveNoRoom) {
  const Problems problems = TestBench::problems_of("IPFragmenter", mtu("9000"));
  ASSERT_THAT(problems.list(), SizeIs(1));
  EXPECT_THAT(problems.list()[0].message, HasSubstr("room for 2048 bytes, too few for an `mtu` of 9000"));
}

TEST(IPFragmenter, SurvivesNastyPackets) {
  for (const char* bytes : {"576", "1280"}) {
    TestBench::Options options;
    options.buffer_bytes = 10000;
    TestBench bench("IPFragmenter", mtu(bytes), options);
    push_nasty_packets(bench);
  }
}

}  // namespace
}  // namespace smartswitch::testing
