// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "tests/unit/basic/frames.h"

namespace smartswitch::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

/// What is written to standard error while `work` runs.
template <class Work>
std::string written(const Work& work) {
  ::testing::internal::CaptureStderr();
  work();
  return ::testing::internal::GetCapturedStderr();
}

std::string line_of(const Bytes& packet, std::vector<Value::Member> parameters = {}) {
  TestBench bench("Print", Value::map(std::move(parameters)));
  return written([&] { bench.push({packet}); });
}

std::size_t lines(const std::string& text) { return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')); }

TEST(Print, SaysWhatThePacketIs) {
  EXPECT_EQ(line_of(frame().ipv4("10.0.0.1", "10.0.0.9").udp(999, 11211).payload("abc"), {{"label", "requests"}}),
            "1.000000 requests: 45 bytes, 02:00:00:00:00:01 > 02:00:00:00:00:02, IPv4 10.0.0.1 > 10.0.0.9, UDP 999 > 11211, payload 3\n");
  EXPECT_EQ(line_of(frame().vlan(100).vlan(4095).ipv6("fd00::1", "fd00::2").tcp(65535, 1)),
            "1.000000 element: 82 bytes, 02:00:00:00:00:01 > 02:00:00:00:00:02, VLAN 100, VLAN 4095, IPv6 fd00::1 > fd00::2, "
            "TCP 65535 > 1, payload 0\n");
  EXPECT_THAT(line_of(arp_request("02:00:00:00:00:01", "10.0.0.1", "10.0.0.2")),
              HasSubstr(", ARP 10.0.0.1 asks or answers for 10.0.0.2\n"));
  EXPECT_THAT(line_of(frame()), HasSubstr(", type 0x88b5\n"));
  EXPECT_THAT(line_of(frame().ipv4("10.0.0.1", "10.0.0.9").icmp_echo(1, 1)), HasSubstr("10.0.0.9, protocol 1\n"));
  EXPECT_THAT(line_of(frame().ipv4("10.0.0.1", "10.0.0.9").udp(1, 2).payload(std::string(8, 'x')).fragment(0, true)),
              HasSubstr("first fragment"));
  EXPECT_THAT(line_of(frame().ipv4("10.0.0.1", "10.0.0.9").udp(1, 2).payload("x").fragment(64, false)),
              HasSubstr(", fragment, protocol 17\n"));
}

TEST(Print, SaysWhatIsWrong) {
  EXPECT_EQ(line_of({}), "1.000000 element: 0 bytes, malformed\n");
  Bytes cut = numbered(1);
  cut.resize(20);
  EXPECT_THAT(line_of(cut), HasSubstr(", malformed\n"));
  TestBench bench("Print");
  EXPECT_THAT(written([&] { push_one(bench, segmented(bench, jumbo(), 1000)); }), HasSubstr(": 9000 bytes in 5 segments, "));
}

TEST(Print, ShowsBytes) {
  const Bytes packet = {0, 1, 2, 3, 0xFF, 5};
  EXPECT_EQ(line_of(packet, {{"bytes", "5"}}), "1.000000 element: 6 bytes, malformed | 00010203 ff\n");
  EXPECT_EQ(line_of(packet, {{"bytes", "1500"}}), "1.000000 element: 6 bytes, malformed | 00010203 ff05\n");
}

TEST(Print, PassesEveryPacketOn) {
  TestBench bench("Print", Value::map({{"limit", "1"}}));
  written([&] { bench.push(numbered(0, 100)); });
  EXPECT_THAT(numbers(bench.output("out")), ::testing::ElementsAreArray(upto(0, 100)));
}

TEST(Print, TakesASample) {
  TestBench bench("Print", Value::map({{"every", "10"}, {"limit", "0"}}));
  EXPECT_EQ(lines(written([&] { bench.push(numbered(0, 95)); })), 9U);
  EXPECT_EQ(lines(written([&] { bench.push(numbered(0, 5)); })), 1U);
  EXPECT_EQ(bench.counter("printed"), 10U);
  EXPECT_EQ(bench.counter("left_out"), 0U);
}

TEST(Print, DoesNotFlood) {
  TestBench bench("Print", Value::map({{"limit", "3"}}));
  EXPECT_EQ(lines(written([&] { bench.push(numbered(0, 50)); })), 3U);
  bench.advance(ms(999));
  EXPECT_EQ(lines(written([&] { bench.push(numbered(0, 50)); })), 0U);
  bench.advance(ms(1));
  EXPECT_EQ(lines(written([&] { bench.push(numbered(0, 50)); })), 3U);
  EXPECT_EQ(bench.counter("printed"), 6U);
  EXPECT_EQ(bench.counter("left_out"), 144U);
}

TEST(Print, WritesTheTime) {
  TestBench bench("Print");
  bench.advance({12'345'678'901});
  EXPECT_THAT(written([&] { bench.push({numbered(1)}); }), ::testing::StartsWith("13.345678 element"));
}

TEST(Print, RefusesBadParameters) {
  EXPECT_EQ(TestBench::problems_of("Print", Value::map({{"every", "0"}, {"bytes", "1501"}, {"limit", "much"}})).size(), 3U);
}

TEST(Print, SurvivesNastyPackets) {
  TestBench bench("Print", Value::map({{"limit", "0"}, {"bytes", "100"}}));
  const std::string text = written([&] { push_nasty_packets(bench); });
  EXPECT_EQ(lines(text), bench.output("out").size());
  EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }))
      << "nothing for the terminal to obey";
}

}  // namespace
}  // namespace smartswitch::testing
