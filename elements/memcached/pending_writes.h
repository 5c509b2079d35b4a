// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstdint>

namespace smartswitch::memcached {

/// How many writes are under way, in one word. One whose reply never comes must not count for ever, and not for longer because others
/// follow it: so writes are counted by periods as long as the longest that a write may be under way, and only those of this period and of
/// the one before count.
class PendingWrites {
 public:
  explicit PendingWrites(std::uint32_t word) : word_(word) {}
  static PendingWrites none_in(std::uint64_t period) { return make(static_cast<std::uint8_t>(period), 0, 0); }
  [[nodiscard]] std::uint32_t word() const { return word_; }

  /// The same as seen in `period`, which is at most 100 later than this one. If it is earlier, for workers' clocks differ, this one stays.
  [[nodiscard]] PendingWrites in(std::uint64_t period) const {
    const auto since = static_cast<std::int8_t>(static_cast<std::uint8_t>(period) - last());
    return since <= 0 ? *this : make(static_cast<std::uint8_t>(period), 0, since == 1 ? current() : 0);
  }
  [[nodiscard]] bool none() const { return current() == 0 && before() == 0; }

  /// One more, in last().
  [[nodiscard]] PendingWrites sent() const { return make(last(), current() < kMost ? current() + 1 : kMost, before()); }
  /// The reply to one that was sent when `period` was the last has come.
  [[nodiscard]] PendingWrites answered(std::uint8_t period) const {
    if (period == last()) return make(last(), less(current()), before());
    if (period == static_cast<std::uint8_t>(last() - 1)) return make(last(), current(), less(before()));
    return *this;
  }
  /// These and others, which were sent about the same time.
  [[nodiscard]] PendingWrites with(PendingWrites others) const {
    const PendingWrites a = in(others.last());
    const PendingWrites b = others.in(last());
    return make(a.last(), sum(a.current(), b.current()), sum(a.before(), b.before()));
  }
  /// The lowest bits of the number of the period that writes are counted in.
  [[nodiscard]] std::uint8_t last() const { return static_cast<std::uint8_t>(word_ >> 24); }

 private:
  // So many were too many to be counted: only time ends them.
  static constexpr std::uint32_t kMost = 0xFFF;
  static std::uint32_t sum(std::uint32_t a, std::uint32_t b) { return a + b < kMost ? a + b : kMost; }
  static std::uint32_t less(std::uint32_t count) { return count == 0 || count == kMost ? count : count - 1; }
  static PendingWrites make(std::uint8_t period, std::uint32_t current, std::uint32_t before) {
    return PendingWrites(std::uint32_t{period} << 24 | current << 12 | before);
  }
  [[nodiscard]] std::uint32_t current() const { return word_ >> 12 & 0xFFF; }
  [[nodiscard]] std::uint32_t before() const { return word_ & 0xFFF; }

  std::uint32_t word_;
};

}  // namespace smartswitch::memcached
