// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <ctime>
#include <optional>

#include "tests/unit/device/capture_file.h"
#include "tests/unit/nasty_packets.h"

namespace smartswitch::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A disk that is full beyond `bytes`, as far as files of this process go.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int) = nullptr;
};

class ToPcapTest : public ::testing::Test {
 protected:
  Value parameters(std::vector<Value::Member> more = {}) const {
    more.emplace_back("file", file.path());
    return Value::map(std::move(more));
  }
  static void expect_fault(const std::string& path, const std::string& message) {
    const Problems problems = TestBench::problems_of("ToPcap", Value::map({{"file", path}}));
    ASSERT_EQ(problems.size(), 1U) << message;
    EXPECT_THAT(problems.list()[0].message, HasSubstr(message));
  }
  TemporaryFile file{"to.pcap"};
};

TEST_F(ToPcapTest, WritesAndPassesOn) {
  const std::int64_t before = std::time(nullptr);
  {
    TestBench bench("ToPcap", parameters());
    bench.push({Bytes(60, 1), Bytes(1500, 2)});
    bench.advance(Duration{1'500'000'000});
    bench.push({Bytes(60, 3)});
    ASSERT_THAT(bench.output("out"), SizeIs(3));
    EXPECT_EQ(bench.output("out")[1].bytes, Bytes(1500, 2));
  }
  const auto packets = read_capture(file.path());
  ASSERT_THAT(packets, SizeIs(3));
  EXPECT_EQ(packets[0].bytes, Bytes(60, 1));
  EXPECT_EQ(packets[1].bytes, Bytes(1500, 2));
  EXPECT_EQ(packets[2].bytes, Bytes(60, 3));
  EXPECT_EQ(packets[2].time - packets[1].time, 1'500'000'000);
  EXPECT_GE(packets[0].time / 1'000'000'000, before - 1);
  EXPECT_LE(packets[0].time / 1'000'000'000, std::time(nullptr) + 1);
}

TEST_F(ToPcapTest, FlushesInTime) {
  TestBench bench("ToPcap", parameters({{"flush", "10ms"}}));
  EXPECT_THAT(read_capture(file.path()), IsEmpty()) << "readable before the first packet";
  bench.push({Bytes(60, 1)});
  bench.advance(Duration{9'000'000});
  EXPECT_THAT(read_capture(file.path()), IsEmpty());
  bench.advance(Duration{1'000'000});
  EXPECT_THAT(read_capture(file.path()), SizeIs(1));
  EXPECT_EQ(bench.counter("written"), 1U);
  bench.push({Bytes(60, 2)});
  bench.advance(Duration{10'000'000});
  EXPECT_THAT(read_capture(file.path()), SizeIs(2));
}

TEST_F(ToPcapTest, CutsAtSnaplenAcrossSegments) {
  {
    TestBench bench("ToPcap", parameters({{"snaplen", "5000"}}));
    Batch batch;
    batch.add(segmented(bench, jumbo(), 100));
    bench.push(batch);
    bench.push({Bytes(60, 1)});
  }
  const auto packets = read_capture(file.path());
  ASSERT_THAT(packets, SizeIs(2));
  const Bytes whole = jumbo();
  EXPECT_EQ(packets[0].bytes, Bytes(whole.begin(), whole.begin() + 5000));
  EXPECT_EQ(packets[0].length, 9000U);
  EXPECT_EQ(packets[1].bytes, Bytes(60, 1));
}

TEST_F(ToPcapTest, ReplacesAnOlderFile) {
  std::ofstream(file.path()) << std::string(100'000, 'x');
  { const TestBench bench("ToPcap", parameters()); }
  EXPECT_EQ(std::filesystem::file_size(file.path()), 24U);
}

TEST_F(ToPcapTest, FullDiskCostsPacketsButNeverTheFile) {
  std::uint64_t written = 0;
  {
    TestBench bench("ToPcap", parameters({{"flush", "1ms"}}));
    bench.push({Bytes(1000, 1)});
    bench.advance(Duration{1'000'000});
    {
      const FullDisk full(3000);
      bench.push({Bytes(1000, 2), Bytes(1000, 3)});
      bench.advance(Duration{1'000'000});
      EXPECT_EQ(bench.counter("unwritten"), 2U);
      EXPECT_THAT(read_capture(file.path()), SizeIs(1)) << "no half packet stays behind";
    }
    bench.push({Bytes(1000, 4)});
    bench.advance(Duration{1'000'000});
    written = bench.counter("written");
    EXPECT_THAT(bench.output("out"), SizeIs(4)) << "all are passed on";
  }
  EXPECT_EQ(written, 2U);
  const auto packets = read_capture(file.path());
  ASSERT_THAT(packets, SizeIs(2));
  EXPECT_EQ(packets[1].bytes, Bytes(1000, 4));
}

TEST_F(ToPcapTest, WritesMoreThanItsBuffer) {
  TestBench bench("ToPcap", parameters());
  for (int i = 0; i < 40; ++i) bench.push(std::vector<Bytes>(10, Bytes(1500, static_cast<std::uint8_t>(i))));
  EXPECT_GT(bench.counter("written"), 300U) << "without waiting for the time to flush";
  bench.advance(Duration{1'000'000'000});
  const auto packets = read_capture(file.path());
  ASSERT_THAT(packets, SizeIs(400));
  for (std::size_t i = 0; i < 400; ++i) EXPECT_EQ(packets[i].bytes, Bytes(1500, static_cast<std::uint8_t>(i / 10)));
}

TEST_F(ToPcapTest, NamesTheWorker) {
  const TemporaryFile numbered("to-0.pcap");
  std::string pattern = numbered.path();
  pattern.replace(pattern.rfind("-0"), 2, "-{worker}");
  { const TestBench bench("ToPcap", Value::map({{"file", pattern}})); }
  EXPECT_TRUE(std::filesystem::exists(numbered.path()));
}

TEST_F(ToPcapTest, SaysWhyItCannotWrite) {
  expect_fault(file.path() + "/x.pcap", "cannot write the capture file `" + file.path() + "/x.pcap`: No such file or directory");
  expect_fault("/dev/full", "cannot write the capture file `/dev/full`: No space left on device");
  const TestBench bench("ToPcap", parameters());
  expect_fault(file.path(), "is being written by another ToPcap");
  const TemporaryFile pipe("to.pipe");
  ASSERT_EQ(mkfifo(pipe.path().c_str(), 0600), 0);
  expect_fault(pipe.path(), "`" + pipe.path() + "`");
}

TEST_F(ToPcapTest, WritesNastyPackets) {
  {
    TestBench bench("ToPcap", parameters());
    push_nasty_packets(bench);
    EXPECT_EQ(bench.counter("unwritten"), 0U);
  }
  EXPECT_GT(read_capture(file.path()).size(), nasty_packets().size());
}

TEST_F(ToPcapTest, WhatItWritesCanBeReplayed) {
  {
    TestBench bench("ToPcap", parameters());
    bench.push({Bytes(60, 1), Bytes(70, 2)});
  }
  TestBench bench("FromPcap", parameters());
  bench.poll();
  ASSERT_THAT(bench.output("out"), SizeIs(2));
  EXPECT_EQ(bench.output("out")[1].bytes, Bytes(70, 2));
}

}  // namespace
}  // namespace smartswitch::testing
