// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <map>

#include "tests/unit/basic/frames.h"

namespace smartswitch::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Value impair(std::vector<Value::Member> members) { return Value::map(std::move(members)); }

TEST(Impair, DoesNothingUnlessTold) {
  TestBench bench("Impair");
  EXPECT_EQ(bench.element().may_hold(), 0U);
  bench.push(numbered(0, 200));
  EXPECT_THAT(numbers(bench.output("out")), ElementsAreArray(upto(0, 200)));
}

TEST(Impair, LosesPackets) {
  TestBench bench("Impair", impair({{"loss", "0.1"}, {"seed", "3"}}));
  for (int i = 0; i < 100; ++i) bench.push(numbered(0, 100));
  EXPECT_NEAR(static_cast<double>(bench.counter("lost")), 1000, 150);
  EXPECT_EQ(bench.output("out").size(), 10'000 - bench.counter("lost"));
  TestBench all("Impair", impair({{"loss", "1"}, {"duplicate", "1"}, {"delay", "1s"}}));
  all.push(numbered(0, 10));
  EXPECT_EQ(all.counter("lost"), 10U);
}

TEST(Impair, DoublesPackets) {
  TestBench bench("Impair", impair({{"duplicate", "1"}}));
  bench.push(numbered(0, 3));
  EXPECT_THAT(numbers(bench.take("out")), ElementsAre(0, 0, 1, 1, 2, 2));
  EXPECT_EQ(bench.counter("duplicated"), 3U);
  EXPECT_EQ(bench.element().created(), 3U);
  bench.push(numbered(0, 64));
  EXPECT_THAT(bench.output("out"), SizeIs(128));
}

TEST(Impair, CountsCopiesThatThePoolHasNoBufferFor) {
  TestBench::Options options;
  options.pool_packets = 15;
  TestBench bench("Impair", impair({{"duplicate", "1"}, {"delay", "1ms"}}), options);
  bench.push(numbered(0, 10));
  EXPECT_EQ(bench.counter("duplicated"), 5U);
  EXPECT_EQ(bench.counter("no_buffer"), 5U);
  bench.advance(ms(1));
  bench.push(numbered(0, 2));
  EXPECT_EQ(bench.counter("duplicated"), 7U) << "it has to recover";
}

TEST(Impair, DelaysAllPacketsAlikeAndInOrder) {
  TestBench bench("Impair", impair({{"delay", "20ms"}}));
  bench.push(numbered(0, 100));
  EXPECT_EQ(bench.element().held(), 100U);
  bench.advance(ms(5));
  bench.push(numbered(100, 150));
  bench.advance({14'999'999});
  EXPECT_THAT(bench.output("out"), IsEmpty()) << "never early";
  bench.advance({1});
  EXPECT_THAT(numbers(bench.take("out")), ElementsAreArray(upto(0, 100)));
  EXPECT_EQ(bench.element().held(), 50U);
  bench.advance(ms(5));
  EXPECT_THAT(numbers(bench.output("out")), ElementsAreArray(upto(100, 150)));
  EXPECT_EQ(bench.worker().timers.next_due(), INT64_MAX) << "nothing is left to wait for";
}

TEST(Impair, JitterIsBetweenDelayAndDelayPlusJitter) {
  TestBench bench("Impair", impair({{"delay", "10ms"}, {"jitter", "10ms"}}));
  for (unsigned n = 0; n < 100; ++n) bench.push({numbered(n)});
  bench.advance({9'999'999});
  EXPECT_THAT(bench.output("out"), IsEmpty());
  bench.advance(ms(5));
  const std::size_t half = bench.output("out").size();
  EXPECT_GT(half, 25U);
  EXPECT_LT(half, 75U);
  bench.advance(ms(5));
  std::vector<unsigned> seen = numbers(bench.output("out"));
  EXPECT_FALSE(std::is_sorted(seen.begin(), seen.end())) << "packets change places";
  EXPECT_THAT(seen, ::testing::UnorderedElementsAreArray(upto(0, 100)));
}

TEST(Impair, WakesUpForEachPacketInItsTime) {
  TestBench bench("Impair", impair({{"delay", "10ms"}, {"jitter", "10ms"}, {"seed", "4"}}));
  for (unsigned n = 0; n < 100; ++n) bench.push({numbered(n)});
  for (unsigned n = 1; n <= 100; ++n) {
    bench.advance({bench.worker().timers.next_due() - bench.worker().now});
    ASSERT_THAT(bench.output("out"), SizeIs(n));
  }
}

TEST(Impair, SendsWhatIsDueBeforeWhatComes) {
  TestBench bench("Impair", impair({{"jitter", "1ms"}}));
  bench.push({numbered(1)});
  bench.worker().now += 2'000'000;  // as if the worker had polled before it looked at its timers
  bench.push({numbered(2)});
  EXPECT_THAT(numbers(bench.output("out")), ElementsAre(1));
}

TEST(Impair, DropsWhatItHasNoRoomFor) {
  TestBench bench("Impair", impair({{"delay", "1ms"}, {"limit", "10"}}));
  EXPECT_EQ(bench.element().may_hold(), 10U);
  bench.push(numbered(0, 25));
  EXPECT_EQ(bench.counter("full"), 15U);
  EXPECT_EQ(bench.element().held(), 10U);
  bench.advance(ms(1));
  EXPECT_THAT(numbers(bench.take("out")), ElementsAreArray(upto(0, 10)));
  bench.push(numbered(0, 10));
  EXPECT_EQ(bench.counter("full"), 15U) << "it has to recover";
}

/// Where each packet has come to, as a count of places it fell behind.
std::map<unsigned, int> setbacks(const std::vector<unsigned>& order) {
  std::map<unsigned, int> result;
  for (unsigned place = 0; place < order.size(); ++place) {
    int overtaken_by = 0;
    for (unsigned before = 0; before < place; ++before) overtaken_by += order[before] > order[place] ? 1 : 0;
    result[order[place]] = overtaken_by;
  }
  return result;
}

TEST(Impair, HoldsPacketsBackUntilOthersHaveOvertakenThem) {
  TestBench bench("Impair", impair({{"reorder", "0.1"}, {"reorder_by", "3"}, {"seed", "5"}}));
  bench.push(numbered(0, 400));
  bench.advance(ms(200));
  const std::uint64_t held_back = bench.counter("reordered");
  EXPECT_NEAR(static_cast<double>(held_back), 40, 20);
  const std::vector<unsigned> order = numbers(bench.output("out"));
  ASSERT_THAT(order, ::testing::UnorderedElementsAreArray(upto(0, 400)));
  std::uint64_t by_three = 0;
  for (const auto& [number, setback] : setbacks(order)) {
    if (number >= 390) continue;  // the last ones may find nobody to overtake them
    EXPECT_TRUE(setback == 0 || setback == 3) << number << " fell behind by " << setback;
    by_three += setback == 3 ? 1 : 0;
  }
  EXPECT_GE(by_three + 10, held_back);
}

TEST(Impair, HoldsAPacketBackNoLongerThanItsPatience) {
  TestBench bench("Impair", impair({{"reorder", "1"}, {"reorder_by", "3"}}));
  bench.push(numbered(0, 2));
  bench.advance({99'999'999});
  EXPECT_THAT(bench.output("out"), IsEmpty());
  bench.advance({1});
  EXPECT_THAT(numbers(bench.output("out")), ElementsAre(0, 1));
}

TEST(Impair, DelaysHeldBackPacketsToo) {
  TestBench bench("Impair", impair({{"reorder", "1"}, {"delay", "30ms"}}));
  bench.push(numbered(0, 1));
  bench.advance(ms(129));
  EXPECT_THAT(bench.output("out"), IsEmpty());
  bench.advance(ms(1));
  EXPECT_THAT(bench.output("out"), SizeIs(1));
}

TEST(Impair, HoldsPacketsBackForATime) {
  TestBench bench("Impair", impair({{"reorder", "0.2"}, {"reorder_by", "2ms"}, {"seed", "9"}}));
  bench.push(numbered(0, 100));
  const std::size_t at_once = bench.output("out").size();
  EXPECT_EQ(at_once + bench.counter("reordered"), 100U);
  bench.advance({1'999'999});
  EXPECT_EQ(bench.output("out").size(), at_once);
  bench.advance({1});
  EXPECT_EQ(bench.output("out").size(), 100U);
}

TEST(Impair, CountsHeldBackPacketsTowardsTheLimit) {
  TestBench bench("Impair", impair({{"reorder", "1"}, {"limit", "4"}}));
  bench.push(numbered(0, 6));
  EXPECT_EQ(bench.counter("full"), 2U);
  EXPECT_EQ(bench.element().held(), 4U);
}

std::vector<unsigned> run_of(const std::string& seed) {
  TestBench bench("Impair", impair({{"loss", "0.1"},
                                    {"duplicate", "0.1"},
                                    {"reorder", "0.1"},
                                    {"reorder_by", "2"},
                                    {"delay", "1ms"},
                                    {"jitter", "3ms"},
                                    {"seed", seed}}));
  for (unsigned n = 0; n < 300; n += 10) {
    bench.push(numbered(n, n + 10));
    bench.advance(ms(1));
  }
  bench.advance(ms(500));
  return numbers(bench.output("out"));
}

TEST(Impair, TheSameSeedGivesTheSameFaults) {
  EXPECT_EQ(run_of("2"), run_of("2"));
  EXPECT_NE(run_of("2"), run_of("3"));
}

TEST(Impair, FreesWhatItHoldsWhenItIsDestroyed) {
  TestBench bench("Impair", impair({{"reorder", "0.5"}, {"delay", "1s"}, {"duplicate", "0.5"}}));
  bench.push(numbered(0, 100));
  EXPECT_GT(bench.element().held(), 100U);
}

TEST(Impair, RefusesBadParameters) {
  const auto fault = [](std::vector<Value::Member> members) { return said(TestBench::problems_of("Impair", impair(std::move(members)))); };
  EXPECT_THAT(fault({{"loss", "1.1"}}), HasSubstr("out of bounds: 0 to 1"));
  EXPECT_THAT(fault({{"reorder_by", "0"}}), HasSubstr("`0` is not a number of packets (such as 3) or a duration (such as 2ms)"));
  EXPECT_THAT(fault({{"reorder_by", "3 packets"}}), HasSubstr("is not a number of packets"));
  EXPECT_THAT(fault({{"reorder_by", Value::list({})}}), HasSubstr("a list is not a number of packets"));
  EXPECT_THAT(fault({{"limit", "0"}}), HasSubstr("out of bounds"));
  EXPECT_THAT(fault({{"delay", "20"}}), HasSubstr("is not a duration"));
  EXPECT_EQ(fault({{"reorder_by", "5us"}}), "");
}

TEST(Impair, PassesNastyPackets) {
  TestBench::Options options;
  options.pool_packets = 8191;
  TestBench bench(
      "Impair", impair({{"loss", "0.1"}, {"duplicate", "0.3"}, {"reorder", "0.3"}, {"delay", "1us"}, {"jitter", "1ms"}, {"limit", "100"}}),
      options);
  push_nasty_packets(bench);
  EXPECT_GT(bench.counter("full"), 0U);
  bench.advance(ms(200));
  EXPECT_EQ(bench.element().held(), 0U);
}

}  // namespace
}  // namespace smartswitch::testing
