// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <ctime>

#include "runtime/clock.h"

namespace smartswitch::command {

/// The signals that end a run, and SIGHUP, which reloads its configuration. They are blocked from before DPDK starts, so that all threads
/// inherit that, and taken here one by one.
class RunSignals {
 public:
  RunSignals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGTERM);
    sigaddset(&set_, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    signals_ = signalfd(-1, &set_, SFD_CLOEXEC | SFD_NONBLOCK);
    wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  }
  ~RunSignals() {
    let_through();
    close(signals_);
    close(wake_);
  }
  RunSignals(const RunSignals&) = delete;
  RunSignals& operator=(const RunSignals&) = delete;
  /// The number of one that came before `until`, or 0. 0 earlier than that after a wake().
  [[nodiscard]] int wait(std::int64_t until) const {
    constexpr std::int64_t kNsPerSecond = 1'000'000'000;
    const std::int64_t left = std::max<std::int64_t>(0, until - runtime::monotonic_ns());
    const timespec patience = {.tv_sec = left / kNsPerSecond, .tv_nsec = left % kNsPerSecond};
    std::array<pollfd, 2> both = {{{signals_, POLLIN, 0}, {wake_, POLLIN, 0}}};
    if (ppoll(both.data(), both.size(), &patience, nullptr) <= 0) return 0;
    eventfd_t ignored = 0;
    eventfd_read(wake_, &ignored);
    signalfd_siginfo which{};
    return read(signals_, &which, sizeof(which)) == sizeof(which) ? static_cast<int>(which.ssi_signo) : 0;
  }
  /// A signal that comes from now on, while the switch is stopping, ends the program at once.
  void let_through() const { pthread_sigmask(SIG_UNBLOCK, &set_, nullptr); }
  /// From any thread.
  void wake() const { eventfd_write(wake_, 1); }

 private:
  sigset_t set_;
  int signals_ = -1;
  int wake_ = -1;
};

}  // namespace smartswitch::command
