// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "elements/memcached/item_record.h"
#include "elements/memcached/lazy_array.h"

namespace smartswitch::memcached {

/// Memory for records of all sizes, in segments that are filled from front to back and emptied as a whole, oldest first, as in Segcache
/// (Yang et al., NSDI 2021): no size ever owns memory, and nothing is lost between records but the end of a segment. Each of the two queues
/// of S3-FIFO is a list of segments. Memory is taken from the system when it is first used.
///
/// at() and died() are for everybody; the rest only under one lock, which is the caller's.
class Segments {
 public:
  using Ref = ItemRecord::Ref;
  enum class Queue : std::uint8_t { kSmall, kMain };
  static constexpr std::size_t kBytes = std::size_t{128} << 10;
  static constexpr std::uint32_t kUnits = kBytes / ItemRecord::kUnit;
  /// Emptying begins when fewer segments are free. Those are for what has to be kept of the ones that are being emptied.
  static constexpr std::uint32_t kSpare = 4;

  /// What is being emptied: a segment, and how far it has come.
  struct Victim {
    std::uint32_t segment = 0;  ///< 0: none
    std::uint32_t next = 0;     ///< units
    std::uint32_t kept = 0;     ///< units
    bool sparse = false;        ///< most of it is dead: what is not is kept
    Queue queue = Queue::kSmall;
  };

  /// Reserves address space for `bytes`, and for as much more as it may ever have. False if the system refuses.
  bool reserve(std::size_t bytes);
  /// Makes it possible to resize() to so many, while others are at work. False if the system refuses.
  bool prepare(std::size_t bytes);
  /// Another bound, while nobody else is at work. What is used beyond it is to be emptied: next_beyond().
  void resize(std::size_t bytes);
  /// The memory beyond the bound is the system's again. When nothing there is in use; on one thread, while others may read.
  void give_back() { memory_.give_back((count_ + std::size_t{1}) * kBytes); }

  /// Any Ref up to last() may be read, whatever is there: as far as the longest record.
  [[nodiscard]] ItemRecord* at(Ref ref) const {
    return reinterpret_cast<ItemRecord*>(memory_.get() + static_cast<std::size_t>(ref) * ItemRecord::kUnit);
  }
  [[nodiscard]] Ref last() const { return (largest_ + 1) * kUnits - 1; }
  /// A record is not needed any more: nothing refers to it but, perhaps, who wants to use its place again.
  void died(Ref ref) const;
  void lives_again(Ref ref) { meta_[segment_of(ref)].alive.fetch_add(1, std::memory_order_relaxed); }

  /// Whether a record can be appended; opens another segment if need be.
  bool has_room(Queue queue, std::uint32_t units);
  /// A record at the end of a queue that has room. Its head has to be written before the lock is given up.
  Ref append(Queue queue, std::uint32_t units);
  [[nodiscard]] Queue queue_of(Ref ref) const { return meta_[segment_of(ref)].queue; }
  /// A number that no later use of the place will have.
  [[nodiscard]] std::uint32_t use_of(Ref ref) const { return meta_[segment_of(ref)].use; }

  [[nodiscard]] bool scarce() const { return used_ + kSpare > count_; }
  [[nodiscard]] bool tight() const { return used_ + 2 > count_; }
  /// Bytes of the segments that are in use.
  [[nodiscard]] std::size_t used() const { return used_ * kBytes; }
  /// The segment that should be emptied next, taken out of its queue. `segment` is 0 if there is none.
  Victim next_victim();
  /// A segment beyond the bound, whatever is in it, taken out of its queue. `segment` is 0 if there is none any more: all is within the
  /// bound. Not to be called while memory is scarce.
  Victim next_beyond();
  /// Whether there may be one.
  [[nodiscard]] bool beyond() const { return beyond_ != 0; }
  /// The record at `victim.next`, and goes on to the one behind it. 0: that was all.
  Ref next_record(Victim& victim);
  /// Everything that was in it is gone.
  void release(const Victim& victim);

 private:
  struct Meta {
    std::atomic<std::uint32_t> alive{0};
    std::atomic<std::uint32_t> records{0};
    std::uint32_t filled = 0;  // units
    std::uint32_t use = 0;
    std::uint32_t next = 0;
    std::uint32_t before = 0;
    Queue queue = Queue::kSmall;
    bool closed = false;
    bool used = false;
  };
  // From the oldest to the newest, which is open.
  struct List {
    std::uint32_t oldest = 0;
    std::uint32_t newest = 0;
    std::uint32_t length = 0;
  };
  static std::uint32_t segment_of(Ref ref) { return ref / kUnits; }
  List& list(Queue queue) { return lists_[static_cast<std::size_t>(queue)]; }
  static bool sparse(const Meta& m) { return m.alive.load(std::memory_order_relaxed) < m.records.load(std::memory_order_relaxed) / 4; }
  bool open(Queue queue);
  std::uint32_t take_free();
  Victim take(std::uint32_t segment);
  void forget_beyond();
  void take_from_list(std::uint32_t segment);

  LazyArray<std::byte> memory_;
  std::uint32_t count_ = 0;    // segments are numbered from 1, so that no record has the Ref 0
  std::uint32_t largest_ = 0;  // that count_ ever was
  LazyArray<Meta> meta_;
  // What changes has lines of its own: every reader needs the others.
  alignas(64) std::uint32_t used_ = 0;  // in queues, or being emptied
  std::uint32_t fresh_ = 1;             // the first that was never used
  std::uint32_t free_ = 0;              // linked through Meta::next
  // Only while there are segments beyond the bound:
  std::uint32_t beyond_ = 0;       // the next that may have to be emptied; 0: none
  std::uint32_t free_beyond_ = 0;  // as free_
  List lists_[2];
  mutable std::atomic<std::uint32_t> sparse_hint_{0};
};

}  // namespace smartswitch::memcached
