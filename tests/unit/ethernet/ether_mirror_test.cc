// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/ethernet/frames.h"

namespace smartswitch::testing {
namespace {

using ::testing::SizeIs;

TEST(EtherMirror, SwapsAddresses) {
  TestBench bench("EtherMirror");
  bench.push({from_to("02:00:00:00:00:01", "02:00:00:00:00:02"), from_to("02:00:00:00:00:01", "ff:ff:ff:ff:ff:ff"), Bytes(13)});
  ASSERT_THAT(bench.output("out"), SizeIs(1));
  EXPECT_EQ(bench.output("out")[0].bytes, Bytes(from_to("02:00:00:00:00:02", "02:00:00:00:00:01")));
  EXPECT_EQ(bench.counter("group"), 1U);
  EXPECT_EQ(bench.counter("malformed"), 1U);
}

TEST(EtherMirror, SurvivesNastyPackets) {
  TestBench bench("EtherMirror");
  push_nasty_packets(bench);
}

}  // namespace
}  // namespace smartswitch::testing
