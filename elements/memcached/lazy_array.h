// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

namespace smartswitch::memcached {

/// A large array of zeros that takes memory from the system page by page, as it is written. For types whose zero is all bits zero.
template <class T>
class LazyArray {
 public:
  LazyArray() = default;
  ~LazyArray() {
    if (memory_ != nullptr) munmap(memory_, reserved_);
  }
  LazyArray(const LazyArray&) = delete;
  LazyArray& operator=(const LazyArray&) = delete;
  void swap(LazyArray& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(reserved_, other.reserved_);
    std::swap(items_, other.items_);
    std::swap(count_, other.count_);
    std::swap(usable_, other.usable_);
  }

  /// Once, before anything else. False if the system refuses.
  bool reserve(std::size_t count) { return reserve(count, count); }
  /// The same, with addresses for `most`, so that it can grow() where it is; for fewer if the system has no more, but for `count`.
  bool reserve(std::size_t count, std::size_t most) {
    static_assert(std::is_trivially_destructible_v<T>);
    for (; memory_ == nullptr; most = std::max(most / 2, count)) {
      const std::size_t bytes = most * sizeof(T) + 2 * kHugePage;
      // Nothing that cannot be touched counts as memory, whatever the system's rule for overcommitting.
      void* memory = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      if (memory != MAP_FAILED) {
        memory_ = memory;
        reserved_ = bytes;
      } else if (most <= count) {
        return false;
      }
    }
    void* start = memory_;
    std::size_t room = reserved_;
    std::align(kHugePage, reserved_ - kHugePage, start, room);
    items_ = static_cast<T*>(start);
    return grow(count);
  }
  /// Makes it larger, if it is smaller: while others read and write what there is. False, and it is as it was, if the system refuses or
  /// there are no addresses left.
  bool grow(std::size_t count) {
    if (count <= count_) return true;
    auto* const start = reinterpret_cast<std::byte*>(items_);
    const std::size_t wanted = (count * sizeof(T) + kPage - 1) / kPage * kPage;
    if (start + wanted > static_cast<std::byte*>(memory_) + reserved_) return false;
    if (wanted > usable_) {
      if (mprotect(start + usable_, wanted - usable_, PROT_READ | PROT_WRITE) != 0) return false;
      // Fewer TLB misses where the kernel can; no harm where it cannot. It takes whole huge pages only.
      madvise(start + usable_, wanted - usable_, MADV_HUGEPAGE);
      usable_ = wanted;
    }
    count_ = count;
    return true;
  }
  /// Everything from the item `from` on becomes zeros, and its memory the system's again: whole pages of it. It may be read meanwhile, but
  /// not be written.
  void give_back(std::size_t from) {
    const std::size_t begin = (from * sizeof(T) + kPage - 1) / kPage * kPage;
    if (begin < usable_) madvise(reinterpret_cast<std::byte*>(items_) + begin, usable_ - begin, MADV_DONTNEED);
  }
  [[nodiscard]] std::size_t size() const { return count_; }
  T& operator[](std::size_t i) const { return items_[i]; }
  [[nodiscard]] T* get() const { return items_; }

 private:
  static constexpr std::size_t kHugePage = 2 << 20;
  static constexpr std::size_t kPage = 4096;
  // What readers need comes first: it shares a line of the cache with what is in front of it.
  T* items_ = nullptr;
  std::size_t count_ = 0;
  void* memory_ = nullptr;
  std::size_t reserved_ = 0;  // bytes
  std::size_t usable_ = 0;    // bytes, whole pages
};

}  // namespace smartswitch::memcached
