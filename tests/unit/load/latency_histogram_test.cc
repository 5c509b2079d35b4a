// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/load/latency_histogram.h"

#include <gtest/gtest.h>

#include <string>

#include "elements/load/histogram_log.h"
#include "elements/load/latency_figures.h"

namespace smartswitch::load {
namespace {

TEST(LatencyHistogram, CountsToThreeDigits) {
  for (const std::int64_t ns : {std::int64_t{0}, std::int64_t{1}, std::int64_t{2047}, std::int64_t{2048}, std::int64_t{4097},
                                std::int64_t{123'456}, std::int64_t{999'999'999}, LatencyHistogram::kHighest}) {
    const unsigned index = LatencyHistogram::index_of(ns);
    ASSERT_LT(index, LatencyHistogram::kCounts);
    EXPECT_LE(LatencyHistogram::lowest_at(index), ns);
    EXPECT_LT(ns, LatencyHistogram::lowest_at(index) + LatencyHistogram::width_at(index));
    EXPECT_LE(LatencyHistogram::width_at(index) * 1000, std::max<std::int64_t>(ns, 1000));
  }
}

TEST(LatencyHistogram, EveryPlaceFollowsTheOneBefore) {
  for (unsigned i = 1; i < LatencyHistogram::kCounts; ++i) {
    EXPECT_EQ(LatencyHistogram::lowest_at(i), LatencyHistogram::lowest_at(i - 1) + LatencyHistogram::width_at(i - 1));
    EXPECT_EQ(LatencyHistogram::index_of(LatencyHistogram::lowest_at(i)), i);
  }
}

TEST(LatencyHistogram, TakesWhatIsOutOfBounds) {
  LatencyHistogram histogram;
  histogram.record(-5);
  histogram.record(INT64_MAX);
  EXPECT_EQ(histogram.min(), 0);
  EXPECT_EQ(histogram.max(), LatencyHistogram::kHighest);
}

TEST(LatencyFigures, AreThoseOfAllHistogramsTogether) {
  LatencyHistogram gets;
  LatencyHistogram sets;
  for (int i = 1; i <= 1000; ++i) gets.record(i);
  sets.record(2'000'000);
  const LatencyFigures all = figures_of({&gets, &sets});
  EXPECT_EQ(all.count, 1001U);
  EXPECT_DOUBLE_EQ(all.min, 0.001);
  EXPECT_DOUBLE_EQ(all.max, 2000);
  EXPECT_DOUBLE_EQ(all.p50, 0.501);
  EXPECT_DOUBLE_EQ(all.p90, 0.901);
  EXPECT_DOUBLE_EQ(all.p9999, 2000);
  EXPECT_NEAR(all.mean, 2.498, 0.001);
  EXPECT_NEAR(figures_of({&gets}).stddev, 0.2887, 0.001);
  EXPECT_EQ(figures_of({}).count, 0U);
}

TEST(HistogramLog, EncodesCountsAndRunsOfZeros) {
  LatencyHistogram histogram;
  histogram.record(1);
  for (int i = 0; i < 100; ++i) histogram.record(5);
  const std::string bytes = encode_histogram(histogram);
  ASSERT_EQ(bytes.size(), 40U + 5);
  // One zero, 1, three zeros, 100 in two bytes: ZigZag doubles, and seven bits go in a byte.
  EXPECT_EQ(bytes.substr(40), std::string("\x00\x02\x05\xC8\x01", 5));
  EXPECT_EQ(bytes.substr(0, 8), std::string("\x1C\x84\x93\x13\x00\x00\x00\x05", 8));
}

// Decoded by the Python package hdrhistogram 0.10.8, which finds these counts in it.
TEST(HistogramLog, IsWhatOthersRead) {
  LatencyHistogram histogram;
  for (const std::int64_t ns : {1'000, 1'000, 25'000, 3'000'000}) histogram.record(ns);
  EXPECT_EQ(histogram_log(1'700'000'000.5, 2.25, {{"get", &histogram}}),
            "#[Latencies in nanoseconds, logged by smartswitch load]\n"
            "#[Histogram log format version 1.3]\n"
            "#[StartTime: 1700000000.500 (seconds since epoch), Tue Nov 14 22:13:20 UTC 2023]\n"
            "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n"
            "Tag=get,0.000,2.250,3.000,HISTFAAAACp4nJNpmSzMwMDAyQABzFCaEYh5f7hHMNh/gAic52d56MG0M48JAIUBB10=\n");
}

}  // namespace
}  // namespace smartswitch::load
