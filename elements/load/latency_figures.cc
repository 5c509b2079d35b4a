// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/load/latency_figures.h"

#include <algorithm>
#include <cmath>

#include "elements/sdk/quantile.h"

namespace smartswitch::load {
namespace {

constexpr double kNsPerUs = 1000;

struct Counts {
  std::vector<std::uint64_t> at;
  std::uint64_t total = 0;
};

Counts add_up(const std::vector<const LatencyHistogram*>& histograms) {
  Counts counts{std::vector<std::uint64_t>(LatencyHistogram::kCounts), 0};
  for (const LatencyHistogram* histogram : histograms) {
    for (unsigned i = 0; i < LatencyHistogram::kCounts; ++i) counts.at[i] += histogram->at(i);
  }
  for (const std::uint64_t count : counts.at) counts.total += count;
  return counts;
}

double deviation_us(const Counts& counts, double mean) {
  double squares = 0;
  for (unsigned i = 0; i < LatencyHistogram::kCounts; ++i) {
    if (counts.at[i] == 0) continue;
    const std::int64_t middle_ns = LatencyHistogram::lowest_at(i) + LatencyHistogram::width_at(i) / 2;
    const double middle = static_cast<double>(middle_ns) / kNsPerUs;
    squares += (middle - mean) * (middle - mean) * static_cast<double>(counts.at[i]);
  }
  return std::sqrt(squares / static_cast<double>(counts.total));
}

}  // namespace

LatencyFigures figures_of(const std::vector<const LatencyHistogram*>& histograms) {
  LatencyFigures figures;
  const Counts counts = add_up(histograms);
  if (counts.total == 0) return figures;
  std::uint64_t sum = 0;
  std::int64_t min = INT64_MAX;
  std::int64_t max = 0;
  for (const LatencyHistogram* histogram : histograms) {
    sum += histogram->sum();
    min = std::min(min, histogram->min());
    max = std::max(max, histogram->max());
  }
  figures.count = counts.total;
  figures.min = static_cast<double>(min) / kNsPerUs;
  figures.max = static_cast<double>(max) / kNsPerUs;
  figures.mean = static_cast<double>(sum) / kNsPerUs / static_cast<double>(counts.total);
  figures.stddev = deviation_us(counts, figures.mean);
  // No percentile is above the maximum, which is known exactly.
  const auto percentile = [&](double percent) {
    return std::min(static_cast<double>(quantile_ns<kBits>(counts.at, percent / 100)) / kNsPerUs, figures.max);
  };
  figures.p50 = percentile(50);
  figures.p90 = percentile(90);
  figures.p99 = percentile(99);
  figures.p999 = percentile(99.9);
  figures.p9999 = percentile(99.99);
  return figures;
}

}  // namespace smartswitch::load
