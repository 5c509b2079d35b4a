// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <rte_cycles.h>

#include <algorithm>
#include <cstdint>
#include <ctime>

namespace smartswitch::runtime {

inline std::int64_t monotonic_ns() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1'000'000'000LL + t.tv_nsec;
}

/// CLOCK_MONOTONIC told from the processor's cycle counter: a few nanoseconds a reading. Set right against the kernel's clock every ten
/// milliseconds, so the kernel's corrections are followed; never runs backwards. One thread.
class Clock {
 public:
  Clock() : hz_(rte_get_tsc_hz()), cycles_between_syncs_(hz_ / 100), base_tsc_(rte_rdtsc()), base_ns_(monotonic_ns()) {
    scale_ = static_cast<std::uint64_t>(1e9 / static_cast<double>(hz_) * 0x1p32);
  }
  /// The time at which rte_rdtsc() was `tsc`, in ns.
  std::int64_t at(std::uint64_t tsc) {
    // A counter that jumped back gives a huge difference, too, and so is set right.
    if (tsc - base_tsc_ > cycles_between_syncs_) {
      sync();
    } else {
      last_ = std::max(last_, base_ns_ + static_cast<std::int64_t>(((tsc - base_tsc_) * scale_) >> 32));
    }
    return last_;
  }

 private:
  void sync() {
    base_ns_ = std::max(last_, monotonic_ns());
    base_tsc_ = rte_rdtsc();
    last_ = base_ns_;
  }
  std::uint64_t hz_;
  std::uint64_t cycles_between_syncs_;
  std::uint64_t base_tsc_;
  std::int64_t base_ns_;
  std::uint64_t scale_ = 0;  // nanoseconds a cycle, in units of 2^-32
  std::int64_t last_ = 0;
};

}  // namespace smartswitch::runtime
