// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "tests/unit/basic/frames.h"

namespace smartswitch::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(RateLimiter, LetsABurstThroughAndThenTheRate) {
  TestBench bench("RateLimiter", Value::map({{"rate", "1000"}, {"burst", "5"}}));
  bench.push(numbered(0, 8));
  EXPECT_THAT(numbers(bench.take("out")), ElementsAreArray(upto(0, 5)));
  EXPECT_THAT(numbers(bench.take("over")), ElementsAre(5, 6, 7));
  bench.advance(ms(2));
  bench.push(numbered(8, 12));
  EXPECT_THAT(numbers(bench.take("out")), ElementsAre(8, 9)) << "one packet a millisecond";
  bench.advance({500'000});
  bench.push(numbered(12, 13));
  EXPECT_THAT(bench.take("out"), IsEmpty()) << "half a packet's time";
  bench.advance({500'000});
  bench.push(numbered(13, 14));
  EXPECT_THAT(bench.take("out"), SizeIs(1));
}

TEST(RateLimiter, SavesNoMoreThanOneBurst) {
  TestBench bench("RateLimiter", Value::map({{"rate", "1000"}, {"burst", "5"}}));
  bench.advance({3'600'000'000'000});
  bench.push(numbered(0, 100));
  EXPECT_THAT(bench.output("out"), SizeIs(5));
}

TEST(RateLimiter, HoldsTheRateInTheLongRun) {
  TestBench bench("RateLimiter", Value::map({{"rate", "12345/s"}, {"burst", "10"}}));
  for (int i = 0; i < 10'000; ++i) {
    bench.push(numbered(0, 3));
    bench.advance({100'000});
  }
  EXPECT_NEAR(static_cast<double>(bench.output("out").size()), 12345 + 10, 2);
}

TEST(RateLimiter, CountsBitsWithBandwidth) {
  // 43 bytes each; 1 Mbit/s are 125 bytes a millisecond.
  TestBench bench("RateLimiter", Value::map({{"bandwidth", "1M"}, {"burst_bytes", "100"}}));
  bench.push(numbered(0, 5));
  EXPECT_THAT(bench.take("out"), SizeIs(2)) << "86 of 100 bytes";
  bench.advance(ms(100));
  bench.push(numbered(0, 5));
  EXPECT_THAT(bench.take("out"), SizeIs(2)) << "the bucket holds no more than 100 bytes";
  bench.advance({232'000});  // 29 bytes: with the 14 that were left, one packet
  bench.push(numbered(0, 5));
  EXPECT_THAT(bench.take("out"), SizeIs(1));
}

TEST(RateLimiter, LetsAPacketLargerThanTheBurstPassAndPayLater) {
  TestBench bench("RateLimiter", Value::map({{"bandwidth", "8M"}, {"burst_bytes", "1000"}}));
  const auto push_jumbo = [&] { push_one(bench, segmented(bench, jumbo(), 100)); };
  push_jumbo();
  push_jumbo();
  EXPECT_THAT(bench.take("out"), SizeIs(1));
  bench.advance(ms(8));
  push_jumbo();
  EXPECT_THAT(bench.take("out"), IsEmpty());
  bench.advance(ms(1));  // 9000 bytes at 1 byte a microsecond
  push_jumbo();
  EXPECT_THAT(bench.take("out"), SizeIs(1));
}

TEST(RateLimiter, HasAUsefulBurstByDefault) {
  TestBench slow("RateLimiter", Value::map({{"rate", "10"}}));
  slow.push(numbered(0, 100));
  EXPECT_THAT(slow.output("out"), SizeIs(32));
  TestBench fast("RateLimiter", Value::map({{"rate", "20k"}}));
  fast.push(numbered(0, 300));
  EXPECT_THAT(fast.output("out"), SizeIs(200));
  TestBench bits("RateLimiter", Value::map({{"bandwidth", "1k"}}));
  bits.push(numbered(10, 400));
  EXPECT_NEAR(static_cast<double>(bits.output("out").size()), 16384 / 44.5, 5);
}

TEST(RateLimiter, DropsWhatIsOverIfItsOutputIsLoose) {
  TestBench::Options options;
  options.unconnected = {"over"};
  TestBench bench("RateLimiter", Value::map({{"rate", "1"}, {"burst", "1"}}), options);
  bench.push(numbered(0, 4));
  EXPECT_EQ(bench.counter("over_rate"), 3U);
}

TEST(RateLimiter, WantsOneRateAndTheBurstThatGoesWithIt) {
  const auto fault = [](std::vector<Value::Member> members) {
    return said(TestBench::problems_of("RateLimiter", Value::map(std::move(members))));
  };
  EXPECT_THAT(fault({}), HasSubstr("neither `rate` nor `bandwidth` is given"));
  EXPECT_THAT(fault({{"rate", "0"}}), HasSubstr("or it is 0"));
  EXPECT_THAT(fault({{"rate", "1"}, {"bandwidth", "1"}}), HasSubstr("both given"));
  EXPECT_THAT(fault({{"rate", "1"}, {"burst_bytes", "1"}}), HasSubstr("`burst_bytes` goes with `bandwidth`"));
  EXPECT_THAT(fault({{"bandwidth", "1"}, {"burst", "1"}}), HasSubstr("write `burst_bytes`"));
  EXPECT_THAT(fault({{"rate", "fast"}}), HasSubstr("is not a rate"));
  EXPECT_EQ(fault({{"rate", "10k"}, {"burst", "3"}}), "");
}

TEST(RateLimiter, PassesNastyPackets) {
  TestBench bench("RateLimiter", Value::map({{"bandwidth", "1G"}, {"burst_bytes", "100KiB"}}));
  push_nasty_packets(bench);
  EXPECT_THAT(bench.output("out"), ::testing::Not(IsEmpty()));
}

TEST(RandomDrop, DropsByChance) {
  TestBench bench("RandomDrop", Value::map({{"probability", "0.25"}}));
  for (int i = 0; i < 100; ++i) bench.push(numbered(0, 100));
  EXPECT_NEAR(static_cast<double>(bench.counter("unlucky")), 2500, 200);
}

TEST(RandomDrop, KeepsTheOrderOfTheOthers) {
  TestBench bench("RandomDrop", Value::map({{"probability", "0.5"}}));
  bench.push(numbered(0, 500));
  const auto left = numbers(bench.output("out"));
  EXPECT_TRUE(std::is_sorted(left.begin(), left.end()));
  EXPECT_GT(left.size(), 150U);
}

TEST(RandomDrop, KnowsNeverAndAlways) {
  TestBench never("RandomDrop", Value::map({{"probability", "0"}}));
  never.push(numbered(0, 1000));
  EXPECT_EQ(never.counter("unlucky"), 0U);
  TestBench always("RandomDrop", Value::map({{"probability", "1"}}));
  always.push(numbered(0, 1000));
  EXPECT_EQ(always.counter("unlucky"), 1000U);
}

TEST(RandomDrop, RefusesWhatIsNoProbability) {
  EXPECT_THAT(said(TestBench::problems_of("RandomDrop")), HasSubstr("needs the parameter `probability`"));
  EXPECT_THAT(said(TestBench::problems_of("RandomDrop", Value::map({{"probability", "1.5"}}))), HasSubstr("out of bounds: 0 to 1"));
  EXPECT_THAT(said(TestBench::problems_of("RandomDrop", Value::map({{"probability", "-0.1"}}))), HasSubstr("out of bounds"));
}

TEST(RandomDrop, PassesNastyPackets) {
  TestBench bench("RandomDrop", Value::map({{"probability", "0.5"}}));
  push_nasty_packets(bench);
}

}  // namespace
}  // namespace smartswitch::testing
