// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <atomic>
#include <cstdint>

namespace smartswitch {

/// A count that one worker raises and any thread may read. Starts at 0 and never wraps in practice (64 bits).
class Counter {
 public:
  /// Only from the worker that owns the element: a plain load and store, no locked instruction.
  void add(std::uint64_t n = 1) { value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed); }
  /// From any thread. A counter takes either add() or add_shared(), never both.
  void add_shared(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// Why packets were dropped, and how many. Elements declare one for each reason and name it in Element::drop().
class DropReason : public Counter {};

}  // namespace smartswitch
