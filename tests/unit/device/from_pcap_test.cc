// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/device/capture_file.h"
#include "tests/unit/nasty_packets.h"

namespace smartswitch::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::int64_t kMillisecond = 1'000'000;

class FromPcapTest : public ::testing::Test {
 protected:
  Value parameters(std::vector<Value::Member> more = {}) const {
    more.emplace_back("file", file.path());
    return Value::map(std::move(more));
  }
  void expect_fault(const std::string& message, std::vector<Value::Member> more = {}) const {
    const Problems problems = TestBench::problems_of("FromPcap", parameters(std::move(more)));
    ASSERT_EQ(problems.size(), 1U) << message;
    EXPECT_THAT(problems.list()[0].message, HasSubstr(message));
  }
  TemporaryFile file{"from.pcap"};
};

TEST_F(FromPcapTest, ReplaysTheFileOnce) {
  write_capture(file.path(), {{Bytes(60, 1)}, {Bytes(1500, 2)}, {Bytes(14, 3)}});
  TestBench bench("FromPcap", parameters({{"burst", "2"}}));
  EXPECT_EQ(bench.poll(), 2U);
  EXPECT_EQ(bench.poll(), 1U);
  EXPECT_EQ(bench.poll(), 0U);
  ASSERT_THAT(bench.output("out"), SizeIs(3));
  EXPECT_EQ(bench.output("out")[0].bytes, Bytes(60, 1));
  EXPECT_EQ(bench.output("out")[1].bytes, Bytes(1500, 2));
  EXPECT_EQ(bench.output("out")[2].bytes, Bytes(14, 3));
  EXPECT_EQ(bench.element().received(), 3U);
}

TEST_F(FromPcapTest, ReplaysItSeveralTimesOrWithoutEnd) {
  write_capture(file.path(), {{Bytes(60, 1)}, {Bytes(60, 2)}, {Bytes(60, 3)}});
  TestBench thrice("FromPcap", parameters({{"times", "3"}, {"burst", "64"}}));
  EXPECT_EQ(thrice.poll(), 9U);
  EXPECT_EQ(thrice.poll(), 0U);
  TestBench endless("FromPcap", parameters({{"times", "0"}}));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(endless.poll(), 32U);
  EXPECT_EQ(endless.output("out")[319].bytes, Bytes(60, 2)) << "319 is 1 more than a multiple of 3";
}

TEST_F(FromPcapTest, KeepsTheOriginalTiming) {
  constexpr std::int64_t kStart = 1'700'000'000'000'000'123;
  write_capture(file.path(),
                {{Bytes(60, 1), kStart}, {Bytes(60, 2), kStart + 5 * kMillisecond}, {Bytes(60, 3), kStart + 7 * kMillisecond}});
  TestBench bench("FromPcap", parameters({{"times", "2"}, {"timing", "original"}}));
  EXPECT_EQ(bench.poll(), 1U);
  bench.advance(Duration{5 * kMillisecond - 1});
  EXPECT_EQ(bench.poll(), 0U);
  bench.advance(Duration{1});
  EXPECT_EQ(bench.poll(), 1U);
  bench.advance(Duration{2 * kMillisecond});
  EXPECT_EQ(bench.poll(), 2U) << "the last, and the first of the next round";
  bench.advance(Duration{kMillisecond});
  EXPECT_EQ(bench.poll(), 0U);
  bench.advance(Duration{6 * kMillisecond});
  EXPECT_EQ(bench.poll(), 2U);
  EXPECT_EQ(bench.poll(), 0U) << "twice is all";
}

TEST_F(FromPcapTest, DropsWhatNoBufferHolds) {
  write_capture(file.path(), {{Bytes(2048, 1)}, {Bytes(2049, 2)}, {jumbo()}, {Bytes(60, 3)}});
  TestBench bench("FromPcap", parameters());
  EXPECT_EQ(bench.poll(), 4U);
  EXPECT_THAT(bench.output("out"), SizeIs(2));
  EXPECT_EQ(bench.counter("too_long"), 2U);
}

TEST_F(FromPcapTest, WaitsForBuffersAndLosesNothing) {
  std::vector<Captured> packets;
  for (std::uint8_t i = 0; i < 40; ++i) packets.push_back({Bytes(60, i)});
  write_capture(file.path(), packets);
  TestBench::Options options;
  options.pool_packets = 15;
  TestBench bench("FromPcap", parameters(), options);
  while (bench.poll() > 0) continue;
  ASSERT_THAT(bench.output("out"), SizeIs(40));
  for (std::uint8_t i = 0; i < 40; ++i) EXPECT_EQ(bench.output("out")[i].bytes, Bytes(60, i));
  EXPECT_EQ(bench.counter("no_buffer"), 2U);
}

TEST_F(FromPcapTest, ReplaysNastyPacketsAndShortCaptures) {
  std::vector<Captured> packets;
  for (const NastyPacket& nasty : nasty_packets()) packets.push_back({nasty.bytes});
  packets.push_back({Bytes(64), 0, 1500});
  write_capture(file.path(), packets);
  TestBench bench("FromPcap", parameters());
  while (bench.poll() > 0) continue;
  ASSERT_THAT(bench.output("out"), SizeIs(packets.size()));
  for (std::size_t i = 0; i < packets.size(); ++i) EXPECT_EQ(bench.output("out")[i].bytes, packets[i].bytes);
  EXPECT_EQ(bench.counter("captured_short"), 1U);
}

TEST_F(FromPcapTest, SaysWhyItCannotReadAFile) {
  expect_fault("cannot read the capture file `" + file.path() + "`: No such file or directory");
  std::ofstream(file.path()) << "This is a text, not a capture of packets.";
  expect_fault("unknown file format");
  write_capture(file.path(), {});
  expect_fault("has no packets");
  write_capture(file.path(), {{Bytes(60)}}, DLT_LINUX_SLL);
  expect_fault("has packets of link type LINUX_SLL, not of Ethernet");
  write_capture(file.path(), {{Bytes(60)}, {Bytes(60)}});
  expect_fault("takes more memory than the 100B", {{"memory", "100"}});
  std::filesystem::resize_file(file.path(), std::filesystem::file_size(file.path()) - 1);
  expect_fault("truncated dump file");
  const Problems problems = TestBench::problems_of("FromPcap", Value::map({{"file", ::testing::TempDir()}}));
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_THAT(problems.list()[0].message, HasSubstr("is not a file that can be read twice"));
}

}  // namespace
}  // namespace smartswitch::testing
