// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/nasty_packets.h"

namespace smartswitch::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

Value ours() { return Value::map({{"addresses", Value::list({"10.0.0.100", "10.1.0.0/24"})}, {"mac", "02:00:00:00:00:64"}}); }
Bytes request(std::string_view target) { return arp_request("02:00:00:00:00:01", "10.0.0.1", target); }

Bytes with_tag(Bytes packet) {
  packet.insert(packet.begin() + 12, {0x81, 0, 0, 42});
  return packet;
}

// What 10.0.0.1 is told.
const Bytes kReply = {0x02, 0,    0, 0, 0, 0x01, 0x02, 0,  0, 0, 0,   0x64, 0x08, 0x06, 0, 1, 0x08, 0,  6, 4, 0,
                      2,    0x02, 0, 0, 0, 0,    0x64, 10, 0, 0, 100, 0x02, 0,    0,    0, 0, 0x01, 10, 0, 0, 1};

void expect_passed_on(const Bytes& packet, std::uint64_t malformed) {
  TestBench bench("ARPResponder", ours());
  bench.push({packet});
  EXPECT_THAT(bench.output("reply"), IsEmpty());
  ASSERT_THAT(bench.output("out"), SizeIs(1));
  EXPECT_EQ(bench.output("out")[0].bytes, packet);
  EXPECT_EQ(bench.counter("malformed"), malformed);
  EXPECT_EQ(bench.counter("answered"), 0U);
}

TEST(ARPResponder, RequestBecomesReply) {
  TestBench bench("ARPResponder", ours());
  bench.push({request("10.0.0.100")});
  ASSERT_THAT(bench.output("reply"), SizeIs(1));
  EXPECT_EQ(bench.output("reply")[0].bytes, kReply);
  EXPECT_EQ(bench.counter("answered"), 1U);
}

TEST(ARPResponder, AnswersForAllItsAddressesAndNoOthers) {
  TestBench bench("ARPResponder", ours());
  bench.push({request("10.1.0.0"), request("10.0.0.101"), request("10.1.0.255"), request("10.1.1.0"), request("10.0.0.99")});
  EXPECT_THAT(bench.output("reply"), SizeIs(2));
  EXPECT_THAT(bench.output("out"), SizeIs(3));
}

TEST(ARPResponder, KeepsTagsAndPadding) {
  TestBench bench("ARPResponder", ours());
  Bytes padded = with_tag(request("10.0.0.100"));
  padded.resize(64, 0xEE);
  bench.push({padded});
  Bytes reply = with_tag(kReply);
  reply.resize(64, 0xEE);
  ASSERT_THAT(bench.output("reply"), SizeIs(1));
  EXPECT_EQ(bench.output("reply")[0].bytes, reply);
}

TEST(ARPResponder, AnswersProbes) {
  TestBench bench("ARPResponder", ours());  // RFC 5227: asked by a host that has no address yet
  bench.push({arp_request("02:00:00:00:00:01", "0.0.0.0", "10.0.0.100")});
  EXPECT_THAT(bench.output("reply"), SizeIs(1));
}

TEST(ARPResponder, PassesOnAllElse) {
  expect_passed_on(kReply, 0);
  expect_passed_on(arp_request("02:00:00:00:00:01", "10.0.0.100", "10.0.0.100"), 0);  // an announcement
  expect_passed_on(PacketBuilder().ipv4("10.0.0.1", "10.0.0.100").udp(1, 2), 0);
  expect_passed_on({1, 2, 3}, 0);
}

TEST(ARPResponder, CountsMalformedRequests) {
  const Bytes good = request("10.0.0.100");
  expect_passed_on(nasty::patched(good, 14, {0, 6}), 1);
  expect_passed_on(nasty::patched(good, 16, {0x86, 0xDD}), 1);
  expect_passed_on(nasty::patched(good, 18, {5}), 1);
  expect_passed_on(nasty::patched(good, 19, {16}), 1);
  expect_passed_on(nasty::patched(good, 6, {3}), 1);
  expect_passed_on(nasty::patched(good, 22, {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}), 1);
  expect_passed_on(Bytes(good.begin(), good.end() - 1), 1);
}

TEST(ARPResponder, SaysWhatIsWrongWithItsAddress) {
  const auto with_mac = [](const char* mac) {
    return TestBench::problems_of("ARPResponder", Value::map({{"addresses", Value::list({"10.0.0.100"})}, {"mac", mac}}));
  };
  EXPECT_EQ(with_mac("01:00:00:00:00:01").size(), 1U);
  EXPECT_EQ(with_mac("00:00:00:00:00:00").size(), 1U);
  EXPECT_EQ(TestBench::problems_of("ARPResponder").size(), 2U) << "both parameters are required";
}

TEST(ARPResponder, SurvivesNastyPackets) {
  TestBench bench("ARPResponder", Value::map({{"addresses", Value::list({"0.0.0.0/0"})}, {"mac", "02:00:00:00:00:64"}}));
  push_nasty_packets(bench);
  EXPECT_EQ(bench.counter("answered"), bench.output("reply").size());
  EXPECT_GT(bench.counter("malformed"), 0U);
}

}  // namespace
}  // namespace smartswitch::testing
