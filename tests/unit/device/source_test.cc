// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "elements/sdk/testing/test_bench.h"

namespace smartswitch::testing {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::size_t kPayload = 14 + 20 + 8;

std::string text_of(const Seen& seen, std::size_t from = kPayload) {
  return {seen.bytes.begin() + static_cast<std::ptrdiff_t>(from), seen.bytes.end()};
}

Value parameters(const std::string& payload, std::vector<Value::Member> more = {}) {
  more.emplace_back("payload", payload);
  return Value::map(std::move(more));
}

std::vector<std::string> payloads(const std::string& payload, const char* count, std::vector<Value::Member> more = {}) {
  more.emplace_back("count", count);
  TestBench bench("Source", parameters(payload, std::move(more)));
  while (bench.poll() > 0) continue;
  std::vector<std::string> texts;
  for (const Seen& seen : bench.output("out")) texts.push_back(text_of(seen));
  return texts;
}

void expect_fault(const Value& value, const std::string& message) {
  const Problems problems = TestBench::problems_of("Source", value);
  ASSERT_EQ(problems.size(), 1U) << message;
  EXPECT_THAT(problems.list()[0].message, HasSubstr(message));
}

TEST(Source, MakesThePacketThatWasDescribed) {
  TestBench bench("Source", parameters("hello", {{"source_mac", "02:00:00:00:00:0a"},
                                                 {"destination_mac", "02:00:00:00:00:0b"},
                                                 {"source", "10.1.2.3"},
                                                 {"destination", "10.4.5.6"},
                                                 {"source_port", "999"},
                                                 {"destination_port", "11211"},
                                                 {"count", "1"}}));
  EXPECT_EQ(bench.poll(), 1U);
  EXPECT_EQ(bench.poll(), 0U);
  Bytes expected =
      PacketBuilder().ether("02:00:00:00:00:0a", "02:00:00:00:00:0b").ipv4("10.1.2.3", "10.4.5.6").udp(999, 11211).payload("hello");
  // The builder's identification is 0x1234 without DF; the source's is 0 with DF. The checksum takes the difference.
  expected[18] = expected[19] = 0;
  expected[20] = 0x40;
  std::uint32_t sum = static_cast<std::uint32_t>(expected[24] << 8 | expected[25]) + 0x1234 + 0xFFFF - 0x4000;
  sum = (sum & 0xFFFF) + (sum >> 16);
  expected[24] = static_cast<std::uint8_t>(sum >> 8);
  expected[25] = static_cast<std::uint8_t>(sum);
  ASSERT_THAT(bench.output("out"), SizeIs(1));
  EXPECT_EQ(bench.output("out")[0].bytes, expected);
  EXPECT_EQ(bench.element().created(), 1U);
}

TEST(Source, MakesIpv6) {
  TestBench bench("Source", parameters("x{counter}", {{"source", "fd00::1"}, {"destination", "fd00::2"}, {"count", "1"}}));
  bench.poll();
  const Bytes expected =
      PacketBuilder().ether("02:00:00:00:00:01", "02:00:00:00:00:02").ipv6("fd00::1", "fd00::2").udp(1024, 9).payload("x0000000000");
  ASSERT_THAT(bench.output("out"), SizeIs(1));
  EXPECT_EQ(bench.output("out")[0].bytes, expected);
}

TEST(Source, UnderstandsEscapes) {
  EXPECT_THAT(payloads(R"(a\r\n\t\\\{\x00\xfF{id})", "1"), ElementsAre(std::string("a\r\n\t\\{\x00\xFF\0\0", 10)));
}

TEST(Source, FillsPlaceholders) {
  EXPECT_THAT(payloads("{counter}{id}", "3"),
              ElementsAre(std::string("0000000000\0\0", 12), std::string("0000000001\0\1", 12), std::string("0000000002\0\2", 12)));
  const auto keys = payloads("get {key} {key}", "2000", {{"key_space", "50"}, {"key_digits", "4"}});
  ASSERT_THAT(keys, SizeIs(2000));
  std::set<std::string> different;
  unsigned twins = 0;
  for (const std::string& text : keys) {
    ASSERT_EQ(text.size(), 13U);
    EXPECT_LT(std::stoi(text.substr(4, 4)), 50);
    different.insert(text.substr(4, 4));
    twins += text.substr(4, 4) == text.substr(9, 4) ? 1 : 0;
  }
  EXPECT_EQ(different.size(), 50U);
  EXPECT_LT(twins, 200U) << "the keys of a payload are drawn apart";
}

TEST(Source, ChecksumsAreRightWhereverPlaceholdersAre) {
  for (const char* payload : {"{id}x{key}y{counter}", "x{id}{counter}{key}", "{key}", "x{key}{key}", "{id}", "x{id}"}) {
    TestBench bench("Source", parameters(payload, {{"key_digits", "7"}, {"count", "700"}}));
    while (bench.poll() > 0) continue;
    ASSERT_THAT(bench.output("out"), SizeIs(700));
    for (const Seen& seen : bench.output("out")) {
      const Bytes computed =
          PacketBuilder().ether("02:00:00:00:00:01", "02:00:00:00:00:02").ipv4("10.0.0.1", "10.0.0.2").udp(1024, 9).payload(text_of(seen));
      ASSERT_EQ(Bytes(seen.bytes.begin() + 34, seen.bytes.end()), Bytes(computed.begin() + 34, computed.end())) << payload;
    }
  }
}

TEST(Source, PadsToItsLength) {
  TestBench bench("Source", parameters("ab", {{"length", "60"}, {"count", "1"}}));
  bench.poll();
  ASSERT_THAT(bench.output("out"), SizeIs(1));
  const Bytes& bytes = bench.output("out")[0].bytes;
  EXPECT_EQ(bytes.size(), 60U);
  EXPECT_EQ(text_of(bench.output("out")[0]), std::string("ab") + std::string(16, '\0'));
  EXPECT_EQ(bytes[39], 60 - 34) << "UDP length";
}

TEST(Source, KeepsItsRateAndDoesNotFloodAfterAPause) {
  TestBench bench("Source", parameters("", {{"rate", "1000/s"}}));
  EXPECT_EQ(bench.poll(), 1U) << "the first at once";
  EXPECT_EQ(bench.poll(), 0U);
  unsigned made = 0;
  for (int i = 0; i < 5000; ++i) {
    bench.advance(Duration{100'000});
    made += bench.poll();
    bench.take("out");
  }
  EXPECT_GE(made, 499U);
  EXPECT_LE(made, 501U);
  bench.advance(Duration{10'000'000'000});
  made = 0;
  while (const unsigned n = bench.poll()) made += n;
  EXPECT_EQ(made, 32U) << "of 10,000 that are late, one burst";
}

TEST(Source, CatchesUpWithTenMilliseconds) {
  TestBench bench("Source", parameters("", {{"rate", "100k"}}));
  bench.poll();
  bench.advance(Duration{1'000'000'000});
  unsigned made = 0;
  while (const unsigned n = bench.poll()) {
    made += n;
    bench.take("out");
  }
  EXPECT_GE(made, 999U);
  EXPECT_LE(made, 1001U);
}

TEST(Source, StopsAtItsCount) {
  TestBench bench("Source", parameters("", {{"count", "100"}, {"burst", "64"}}));
  EXPECT_EQ(bench.poll(), 64U);
  EXPECT_EQ(bench.poll(), 36U);
  EXPECT_EQ(bench.poll(), 0U);
}

TEST(Source, WaitsForBuffers) {
  TestBench::Options options;
  options.pool_packets = 7;
  TestBench bench("Source", parameters("{counter}", {{"count", "20"}}), options);
  while (bench.poll() > 0) continue;
  ASSERT_THAT(bench.output("out"), SizeIs(20));
  for (unsigned i = 0; i < 20; ++i) EXPECT_EQ(text_of(bench.output("out")[i]), fmt::format("{:010}", i));
  EXPECT_EQ(bench.counter("no_buffer"), 2U);
}

TEST(Source, SaysWhatIsWrong) {
  expect_fault(parameters("{kee}"), "payload: `{kee}` is no placeholder; there are {counter}, {key} and {id}, and a brace is written \\{");
  expect_fault(parameters("{"), "`{` is no placeholder");
  expect_fault(parameters("a\\q"), "payload: `\\q` is no escape");
  expect_fault(parameters("\\x1"), "`\\x1` is no escape");
  expect_fault(parameters("\\xg1"), "`\\xg1` is no escape");
  expect_fault(parameters("\\"), "`\\` is no escape");
  expect_fault(parameters("", {{"source", "fd00::1"}}), "different IP versions");
  expect_fault(parameters("", {{"destination", "here"}}), "`here` is not an IP address");
  expect_fault(parameters("{key}", {{"key_space", "1001"}, {"key_digits", "3"}}), "1001 keys cannot be told apart by 3 digits");
  expect_fault(parameters("hello", {{"length", "46"}}), "`length` is 46, but headers and payload take 47 bytes");
  expect_fault(parameters("hello", {{"length", "9000"}}), "packets of 9000 bytes do not fit into the packet buffers of 2048");
}

}  // namespace
}  // namespace smartswitch::testing
