// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <signal.h>

#include <algorithm>
#include <cstdint>
#include <ctime>

#include "runtime/clock.h"

namespace smartswitch::command {

/// The signals that end a run. They are blocked from before DPDK starts, so that all threads inherit that, and taken here one by one.
class EndSignals {
 public:
  EndSignals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  }
  /// A second signal, while the switch is stopping, ends the program at once.
  ~EndSignals() { pthread_sigmask(SIG_UNBLOCK, &set_, nullptr); }
  EndSignals(const EndSignals&) = delete;
  EndSignals& operator=(const EndSignals&) = delete;
  /// True if one came before `until`.
  [[nodiscard]] bool wait(std::int64_t until) const {
    constexpr std::int64_t kNsPerSecond = 1'000'000'000;
    const std::int64_t left = std::max<std::int64_t>(0, until - runtime::monotonic_ns());
    const timespec patience = {.tv_sec = left / kNsPerSecond, .tv_nsec = left % kNsPerSecond};
    return sigtimedwait(&set_, nullptr, &patience) > 0;
  }

 private:
  sigset_t set_;
};

}  // namespace smartswitch::command
