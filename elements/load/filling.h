// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "elements/load/requests_under_way.h"

namespace smartswitch::load {

/// Storing every key before anything is measured: which one is next, how many sets may be under way, and when it is hopeless.
class Filling {
 public:
  /// Most sets under way, of all clients.
  static constexpr std::uint32_t kMostAtOnce = 32;

  /// Times are in ns, of one clock.
  Filling(std::uint64_t keys, std::int64_t now) : keys_(keys), last_progress_(now) {}

  /// Sets that may be under way, for values of up to `largest_value` bytes.
  static std::uint32_t at_once(std::uint32_t largest_value) { return std::clamp(kBytesAtOnce / (largest_value + 256), 1U, kMostAtOnce); }

  /// No key is left to be sent.
  [[nodiscard]] bool all_sent() const { return next_ == keys_ && again_.empty(); }
  /// Makes it a set of the next key: one that has to be sent again, otherwise a new one. There must be one.
  void choose(UnderWay& request) {
    request.set = true;
    if (again_.empty()) {
      request.key = next_++;
    } else {
      request.key = again_.back();
      again_.pop_back();
    }
  }
  /// It was not sent, or its answer was lost.
  void again(const UnderWay& request) { again_.push_back(request.key); }

  void answered(std::int64_t now) { last_progress_ = now; }
  /// For so long has nothing been answered that nothing will be. `timeout` is the time after which one request is given up.
  [[nodiscard]] bool hopeless(std::int64_t now, std::int64_t timeout) const {
    return now - last_progress_ > std::max(kPatience, 4 * timeout);
  }

 private:
  // Values' bytes: what a server's socket takes without loss by default (net.core.rmem_default), with overheads.
  static constexpr std::uint32_t kBytesAtOnce = 48 * 1024;
  static constexpr std::int64_t kPatience = 3'000'000'000;

  std::uint64_t keys_;
  std::uint64_t next_ = 0;
  std::vector<std::uint64_t> again_;
  std::int64_t last_progress_;
};

}  // namespace smartswitch::load
