// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/command/supervision.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "runtime/clock.h"
#include "runtime/health.h"
#include "runtime/summary.h"

namespace smartswitch::command {
namespace {

constexpr std::int64_t kStatusInterval = 5'000'000'000;
// Of the watchdog's time: a sign of life may come late, because this thread may have to wait for a core.
constexpr std::int64_t kSignsInTime = 3;

}  // namespace

Supervision::Supervision(const ServiceManager& manager, runtime::Snapshot start) : manager_(manager), before_(std::move(start)) {}

std::int64_t Supervision::interval() const {
  if (!manager_.listens()) return 0;
  return manager_.watchdog() == 0 ? kStatusInterval : std::clamp<std::int64_t>(manager_.watchdog() / kSignsInTime, 1, kStatusInterval);
}

void Supervision::look(const runtime::Snapshot& now) {
  const std::vector<std::string> stuck = runtime::stuck_workers(before_, now, runtime::monotonic_ns());
  if (stuck.empty()) {
    manager_.status(runtime::statistics_line(before_, now));
    if (manager_.watchdog() > 0) manager_.alive();
  } else {
    manager_.status(stuck.front() + " is stuck");
    if (!told_) {
      spdlog::error("{} does not end its round: {}", stuck.front(),
                    manager_.watchdog() > 0 ? "the service manager will restart the switch unless that changes" : "its packets wait");
    }
  }
  told_ = !stuck.empty();
  before_ = now;
}

}  // namespace smartswitch::command
