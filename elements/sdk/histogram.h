// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "elements/sdk/counter.h"

namespace smartswitch {

/// Counts of durations in nanoseconds up to a minute, in the bucket layout of HdrHistogram (lowest value 1): the first 2^Bits counts are
/// one apart, and each further half as many are twice as far apart as those before. So a duration is known to one part in 2^(Bits-1).
/// One thread records, any may read meanwhile.
template <unsigned Bits>
class Histogram {
 public:
  static constexpr std::int64_t kHighest = 60'000'000'000;

  static constexpr unsigned index_of(std::int64_t ns) {
    const auto value = static_cast<std::uint64_t>(ns);
    const auto bucket = static_cast<unsigned>(64 - __builtin_clzll(value | ((1U << Bits) - 1))) - Bits;
    return (bucket << (Bits - 1)) + static_cast<unsigned>(value >> bucket);
  }
  /// The lowest that is counted at `index`, and how many nanoseconds are.
  static constexpr std::int64_t lowest_at(unsigned index) {
    constexpr unsigned half = 1U << (Bits - 1);
    return index < 2 * half ? index : static_cast<std::int64_t>(index % half + half) << (index / half - 1);
  }
  static constexpr std::int64_t width_at(unsigned index) {
    return index < (1U << Bits) ? 1 : std::int64_t{1} << ((index >> (Bits - 1)) - 1);
  }
  static constexpr unsigned kCounts = ((index_of(kHighest) >> (Bits - 1)) + 1) << (Bits - 1);

  Histogram() : counts_(std::make_unique<Counter[]>(kCounts)) {}

  /// That something took so long, `times` times. What is longer than a minute counts as one.
  void record(std::int64_t ns, std::uint64_t times = 1) {
    ns = ns < 0 ? 0 : ns > kHighest ? kHighest : ns;
    counts_[index_of(ns)].add(times);
    sum_.add(static_cast<std::uint64_t>(ns) * times);
    if (ns < min_.load(std::memory_order_relaxed)) min_.store(ns, std::memory_order_relaxed);
    if (ns > max_.load(std::memory_order_relaxed)) max_.store(ns, std::memory_order_relaxed);
  }

  [[nodiscard]] std::uint64_t at(unsigned index) const { return counts_[index].value(); }
  [[nodiscard]] std::uint64_t sum() const { return sum_.value(); }
  /// INT64_MAX if there is none.
  [[nodiscard]] std::int64_t min() const { return min_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::int64_t max() const { return max_.load(std::memory_order_relaxed); }

 private:
  std::unique_ptr<Counter[]> counts_;
  Counter sum_;
  std::atomic<std::int64_t> min_{INT64_MAX};
  std::atomic<std::int64_t> max_{0};
};

/// What elements declare in describe() for operators to see: to an eighth, in 2 KiB.
inline constexpr unsigned kDurationBits = 4;
using DurationHistogram = Histogram<kDurationBits>;

}  // namespace smartswitch
