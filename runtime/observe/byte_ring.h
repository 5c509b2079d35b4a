// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace smartswitch::observe {

/// A queue of bytes between two threads: one writes, one reads, neither waits.
class ByteRing {
 public:
  /// Room for `bytes`, rounded up to a power of two.
  explicit ByteRing(std::size_t bytes) : bytes_(std::bit_ceil(bytes)) {}

  /// Writer: how much can be written now.
  [[nodiscard]] std::size_t room() const { return bytes_.size() - (pending_ - read_.load(std::memory_order_acquire)); }
  /// Writer: puts bytes in for which there is room; the reader sees them after publish().
  void write(const void* from, std::size_t n) {
    copy(pending_, n, [&](std::size_t at, std::size_t part, std::size_t done) {
      std::memcpy(bytes_.data() + at, static_cast<const std::uint8_t*>(from) + done, part);
    });
    pending_ += n;
  }
  void publish() { written_.store(pending_, std::memory_order_release); }

  /// Reader: how much can be read now.
  [[nodiscard]] std::size_t readable() const { return written_.load(std::memory_order_acquire) - read_.load(std::memory_order_relaxed); }
  /// Reader: the next bytes, of which there must be so many; they stay until discard().
  void peek(void* to, std::size_t n, std::size_t behind = 0) const {
    copy(read_.load(std::memory_order_relaxed) + behind, n, [&](std::size_t at, std::size_t part, std::size_t done) {
      std::memcpy(static_cast<std::uint8_t*>(to) + done, bytes_.data() + at, part);
    });
  }
  void discard(std::size_t n) { read_.store(read_.load(std::memory_order_relaxed) + n, std::memory_order_release); }

 private:
  template <class Part>
  void copy(std::size_t position, std::size_t n, Part part) const {
    const std::size_t at = position & (bytes_.size() - 1);
    const std::size_t first = std::min(n, bytes_.size() - at);
    if (first > 0) part(at, first, 0);
    if (first < n) part(0, n - first, first);
  }

  std::vector<std::uint8_t> bytes_;
  std::size_t pending_ = 0;  // the writer's
  alignas(64) std::atomic<std::size_t> written_{0};
  alignas(64) std::atomic<std::size_t> read_{0};
};

}  // namespace smartswitch::observe
