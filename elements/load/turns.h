// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstdint>
#include <vector>

namespace smartswitch::load {

/// Which client may send next, in a closed loop: each has as many turns as its window, and gets one back with each answer. First in, first
/// out.
class Turns {
 public:
  /// All turns of `clients` clients with `each` turns, one client after the other.
  Turns(std::uint32_t clients, std::uint32_t each) : ring_(static_cast<std::size_t>(clients) * each) {
    for (std::size_t i = 0; i < ring_.size(); ++i) ring_[i] = static_cast<std::uint32_t>(i % clients);
    free_ = ring_.size();
  }
  [[nodiscard]] bool none() const { return free_ == 0; }
  [[nodiscard]] std::size_t count() const { return free_; }
  [[nodiscard]] std::uint32_t next() const { return ring_[head_]; }
  void take() {
    head_ = after(head_, 1);
    --free_;
  }
  void give_back(std::uint32_t client) { ring_[after(head_, free_++)] = client; }

 private:
  [[nodiscard]] std::size_t after(std::size_t at, std::size_t by) const {
    return at + by < ring_.size() ? at + by : at + by - ring_.size();
  }
  std::vector<std::uint32_t> ring_;
  std::size_t head_ = 0;
  std::size_t free_ = 0;
};

}  // namespace smartswitch::load
