// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "elements/sdk/spin_lock.h"

namespace smartswitch::memcached {

/// A piece of the store: a header of 24 bytes, then the text of a whole reply. Readers may look at it while it is being given to another
/// key; so all of it is read and written in atomic words, and whoever reads has to check afterwards (KeyCache: its bucket's
/// version) that what he read was still his. The text starts kTextAt bytes into the words: so the key, behind "VALUE ", starts a word.
struct Chunk {
  std::atomic<std::int64_t> deadline;     ///< ns; not to be served from then on
  std::atomic<std::uint32_t> generation;  ///< of the cache when it was filled
  std::atomic<std::uint32_t> bucket;      ///< which bucket of the index points here
  std::atomic<std::uint32_t> lengths;     ///< text | key << 16
  std::atomic<std::uint16_t> sum;         ///< Internet checksum of the text, not complemented
  std::atomic<std::uint16_t> referenced;  ///< asked for since the clock hand last passed
  static constexpr std::size_t kTextAt = 2;
  static constexpr std::size_t kBeforeText = 24 + kTextAt;
  std::atomic<std::uint64_t>* words() { return reinterpret_cast<std::atomic<std::uint64_t>*>(this + 1); }
  [[nodiscard]] const std::atomic<std::uint64_t>* words() const { return reinterpret_cast<const std::atomic<std::uint64_t>*>(this + 1); }
};
static_assert(sizeof(Chunk) + Chunk::kTextAt == Chunk::kBeforeText);

/// Memory for chunks of a few sizes, cut from pages that are handed to a size when it asks and stay with it. Memory is taken from the
/// system lazily: what was never filled costs nothing. Safe from several workers: a lock a size.
class SlabStore {
 public:
  /// A chunk's place, in units of kUnit from the start; below 2^32.
  using Ref = std::uint32_t;
  static constexpr Ref kNone = 0;
  static constexpr std::size_t kUnit = 64;
  /// All of kUnit's multiples, so that few cache lines are touched. The largest holds the text of a reply that fits an Ethernet frame.
  static constexpr std::size_t kSizes[] = {128, 192, 256, 384, 512, 768, 1024, 1536};
  static constexpr std::size_t kClasses = std::size(kSizes);
  static constexpr std::size_t kLargestText = 1536 - Chunk::kBeforeText;

  SlabStore() = default;
  ~SlabStore();
  SlabStore(const SlabStore&) = delete;
  SlabStore& operator=(const SlabStore&) = delete;

  /// Reserves `bytes` of address space. False if the system refuses.
  bool reserve(std::size_t bytes);
  [[nodiscard]] Chunk* at(Ref ref) const { return reinterpret_cast<Chunk*>(base_ + static_cast<std::size_t>(ref) * kUnit); }

  /// A chunk that holds `text_bytes`, or kNone: then evict_from() the same size and try again.
  Ref allocate(std::size_t text_bytes);
  void free(Ref ref, std::size_t text_bytes);
  /// Offers chunks of the size of `text_bytes` in the order of a clock (second chance) to `evict(ref)` until it takes one: that is the
  /// caller's now. kNone if none was taken within kMostSteps.
  template <class Evict>
  Ref evict_from(std::size_t text_bytes, Evict&& evict);

 private:
  static constexpr std::size_t kPage = std::size_t{1} << 20;
  static constexpr int kMostSteps = 64;
  struct SizeClass {
    SpinLock lock;
    std::vector<Ref> pages;        // their first chunks
    std::size_t used_in_last = 0;  // chunks cut from the last page
    Ref free_list = kNone;         // linked through Chunk::bucket
    std::size_t hand_page = 0;
    std::size_t hand_chunk = 0;
  };
  static std::size_t class_of(std::size_t text_bytes);
  static std::size_t chunks_per_page(std::size_t size_class) { return kPage / kSizes[size_class]; }
  bool add_page(SizeClass& c);

  std::byte* base_ = nullptr;
  std::size_t bytes_ = 0;
  std::atomic<std::size_t> next_page_{1};  // page 0 is left out, so that no chunk has the Ref kNone
  SizeClass classes_[kClasses];
};

template <class Evict>
SlabStore::Ref SlabStore::evict_from(std::size_t text_bytes, Evict&& evict) {
  const std::size_t index = class_of(text_bytes);
  SizeClass& c = classes_[index];
  c.lock.lock();
  Ref found = kNone;
  for (int step = 0; step < kMostSteps && !c.pages.empty(); ++step) {
    const std::size_t in_page = c.hand_page + 1 == c.pages.size() ? c.used_in_last : chunks_per_page(index);
    if (c.hand_chunk >= in_page) {
      c.hand_chunk = 0;
      c.hand_page = (c.hand_page + 1) % c.pages.size();
      continue;
    }
    const Ref ref = c.pages[c.hand_page] + static_cast<Ref>(c.hand_chunk++ * (kSizes[index] / kUnit));
    const bool wanted = at(ref)->referenced.exchange(0, std::memory_order_relaxed) != 0;
    if (wanted && step < kMostSteps / 2) continue;  // all are: one has to go
    if (evict(ref)) {
      found = ref;
      break;
    }
  }
  c.lock.unlock();
  return found;
}

}  // namespace smartswitch::memcached
