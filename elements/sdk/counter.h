// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace smartswitch {

/// A count that one worker raises and any thread may read. Starts at 0 and never wraps in practice (64 bits).
class Counter {
 public:
  /// Only from the worker that owns the element: a plain load and store, no locked instruction.
  void add(std::uint64_t n = 1) { value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed); }
  /// From any thread, for what happens seldom: threads that all raise one count wait for each other. A counter takes either add() or
  /// add_shared(), never both.
  void add_shared(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// A count of a State, which several workers raise: each has a cache line of its own for it. Takes 1 KiB.
class SharedCounter {
 public:
  /// From any thread.
  void add(std::uint64_t n = 1) { cells_[own_cell()].value.fetch_add(n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const {
    std::uint64_t sum = 0;
    for (const Cell& cell : cells_) sum += cell.value.load(std::memory_order_relaxed);
    return sum;
  }

 private:
  static constexpr std::size_t kCells = 16;  // a power of two; more threads share cells, and still count right
  struct alignas(64) Cell {
    std::atomic<std::uint64_t> value{0};
  };
  static std::size_t own_cell() {
    static std::atomic<std::size_t> threads{0};
    thread_local const std::size_t own = threads.fetch_add(1, std::memory_order_relaxed) % kCells;
    return own;
  }
  std::array<Cell, kCells> cells_{};
};

/// Why packets were dropped, and how many. Elements declare one for each reason and name it in Element::drop().
class DropReason : public Counter {};

}  // namespace smartswitch
