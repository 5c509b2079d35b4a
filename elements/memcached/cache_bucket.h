// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <rte_pause.h>

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "elements/memcached/item_record.h"

namespace smartswitch::memcached {

/// A line of the cache's index. Of all keys that fall into it, it knows how often they were written and whether a write is under way; of up
/// to eight, where they are.
///
/// A way has a tag, a byte of the key's hash, and a place:
///
///   tag, place   an item
///   tag, none    a ghost: an item that was pushed out before it was asked for again
///   no tag, place  where an item was that a write has taken out: its next value may go there
struct alignas(64) CacheBucket {
  using Ref = ItemRecord::Ref;
  static constexpr unsigned kWays = 8;
  static constexpr unsigned kMostFrequent = 3;
  static constexpr std::uint8_t kAnyTag = 0xFF;

  std::atomic<std::uint64_t> tags;                 // a byte each; 0: none
  std::atomic<std::uint32_t> version;              // a sequence lock: odd while the bucket changes
  std::atomic<std::uint32_t> epoch;                // writes so far, and times that an item was found lost
  std::atomic<std::uint32_t> last_write;           // ticks
  std::atomic<std::uint32_t> no_fill_until;        // s; an item with an expiry may live until then
  std::atomic<std::uint32_t> pending;              // PendingWrites: those whose reply has not come, or can't be told apart
  std::atomic<std::uint8_t> renewing;              // the tag of a key that was marked for one client to renew; kAnyTag: of more
  std::atomic<bool> moved;                         // all that it knew is in another index by now
  mutable std::atomic<std::uint16_t> frequencies;  // two bits each: asked for since S3-FIFO last looked
  std::atomic<Ref> places[kWays];

  static std::uint8_t tag_of(std::uint64_t hash) {
    const auto tag = static_cast<std::uint8_t>(hash >> 56);
    return tag == 0 ? 1 : tag;
  }
  /// The highest bit of each byte that is the tag. Without a branch a way: which way it is cannot be predicted.
  [[nodiscard]] std::uint64_t ways_with(std::uint8_t wanted) const {
    constexpr std::uint64_t kEach = 0x0101010101010101;
    constexpr std::uint64_t kLow = 0x7F * kEach;
    const std::uint64_t different = tags.load(std::memory_order_acquire) ^ kEach * wanted;
    return ~(((different & kLow) + kLow) | different | kLow);
  }
  static unsigned first_of(std::uint64_t ways) { return static_cast<unsigned>(std::countr_zero(ways)) / 8; }

  [[nodiscard]] std::uint8_t tag(unsigned way) const {
    return static_cast<std::uint8_t>(tags.load(std::memory_order_acquire) >> (8 * way));
  }
  [[nodiscard]] Ref place(unsigned way) const { return places[way].load(std::memory_order_acquire); }
  [[nodiscard]] unsigned frequency(unsigned way) const { return frequencies.load(std::memory_order_relaxed) >> (2 * way) & 3U; }
  /// Readers call it without the lock: a count may get lost, and a way that has changed hands meanwhile may be counted.
  void count_get(unsigned way) const {
    const std::uint16_t before = frequencies.load(std::memory_order_relaxed);
    if ((before >> (2 * way) & 3U) != kMostFrequent) {
      frequencies.store(static_cast<std::uint16_t>(before + (1U << (2 * way))), std::memory_order_relaxed);
    }
  }

  // Only under the lock.
  /// After so many that the count begins again it is still not 0, which says that there never was one.
  void count_writes(std::uint32_t writes) {
    const std::uint32_t sum = epoch.load(std::memory_order_relaxed) + writes;
    epoch.store(sum == 0 ? 1 : sum, std::memory_order_release);
  }
  void set(unsigned way, std::uint8_t new_tag, Ref place) {
    const std::uint64_t others = tags.load(std::memory_order_relaxed) & ~(std::uint64_t{0xFF} << (8 * way));
    tags.store(others | std::uint64_t{new_tag} << (8 * way), std::memory_order_release);
    places[way].store(place, std::memory_order_release);
  }
  void set_frequency(unsigned way, unsigned frequency) {
    const unsigned others = frequencies.load(std::memory_order_relaxed) & ~(3U << (2 * way));
    frequencies.store(static_cast<std::uint16_t>(others | frequency << (2 * way)), std::memory_order_relaxed);
  }
};
static_assert(sizeof(CacheBucket) == 64);

/// Holds a bucket for change: readers see an odd version and go elsewhere.
class LockedBucket {
 public:
  explicit LockedBucket(CacheBucket& b) : bucket_(b) {
    for (;;) {
      version_ = b.version.load(std::memory_order_relaxed);
      if ((version_ & 1) == 0 && b.version.compare_exchange_weak(version_, version_ + 1, std::memory_order_acq_rel)) return;
      rte_pause();
    }
  }
  ~LockedBucket() { bucket_.version.store(version_ + 2, std::memory_order_release); }
  LockedBucket(const LockedBucket&) = delete;
  LockedBucket& operator=(const LockedBucket&) = delete;
  CacheBucket* operator->() { return &bucket_; }
  CacheBucket& operator*() { return bucket_; }

 private:
  CacheBucket& bucket_;
  std::uint32_t version_;
};

}  // namespace smartswitch::memcached
