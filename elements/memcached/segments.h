// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

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

  /// Reserves address space for `bytes`. False if the system refuses.
  bool reserve(std::size_t bytes);

  /// Any Ref up to last() may be read, whatever is there: as far as the longest record.
  [[nodiscard]] ItemRecord* at(Ref ref) const {
    return reinterpret_cast<ItemRecord*>(memory_.get() + static_cast<std::size_t>(ref) * ItemRecord::kUnit);
  }
  [[nodiscard]] Ref last() const { return (count_ + 1) * kUnits - 1; }
  /// A record is not needed any more: nothing refers to it but, perhaps, who wants to use its place again.
  void died(Ref ref);
  void lives_again(Ref ref) { meta_[segment_of(ref)].alive.fetch_add(1, std::memory_order_relaxed); }

  /// Whether a record can be appended; opens another segment if need be.
  bool has_room(Queue queue, std::uint32_t units);
  /// A record at the end of a queue that has room. Its head has to be written before the lock is given up.
  Ref append(Queue queue, std::uint32_t units);
  [[nodiscard]] Queue queue_of(Ref ref) const { return meta_[segment_of(ref)].queue; }
  /// A number that no later use of the place will have.
  [[nodiscard]] std::uint32_t use_of(Ref ref) const { return meta_[segment_of(ref)].use; }

  [[nodiscard]] bool scarce() const { return count_ - used_ < kSpare; }
  [[nodiscard]] bool tight() const { return count_ - used_ < 2; }
  /// The segment that should be emptied next, taken out of its queue. `segment` is 0 if there is none.
  Victim next_victim();
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
  void take_from_list(std::uint32_t segment);

  LazyArray<std::byte> memory_;
  std::uint32_t count_ = 0;  // segments are numbered from 1, so that no record has the Ref 0
  std::unique_ptr<Meta[]> meta_;
  // What changes has lines of its own: every reader needs the others.
  alignas(64) std::uint32_t used_ = 0;  // in queues, or being emptied
  std::uint32_t fresh_ = 1;             // the first that was never used
  std::uint32_t free_ = 0;              // linked through Meta::next
  List lists_[2];
  std::atomic<std::uint32_t> sparse_hint_{0};
};

}  // namespace smartswitch::memcached
