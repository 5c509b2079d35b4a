// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/slab_store.h"

#include <sys/mman.h>

#include <algorithm>
#include <mutex>

namespace smartswitch::memcached {

SlabStore::~SlabStore() {
  if (base_ != nullptr) munmap(base_, bytes_);
}

bool SlabStore::reserve(std::size_t bytes) {
  // A page more than is handed out: a reader that meets a chunk in change may take its neighbour's length for its own.
  bytes_ = (bytes / kPage + 2) * kPage;
  void* memory = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return false;
  base_ = static_cast<std::byte*>(memory);
  madvise(memory, bytes_, MADV_HUGEPAGE);  // fewer TLB misses where the kernel can; no harm where it cannot
  // Room for every page a size may get: nothing is allocated on the packet path.
  for (SizeClass& c : classes_) c.pages.reserve(bytes_ / kPage);
  return true;
}

std::size_t SlabStore::class_of(std::size_t text_bytes) {
  const auto* at = std::lower_bound(std::begin(kSizes), std::end(kSizes), text_bytes + Chunk::kBeforeText);
  return static_cast<std::size_t>(at - std::begin(kSizes));
}

bool SlabStore::add_page(SizeClass& c) {
  std::size_t page = next_page_.load(std::memory_order_relaxed);
  do {
    if ((page + 2) * kPage > bytes_) return false;
  } while (!next_page_.compare_exchange_weak(page, page + 1, std::memory_order_relaxed));
  c.pages.push_back(static_cast<Ref>(page * (kPage / kUnit)));
  c.used_in_last = 0;
  return true;
}

SlabStore::Ref SlabStore::allocate(std::size_t text_bytes) {
  const std::size_t index = class_of(text_bytes);
  if (index >= kClasses) return kNone;
  SizeClass& c = classes_[index];
  const std::lock_guard hold(c.lock);
  if (c.free_list != kNone) {
    const Ref ref = c.free_list;
    c.free_list = at(ref)->bucket.load(std::memory_order_relaxed);
    return ref;
  }
  if ((c.pages.empty() || c.used_in_last == chunks_per_page(index)) && !add_page(c)) return kNone;
  return c.pages.back() + static_cast<Ref>(c.used_in_last++ * (kSizes[index] / kUnit));
}

void SlabStore::free(Ref ref, std::size_t text_bytes) {
  SizeClass& c = classes_[class_of(text_bytes)];
  const std::lock_guard hold(c.lock);
  at(ref)->bucket.store(c.free_list, std::memory_order_relaxed);
  c.free_list = ref;
}

}  // namespace smartswitch::memcached
