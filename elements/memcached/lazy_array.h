// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <memory>
#include <type_traits>

namespace smartswitch::memcached {

/// A large array of zeros that takes memory from the system page by page, as it is written. For types whose zero is all bits zero.
template <class T>
class LazyArray {
 public:
  LazyArray() = default;
  ~LazyArray() {
    if (memory_ != nullptr) munmap(memory_, bytes_ + kHugePage);
  }
  LazyArray(const LazyArray&) = delete;
  LazyArray& operator=(const LazyArray&) = delete;

  /// Once, before anything else. False if the system refuses.
  bool reserve(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    bytes_ = count * sizeof(T);
    void* memory = mmap(nullptr, bytes_ + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return false;
    memory_ = memory;
    // Fewer TLB misses where the kernel can; no harm where it cannot. It takes whole huge pages only.
    std::size_t room = bytes_ + kHugePage;
    std::align(kHugePage, bytes_, memory, room);
    madvise(memory, bytes_, MADV_HUGEPAGE);
    items_ = static_cast<T*>(memory);
    count_ = count;
    return true;
  }
  [[nodiscard]] std::size_t size() const { return count_; }
  T& operator[](std::size_t i) const { return items_[i]; }
  [[nodiscard]] T* get() const { return items_; }

 private:
  static constexpr std::size_t kHugePage = 2 << 20;
  void* memory_ = nullptr;
  T* items_ = nullptr;
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace smartswitch::memcached
