// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gtest/gtest.h>

#include "tests/unit/nasty_packets.h"

namespace smartswitch::testing {
namespace {

TEST(Discard, DropsAndCountsEverything) {
  TestBench bench("Discard");
  bench.push({Bytes(60), Bytes(1500), Bytes()});
  EXPECT_EQ(bench.counter("discarded"), 3U);
  push_nasty_packets(bench);
  EXPECT_GT(bench.counter("discarded"), nasty_packets().size());
}

}  // namespace
}  // namespace smartswitch::testing
