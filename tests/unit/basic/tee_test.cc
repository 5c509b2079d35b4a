// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "tests/unit/basic/frames.h"

namespace smartswitch::testing {
namespace {

using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(Tee, GivesEachOutputEveryPacketInOrder) {
  TestBench bench("Tee", Value::map({}), with_ports(3));
  bench.push(numbered(0, 70));
  for (const char* output : {"0", "1", "2"}) EXPECT_THAT(numbers(bench.output(output)), ElementsAreArray(upto(0, 70))) << output;
  EXPECT_EQ(bench.element().created(), 140U);
}

TEST(Tee, WithOneOutputCopiesNothing) {
  TestBench bench("Tee", Value::map({}), with_ports(1));
  bench.push(numbered(0, 5));
  EXPECT_THAT(bench.output("0"), SizeIs(5));
  EXPECT_EQ(bench.element().created(), 0U);
}

TEST(Tee, CopiesBytesAndAnnotationsIntoABufferOfItsOwn) {
  TestBench::Options options;
  options.unconnected = {"0"};
  TestBench bench("Tee", Value::map({}), options);
  struct Scribbler {
    static void scribble(void*, unsigned, Batch& batch) {
      for (const Packet packet : batch) {
        EXPECT_EQ(packet.annotations().paint, 42);
        std::fill(packet.bytes().begin(), packet.bytes().end(), 0xEE);
        packet.annotations().paint = 1;
      }
      batch.free_all();
    }
  };
  Registry::instance().element("Tee")->outputs[0].array(bench.element())[0].connect(&Scribbler::scribble, &bench, 0);
  const Packet packet = bench.packet(numbered(5));
  packet.annotations().paint = 42;
  push_one(bench, packet);
  ASSERT_THAT(bench.output("1"), SizeIs(1));
  EXPECT_EQ(bench.output("1")[0].bytes, numbered(5));
  EXPECT_EQ(bench.output("1")[0].annotations.paint, 42);
}

TEST(Tee, CopiesJumboFramesInSegments) {
  TestBench bench("Tee");
  push_one(bench, segmented(bench, jumbo(), 100));
  for (const char* output : {"0", "1"}) {
    ASSERT_THAT(bench.output(output), SizeIs(1));
    EXPECT_EQ(bench.output(output)[0].bytes, jumbo());
  }
}

TEST(Tee, CountsCopiesThatThePoolHasNoBufferFor) {
  TestBench::Options options = with_ports(3);
  options.pool_packets = 63;
  TestBench bench("Tee", Value::map({}), options);
  bench.push(numbered(0, 60));
  EXPECT_THAT(numbers(bench.take("2")), ElementsAreArray(upto(0, 60)));
  // The bench frees the copies of output 0 before those of output 1 are made.
  EXPECT_THAT(bench.take("0"), SizeIs(3));
  EXPECT_THAT(bench.take("1"), SizeIs(3));
  EXPECT_EQ(bench.counter("no_buffer"), 114U);
  bench.push(numbered(0, 10));
  EXPECT_THAT(bench.output("0"), SizeIs(10)) << "the Tee has to recover";
}

TEST(Tee, NeedsAnOutput) {
  EXPECT_THAT(said(TestBench::problems_of("Tee", Value::map({}), with_ports(0))), HasSubstr("no output of this Tee is connected"));
  EXPECT_THAT(TestBench::problems_of("Tee").list(), IsEmpty());
}

TEST(Tee, PassesNastyPackets) {
  TestBench bench("Tee");
  push_nasty_packets(bench);
  // DPDK copies no packet of 0 bytes.
  EXPECT_EQ(bench.output("0").size() + bench.counter("no_buffer"), bench.output("1").size());
  EXPECT_LT(bench.counter("no_buffer"), 100U);
}

}  // namespace
}  // namespace smartswitch::testing
