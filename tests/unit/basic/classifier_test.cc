// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "tests/unit/basic/frames.h"

namespace smartswitch::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Value patterns(std::vector<Value::Member> members) { return Value::map({{"patterns", Value::map(std::move(members))}}); }

/// Whether a Classifier with this one pattern lets the packet through.
bool matches(const std::string& pattern, const Bytes& packet) {
  TestBench bench("Classifier", patterns({{"yes", pattern}}));
  bench.push({packet});
  EXPECT_EQ(bench.output("yes").size() + bench.counter("no_match"), 1U);
  return bench.output("yes").size() == 1;
}

std::string fault_of(const std::string& pattern) { return said(TestBench::problems_of("Classifier", patterns({{"x", pattern}}))); }

const Bytes kCounting = [] {
  Bytes bytes;
  for (unsigned i = 0; i < 100; ++i) bytes.push_back(static_cast<std::uint8_t>(i));
  return bytes;
}();

TEST(Classifier, SortsByFirstMatchInTheOrderOfTheFile) {
  TestBench bench("Classifier", patterns({{"arp", "12/0806"}, {"udp", "12/0800 23/11"}, {"ip", "12/0800"}, {"rest", "-"}}));
  bench.push({frame().ipv4("10.0.0.1", "10.0.0.2").tcp(1, 2), numbered(1), arp_request("02:00:00:00:00:01", "10.0.0.1", "10.0.0.2"),
              frame().ipv6("fd00::1", "fd00::2").udp(1, 2), numbered(2)});
  EXPECT_THAT(bench.output("arp"), SizeIs(1));
  EXPECT_THAT(numbers(bench.output("udp")), ElementsAre(1, 2));
  EXPECT_THAT(bench.output("ip"), SizeIs(1));
  EXPECT_THAT(bench.output("rest"), SizeIs(1));
}

TEST(Classifier, DropsWhatMatchesNothing) {
  TestBench bench("Classifier", patterns({{"arp", "12/0806"}}));
  bench.push(numbered(0, 7));
  EXPECT_EQ(bench.counter("no_match"), 7U);
}

TEST(Classifier, ComparesAnyNumberOfBytesAtAnyOffset) {
  for (unsigned offset = 0; offset < 30; ++offset) {
    for (unsigned length = 1; length <= 20; ++length) {
      std::string value;
      for (unsigned i = 0; i < length; ++i) value += fmt::format("{:02x}", offset + i);
      const std::string term = fmt::format("{}/{}", offset, value);
      EXPECT_TRUE(matches(term, kCounting)) << term;
      EXPECT_FALSE(matches("!" + term, kCounting)) << term;
      Bytes last_changed = kCounting;
      last_changed[offset + length - 1] ^= 0x10;
      EXPECT_FALSE(matches(term, last_changed)) << term;
      Bytes first_changed = kCounting;
      first_changed[offset] ^= 0x01;
      EXPECT_FALSE(matches(term, first_changed)) << term;
      Bytes neighbours_changed = kCounting;
      if (offset > 0) neighbours_changed[offset - 1] ^= 0xFF;
      neighbours_changed[offset + length] ^= 0xFF;
      EXPECT_TRUE(matches(term, neighbours_changed)) << term;
    }
  }
}

TEST(Classifier, NeedsTheBytesToBeThere) {
  const auto first = [](std::size_t n) { return Bytes(kCounting.begin(), kCounting.begin() + static_cast<std::ptrdiff_t>(n)); };
  EXPECT_TRUE(matches("12/0c0d", first(14)));
  EXPECT_FALSE(matches("12/0c0d", first(13)));
  EXPECT_TRUE(matches("!12/0c0d", first(13)));
  EXPECT_TRUE(matches("2/0203", first(4)));
  EXPECT_FALSE(matches("2/0203", first(3)));
  EXPECT_FALSE(matches("0/00", first(0)));
  EXPECT_TRUE(matches("-", first(0)));
  EXPECT_FALSE(matches("65535/00", kCounting));
  EXPECT_TRUE(matches("59/??", first(60)));
  EXPECT_FALSE(matches("60/??", first(60)));
  EXPECT_FALSE(matches("60/?? 5/05", first(60))) << "the term that reaches furthest counts, not the last one";
}

TEST(Classifier, KnowsWildcardsAndMasks) {
  EXPECT_TRUE(matches("10/0?0b", kCounting));
  EXPECT_TRUE(matches("10/?a", kCounting));
  EXPECT_FALSE(matches("10/?b", kCounting));
  EXPECT_TRUE(matches("10/FA%0F", kCounting)) << "bits that the mask leaves out do not count";
  EXPECT_FALSE(matches("10/FA%1F", kCounting));
  EXPECT_TRUE(matches("20/1400%ff00", kCounting));
  EXPECT_TRUE(matches("20/?4%0f", kCounting));
  EXPECT_TRUE(matches("!10/0b", kCounting));
  EXPECT_TRUE(matches("10/0A  !11/0a   90/5A", kCounting));
  EXPECT_FALSE(matches("10/0A !11/0b 90/5a", kCounting));
  EXPECT_FALSE(matches("10/0a 90/5b", kCounting));
  EXPECT_TRUE(matches("10/0f%03 10/0f%0c", Bytes(100, 0x0F)));
  EXPECT_TRUE(matches("10/fa%0f 10/0f%f0", kCounting)) << "two terms may look at different bits of one byte";
  EXPECT_FALSE(matches("10/fa%0f 10/1f%f0", kCounting));
}

TEST(Classifier, LooksBeyondTheFirstSegment) {
  TestBench bench("Classifier", patterns({{"jumbo", "8990/6a6a6a6a6a6a6a6a6a6a"}, {"rest", "-"}}));
  for (const std::size_t first : {0, 1, 5, 100}) push_one(bench, segmented(bench, jumbo(), first));
  EXPECT_THAT(bench.output("jumbo"), SizeIs(4));
  push_one(bench, bench.packet(numbered(1)));
  EXPECT_THAT(bench.output("rest"), SizeIs(1));
}

TEST(Classifier, ExplainsBadPatterns) {
  EXPECT_THAT(fault_of("12"), HasSubstr("`12` has no `/` between offset and value"));
  EXPECT_THAT(fault_of("12/080"), HasSubstr("two hexadecimal digits for each byte"));
  EXPECT_THAT(fault_of("12/"), HasSubstr("two hexadecimal digits for each byte"));
  EXPECT_THAT(fault_of("12/08zz"), HasSubstr("`z` in `12/08zz` is not a hexadecimal digit"));
  EXPECT_THAT(fault_of("12/0800%fg00"), HasSubstr("`g` in `12/0800%fg00` is not a hexadecimal digit"));
  EXPECT_THAT(fault_of("12/0800%??00"), HasSubstr("`?` in `12/0800%??00` is not a hexadecimal digit"));
  EXPECT_THAT(fault_of("x/08"), HasSubstr("`x` in `x/08` is not an offset from 0 to 65535"));
  EXPECT_THAT(fault_of("/08"), HasSubstr("is not an offset"));
  EXPECT_THAT(fault_of("-1/08"), HasSubstr("is not an offset"));
  EXPECT_THAT(fault_of("70000/08"), HasSubstr("`70000` in `70000/08` is not an offset"));
  EXPECT_THAT(fault_of("12/0800%ff"), HasSubstr("value and mask of `12/0800%ff` differ in length"));
  EXPECT_THAT(fault_of("12/0800 -"), HasSubstr("stands alone"));
  EXPECT_THAT(fault_of("12/08 12/09"), HasSubstr("byte 12 cannot have two values at once"));
  EXPECT_THAT(fault_of(""), HasSubstr("an empty pattern says nothing"));
  EXPECT_THAT(fault_of("  "), HasSubstr("an empty pattern says nothing"));
  EXPECT_THAT(fault_of("12"), HasSubstr("a pattern is `-`, or terms like")) << "the hint";
}

TEST(Classifier, ReportsAllBadPatternsAtTheirPlaces) {
  const Problems problems = TestBench::problems_of(
      "Classifier", patterns({{"a", Value("12", {"f.yaml", 3, 7})}, {"b", "12/0800"}, {"c", Value::list({}, {"f.yaml", 5, 9})}}));
  ASSERT_EQ(problems.size(), 2U) << said(problems);
  EXPECT_EQ(problems.list()[0].where, (Location{"f.yaml", 3, 7}));
  EXPECT_EQ(problems.list()[1].where, (Location{"f.yaml", 5, 9}));
  EXPECT_THAT(said(problems), HasSubstr("a list is not a pattern"));
}

TEST(Classifier, NeedsPatterns) {
  EXPECT_THAT(said(TestBench::problems_of("Classifier")), HasSubstr("needs the parameter `patterns`"));
  EXPECT_THAT(said(TestBench::problems_of("Classifier", patterns({}))), HasSubstr("needs at least one pattern"));
}

TEST(Classifier, SortsNastyPackets) {
  TestBench bench("Classifier", patterns({{"end", "1490/ff"}, {"ip", "12/0800 !23/11"}, {"udp", "12/0800"}, {"short", "!5/00%00"}}));
  push_nasty_packets(bench);
  for (const Seen& seen : bench.output("ip")) {
    ASSERT_GE(seen.bytes.size(), 14U);
    EXPECT_EQ(seen.bytes[12] << 8 | seen.bytes[13], 0x0800);
    EXPECT_TRUE(seen.bytes.size() < 24 || seen.bytes[23] != 17);
  }
  for (const Seen& seen : bench.output("short")) EXPECT_LT(seen.bytes.size(), 6U);
  EXPECT_THAT(bench.output("udp"), ::testing::Not(IsEmpty()));
  EXPECT_THAT(bench.output("end"), ::testing::Not(IsEmpty()));
}

}  // namespace
}  // namespace smartswitch::testing
