// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "elements/sdk/counter.h"

namespace smartswitch::load {

/// Counts of nanoseconds up to a minute, to three significant digits, in the bucket layout of HdrHistogram (lowest value 1, highest
/// 60,000,000,000): bucket 0 has 2,048 counts one apart, and each further one 1,024 twice as far apart as the one before.
/// One thread records, any may read meanwhile.
class LatencyHistogram {
 public:
  static constexpr std::int64_t kHighest = 60'000'000'000;
  static constexpr int kSignificantDigits = 3;
  static constexpr unsigned kCounts = 27 * 1024;

  LatencyHistogram() : counts_(std::make_unique<Counter[]>(kCounts)) {}

  /// What is longer than a minute counts as one.
  void record(std::int64_t ns) {
    ns = ns < 0 ? 0 : ns > kHighest ? kHighest : ns;
    counts_[index_of(ns)].add();
    sum_.add(static_cast<std::uint64_t>(ns));
    if (ns < min_.load(std::memory_order_relaxed)) min_.store(ns, std::memory_order_relaxed);
    if (ns > max_.load(std::memory_order_relaxed)) max_.store(ns, std::memory_order_relaxed);
  }

  static unsigned index_of(std::int64_t ns) {
    const auto value = static_cast<std::uint64_t>(ns);
    const auto bucket = static_cast<unsigned>(64 - __builtin_clzll(value | 2047) - 11);
    return (bucket << 10) + static_cast<unsigned>(value >> bucket);
  }
  /// The lowest that is counted at `index`, and how many nanoseconds are.
  static std::int64_t lowest_at(unsigned index) {
    return index < 2048 ? index : static_cast<std::int64_t>((index & 1023) + 1024) << (index / 1024 - 1);
  }
  static std::int64_t width_at(unsigned index) { return index < 2048 ? 1 : std::int64_t{1} << (index / 1024 - 1); }

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

}  // namespace smartswitch::load
