// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "elements/sdk/packet.h"
#include "elements/sdk/timer.h"

namespace smartswitch {

/// A small, fast generator (xorshift64*, Vigna 2016, doi:10.1145/2845077). Not for secrets.
class Random {
 public:
  /// Seeds that are near each other give sequences that are not (SplitMix64: Steele et al. 2014, doi:10.1145/2660193.2660195).
  explicit Random(std::uint64_t seed) {
    seed += 0x9E3779B97F4A7C15ULL;
    seed = (seed ^ seed >> 30) * 0xBF58476D1CE4E5B9ULL;
    seed = (seed ^ seed >> 27) * 0x94D049BB133111EBULL;
    state_ = seed ^ seed >> 31;
    if (state_ == 0) state_ = 1;  // the one state that leads nowhere
  }
  std::uint64_t next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545F4914F6CDD1DULL;
  }
  /// Uniform in [0, 1).
  double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

 private:
  std::uint64_t state_;
};

/// What an element may use of the thread that runs it. Written by that thread alone.
struct WorkerContext {
  unsigned index = 0;                 ///< 0, 1, ... in the order of the file
  std::int64_t now = 0;               ///< monotonic ns, read once a round of the worker's loop
  std::int64_t (*clock)() = nullptr;  ///< reads that time anew; null: `now` is exact (in tests)
  rte_mempool* pool = nullptr;        ///< for new packets; owned by the runtime
  rte_mempool* large_pool = nullptr;  ///< for those of up to kLargestPacket bytes; null if no element has asked for it
  TimerQueue timers;
  Random random{0};
  /// For a line in the log, never from the packet path. Any thread; does nothing unless the runtime has set it.
  std::function<void(std::string_view)> log = [](std::string_view) {};
};

}  // namespace smartswitch
