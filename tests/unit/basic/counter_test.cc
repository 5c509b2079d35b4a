// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "tests/unit/basic/frames.h"

namespace smartswitch::testing {
namespace {

using ::testing::ElementsAreArray;

TEST(Counter, CountsPacketsAndBytesOfTheWire) {
  TestBench bench("Counter");
  bench.push(numbered(0, 10));
  EXPECT_EQ(bench.counter("packets"), 10U);
  EXPECT_EQ(bench.counter("bytes"), 10U * 43U);
  push_one(bench, segmented(bench, jumbo(), 60));
  EXPECT_EQ(bench.counter("packets"), 11U);
  EXPECT_EQ(bench.counter("bytes"), 10U * 43U + 9000U);
}

TEST(Counter, PassesPacketsOnInOrder) {
  TestBench bench("Counter");
  bench.push(numbered(0, 100));
  EXPECT_THAT(numbers(bench.output("out")), ElementsAreArray(upto(0, 100)));
}

TEST(Counter, PassesNastyPackets) {
  TestBench bench("Counter");
  push_nasty_packets(bench);
  std::uint64_t bytes = 0;
  for (const Seen& seen : bench.output("out")) bytes += seen.bytes.size();
  EXPECT_EQ(bench.counter("bytes"), bytes);
  EXPECT_EQ(bench.counter("packets"), bench.output("out").size());
}

TEST(PassThrough, PassesPacketsOnAsTheyAre) {
  TestBench bench("PassThrough");
  bench.push(numbered(0, 100));
  EXPECT_THAT(numbers(bench.take("out")), ElementsAreArray(upto(0, 100)));
  push_nasty_packets(bench);
}

}  // namespace
}  // namespace smartswitch::testing
