// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "elements/sdk/testing/test_bench.h"
#include "tests/unit/nasty_packets.h"

namespace smartswitch::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::string_view kOwnMac = "02:00:00:00:00:01";
constexpr std::string_view kPeerMac = "02:00:00:00:00:02";

Value own(const char* gateway = "") {
  std::vector<Value::Member> parameters = {{"address", "10.0.0.1"}, {"mac", std::string(kOwnMac)}, {"most_waiting", "4"}};
  if (*gateway != 0) parameters.emplace_back("gateway", gateway);
  return Value::map(parameters);
}

Bytes packet_to(std::string_view address) {
  return PacketBuilder().ether("02:00:00:00:00:99", "02:00:00:00:00:98").ipv4("10.0.0.1", address).udp(1, 2).payload("x");
}
// The answer to our request for `address`: a request of the peer's for us, with the operation changed.
Bytes answer_of(std::string_view address) {
  Bytes bytes = arp_request(kPeerMac, address, "10.0.0.1");
  bytes[21] = 2;
  return bytes;
}
Bytes addressed(Bytes bytes) {
  const Bytes head = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};
  std::copy(head.begin(), head.end(), bytes.begin());
  return bytes;
}

TEST(ARPQuerier, AsksOnceAndSendsWhatWaited) {
  TestBench bench("ARPQuerier", own());
  bench.push({packet_to("10.0.0.2"), packet_to("10.0.0.2")}, "in");
  EXPECT_THAT(bench.output("out"), IsEmpty());
  ASSERT_THAT(bench.output("query"), SizeIs(1));
  EXPECT_EQ(bench.output("query")[0].bytes, arp_request(kOwnMac, "10.0.0.1", "10.0.0.2"));
  EXPECT_EQ(bench.element().held(), 2U);
  bench.push({answer_of("10.0.0.2")}, "replies");
  EXPECT_EQ(bench.element().held(), 0U);
  bench.push({packet_to("10.0.0.2")}, "in");
  ASSERT_THAT(bench.output("out"), SizeIs(3));
  for (const Seen& seen : bench.output("out")) EXPECT_EQ(seen.bytes, addressed(packet_to("10.0.0.2")));
  EXPECT_EQ(bench.counter("asked"), 1U);
  EXPECT_EQ(bench.counter("learnt"), 1U);
}

TEST(ARPQuerier, SendsAllToTheGateway) {
  TestBench bench("ARPQuerier", own("10.0.0.254"));
  bench.push({packet_to("192.0.2.1")}, "in");
  ASSERT_THAT(bench.output("query"), SizeIs(1));
  EXPECT_EQ(bench.output("query")[0].bytes, arp_request(kOwnMac, "10.0.0.1", "10.0.0.254"));
  bench.push({answer_of("10.0.0.254")}, "replies");
  EXPECT_THAT(bench.output("out"), SizeIs(1));
}

TEST(ARPQuerier, GivesUpAfterThreeTries) {
  TestBench bench("ARPQuerier", own());
  bench.push({packet_to("10.0.0.2")}, "in");
  bench.advance(ms(1000));
  EXPECT_EQ(bench.counter("asked"), 3U);
  EXPECT_EQ(bench.counter("unanswered"), 1U);
  EXPECT_EQ(bench.element().held(), 0U);
  bench.push({packet_to("10.0.0.2")}, "in");
  EXPECT_EQ(bench.counter("asked"), 4U);
}

TEST(ARPQuerier, HoldsNoMoreThanItMay) {
  TestBench bench("ARPQuerier", own());
  bench.push(std::vector<Bytes>(6, packet_to("10.0.0.2")), "in");
  EXPECT_EQ(bench.element().held(), 4U);
  EXPECT_EQ(bench.counter("too_many"), 2U);
}

TEST(ARPQuerier, AsksAgainAndFollowsANewAddress) {
  TestBench bench("ARPQuerier", own());
  bench.push({packet_to("10.0.0.2")}, "in");
  bench.push({answer_of("10.0.0.2")}, "replies");
  bench.advance(ms(31'000));
  bench.push({packet_to("10.0.0.2")}, "in");
  EXPECT_EQ(bench.counter("asked"), 2U);
  ASSERT_THAT(bench.output("out"), SizeIs(2));  // it does not wait
  Bytes other = answer_of("10.0.0.2");
  other[27] = 0x33;
  bench.push({other}, "replies");
  bench.push({packet_to("10.0.0.2")}, "in");
  EXPECT_EQ(bench.output("out")[2].bytes[5], 0x33);
}

TEST(ARPQuerier, BelievesOnlyWhatItAskedFor) {
  TestBench bench("ARPQuerier", own());
  bench.push({packet_to("10.0.0.2")}, "in");
  Bytes multicast = answer_of("10.0.0.2");
  multicast[22] = 0x01;
  bench.push({answer_of("10.0.0.3"), multicast}, "replies");
  EXPECT_EQ(bench.counter("learnt"), 0U);
  EXPECT_EQ(bench.element().held(), 1U);
}

TEST(ARPQuerier, PassesOnWhatIsNoAnswerToUs) {
  TestBench bench("ARPQuerier", own());
  std::vector<Bytes> others = {packet_to("10.0.0.1"), arp_request(kPeerMac, "10.0.0.2", "10.0.0.1"), Bytes(20)};
  Bytes to_another = arp_request(kPeerMac, "10.0.0.2", "10.0.0.9");
  to_another[21] = 2;
  others.push_back(to_another);
  bench.push(others, "replies");
  EXPECT_THAT(bench.output("other"), SizeIs(others.size()));
}

TEST(ARPQuerier, DropsWhatIsNotIpv4) {
  TestBench bench("ARPQuerier", own());
  bench.push({arp_request(kPeerMac, "10.0.0.2", "10.0.0.1"), Bytes(20)}, "in");
  EXPECT_EQ(bench.counter("not_ipv4"), 2U);
}

TEST(ARPQuerier, SurvivesNastyPackets) {
  TestBench bench("ARPQuerier", own());
  push_nasty_packets(bench, "in");
  push_nasty_packets(bench, "replies");
}

}  // namespace
}  // namespace smartswitch::testing
