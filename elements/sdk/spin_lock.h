// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <rte_pause.h>

#include <atomic>

namespace smartswitch {

/// For state objects that several workers touch: to be held for a few loads and stores, never across a call that may wait. Works with
/// std::lock_guard. (rte_spinlock_t would do as well, but ThreadSanitizer cannot see into it.) Zeroed memory is an open lock.
class SpinLock {
 public:
  void lock() {
    while (taken_.exchange(true, std::memory_order_acquire)) {
      while (taken_.load(std::memory_order_relaxed)) rte_pause();
    }
  }
  bool try_lock() { return !taken_.exchange(true, std::memory_order_acquire); }
  void unlock() { taken_.store(false, std::memory_order_release); }

 private:
  std::atomic<bool> taken_{false};
};

}  // namespace smartswitch
