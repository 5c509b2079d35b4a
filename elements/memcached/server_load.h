// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <atomic>
#include <cstdint>

#include "elements/sdk/units.h"

namespace smartswitch::memcached {

/// A request that was sent under the switch's own address is waited for no longer than this.
inline constexpr Duration kLongestRequest{600'000'000'000};

/// What is known of a server from the requests that were sent to it under the switch's own address. Any thread.
struct alignas(64) ServerLoad {
  std::atomic<std::uint32_t> outstanding{0};  ///< requests whose reply has not come yet
  std::atomic<std::uint64_t> answered{0};     ///< requests with a reply
  std::atomic<std::uint64_t> lost{0};         ///< requests without one in time
  std::atomic<std::uint64_t> heard{0};        ///< the highest number of a probe whose answer came to a worker that does not probe

  void note_sent() { outstanding.fetch_add(1, std::memory_order_relaxed); }
  void note_answered() {
    outstanding.fetch_sub(1, std::memory_order_relaxed);
    answered.fetch_add(1, std::memory_order_relaxed);
  }
  void note_lost() {
    outstanding.fetch_sub(1, std::memory_order_relaxed);
    lost.fetch_add(1, std::memory_order_relaxed);
  }
  void note_heard(std::uint64_t probe) {
    std::uint64_t before = heard.load(std::memory_order_relaxed);
    while (before < probe && !heard.compare_exchange_weak(before, probe, std::memory_order_relaxed)) {
    }
  }
};

}  // namespace smartswitch::memcached
