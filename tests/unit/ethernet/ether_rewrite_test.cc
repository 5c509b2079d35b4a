// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/ethernet/frames.h"

namespace smartswitch::testing {
namespace {

using ::testing::SizeIs;

void expect_rewritten(const Value& parameters, const Bytes& expected) {
  TestBench bench("EtherRewrite", parameters);
  bench.push({from_to("02:00:00:00:00:01", "02:00:00:00:00:02")});
  ASSERT_THAT(bench.output("out"), SizeIs(1));
  EXPECT_EQ(bench.output("out")[0].bytes, expected);
}

TEST(EtherRewrite, SetsWhatIsGiven) {
  expect_rewritten(Value::map({{"destination", "02:00:00:00:00:0b"}}), from_to("02:00:00:00:00:01", "02:00:00:00:00:0b"));
  expect_rewritten(Value::map({{"source", "02:00:00:00:00:0a"}}), from_to("02:00:00:00:00:0a", "02:00:00:00:00:02"));
  expect_rewritten(Value::map({{"source", "02:00:00:00:00:0a"}, {"destination", "02:00:00:00:00:0b"}}),
                   from_to("02:00:00:00:00:0a", "02:00:00:00:00:0b"));
}

TEST(EtherRewrite, DropsRunts) {
  TestBench bench("EtherRewrite", Value::map({{"source", "02:00:00:00:00:0a"}}));
  bench.push({Bytes(13), Bytes(14), Bytes()});
  EXPECT_EQ(bench.counter("malformed"), 2U);
  EXPECT_THAT(bench.output("out"), SizeIs(1));
}

TEST(EtherRewrite, RefusesParametersThatMakeNoSense) {
  EXPECT_EQ(TestBench::problems_of("EtherRewrite").size(), 1U);
  EXPECT_EQ(TestBench::problems_of("EtherRewrite", Value::map({{"source", "01:00:00:00:00:01"}})).size(), 1U);
}

TEST(EtherRewrite, SurvivesNastyPackets) {
  TestBench bench("EtherRewrite", Value::map({{"source", "02:00:00:00:00:0a"}, {"destination", "02:00:00:00:00:0b"}}));
  push_nasty_packets(bench);
}

}  // namespace
}  // namespace smartswitch::testing
