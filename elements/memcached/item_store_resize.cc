// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Another size for a store that is in use. Items stay where they lie; only the index is made anew. Of each key one index is the one that
// counts: the old one until its bucket there has been moved, the new one from then on. A bucket is moved by whoever needs it first, or by
// go_on(). As each bucket has the keys of a range of hashes, an old one overlaps only a few new ones, and all that it knows of writes is
// added to what these know: at worst too much is refused.
#include <algorithm>

#include "elements/memcached/index_shares.h"
#include "elements/memcached/item_store.h"
#include "elements/memcached/pending_writes.h"

namespace smartswitch::memcached {
namespace {

// How much go_on() does at once: some 50 us.
constexpr std::int64_t kMovesAtOnce = 2048;
constexpr std::int64_t kMovesAnItem = 4;  // its key has to be read, and its place in the new index
constexpr std::int64_t kUnitsAtOnce = 4096;
constexpr std::int64_t kUnitsALock = 64;  // so that nobody waits for the lock for long

// Whether `a` is at or after `b` on a clock that wraps.
bool at_or_after(std::uint32_t a, std::uint32_t b) { return static_cast<std::int32_t>(a - b) >= 0; }

// Both buckets are locked.
void add_pending(CacheBucket& to, const CacheBucket& from, std::uint32_t lifetime) {
  const std::uint32_t to_time = to.last_write.load(std::memory_order_relaxed);
  const std::uint32_t from_time = from.last_write.load(std::memory_order_relaxed);
  const PendingWrites to_pending(to.pending.load(std::memory_order_relaxed));
  const PendingWrites from_pending(from.pending.load(std::memory_order_relaxed));
  const bool later = to.epoch.load(std::memory_order_relaxed) == 0 || at_or_after(from_time, to_time);
  PendingWrites pending = later ? from_pending : to_pending;
  // What was pending so long before the other's last write is over.
  const std::uint32_t apart = later ? from_time - to_time : to_time - from_time;
  if (to.epoch.load(std::memory_order_relaxed) != 0 && apart <= lifetime) pending = to_pending.with(from_pending);
  to.pending.store(pending.word(), std::memory_order_release);
  if (later) to.last_write.store(from_time, std::memory_order_release);
}

void add_what_is_known(CacheBucket& to, const CacheBucket& from, std::uint32_t lifetime) {
  const std::uint32_t writes = from.epoch.load(std::memory_order_relaxed);
  if (writes != 0) {
    add_pending(to, from, lifetime);
    to.count_writes(writes);
  }
  const std::uint32_t expiring = from.no_fill_until.load(std::memory_order_relaxed);
  const std::uint32_t before = to.no_fill_until.load(std::memory_order_relaxed);
  if (expiring != 0 && (before == 0 || at_or_after(expiring, before))) to.no_fill_until.store(expiring, std::memory_order_release);
  const std::uint8_t renewing = from.renewing.load(std::memory_order_relaxed);
  const std::uint8_t other = to.renewing.load(std::memory_order_relaxed);
  if (renewing != 0) to.renewing.store(other == 0 || other == renewing ? renewing : CacheBucket::kAnyTag, std::memory_order_relaxed);
}

bool knows_nothing(const CacheBucket& b) {
  return b.epoch.load(std::memory_order_relaxed) == 0 && b.no_fill_until.load(std::memory_order_relaxed) == 0 &&
         b.renewing.load(std::memory_order_relaxed) == 0;
}

}  // namespace

bool ItemStore::prepare(std::size_t bytes, Size& size) {
  size.bytes = bytes;
  return size.buckets.reserve(buckets_in(bytes)) && segments_.prepare(items_in(bytes));
}

void ItemStore::resize(Size& size, const Carrying& carrying) {
  std::swap(bytes_, size.bytes);
  buckets_.swap(size.buckets);
  segments_.resize(items_in(bytes_));
  carrying_ = carrying;
  next_to_move_ = 0;
  full_.store(false, std::memory_order_relaxed);
  before_.store(&size.buckets, std::memory_order_release);
}

bool ItemStore::go_on(std::uint32_t generation, std::int64_t now) {
  if (!resizing()) return false;
  return go_on_moving() || go_on_shrinking({0, generation, 0, now});
}

bool ItemStore::go_on_moving() {
  const LazyArray<CacheBucket>& before = *before_.load(std::memory_order_acquire);
  for (std::int64_t work = kMovesAtOnce; work > 0 && next_to_move_ < before.size();) work -= move_bucket(before, next_to_move_++);
  return next_to_move_ < before.size();
}

// First who goes goes, as always; then the rest of what lies beyond the bound moves to where room is now.
bool ItemStore::go_on_shrinking(const Filling& filling) {
  for (std::int64_t work = kUnitsAtOnce; work > 0;) {
    const std::lock_guard hold(lock_);
    for (std::int64_t part = kUnitsALock; part > 0;) {
      if (victim_.segment == 0 && !segments_.beyond()) return false;
      if (victim_.segment == 0) victim_ = segments_.scarce() ? segments_.next_victim() : segments_.next_beyond();
      if (victim_.segment == 0) return segments_.beyond();
      const std::int64_t done = std::max<std::int64_t>(empty_victim(filling), 1);
      part -= done;
      work -= done;
    }
  }
  return true;
}

void ItemStore::move_bucket_of(std::uint64_t hash) const {
  const LazyArray<CacheBucket>* before = before_.load(std::memory_order_acquire);
  if (before != nullptr) move_bucket(*before, index_of(hash, before->size()));
}

// Returns how much work it was.
std::int64_t ItemStore::move_bucket(const LazyArray<CacheBucket>& before, std::size_t i) const {
  CacheBucket& from = before[i];
  if (from.moved.load(std::memory_order_acquire)) return 1;
  LockedBucket b(from);
  if (b->moved.load(std::memory_order_relaxed)) return 1;
  std::int64_t work = 1;
  if (!knows_nothing(*b)) carry_writes(*b, i, before.size());
  for (unsigned way = 0; way < CacheBucket::kWays; ++way) {
    if (b->place(way) == 0) continue;  // of a ghost the whole hash is not known
    carry_item(*b, way);
    work += kMovesAnItem;
  }
  b->tags.store(0, std::memory_order_release);
  b->moved.store(true, std::memory_order_release);
  return work;
}

void ItemStore::carry_writes(const CacheBucket& from, std::size_t i, std::size_t buckets) const {
  const std::uint64_t lowest = ((std::uint64_t{i} << 32) + buckets - 1) / buckets;
  const std::uint64_t highest = ((std::uint64_t{i + 1} << 32) + buckets - 1) / buckets - 1;
  const std::size_t last = index_of(highest, buckets_.size());
  for (std::size_t to = index_of(lowest, buckets_.size()); to <= last; ++to) {
    LockedBucket b(buckets_[to]);
    add_what_is_known(*b, from, carrying_.lifetime);
  }
}

void ItemStore::carry_item(const CacheBucket& from, unsigned way) const {
  const Ref ref = from.place(way);
  const std::uint8_t tag = from.tag(way);
  ItemRecord& record = *segments_.at(ref);
  const ItemRecord::Head head = record.head();
  const bool alive = tag != 0 && head.generation() == carrying_.before;
  if (tag != 0 && !alive) {
    segments_.died(ref);
    return;
  }
  const std::uint64_t hash = hash_of(ref);
  const unsigned frequency = from.frequency(way);
  LockedBucket b(line(hash));
  const auto to = way_for_carried(*b, alive, pinned(hash) ? CacheBucket::kMostFrequent + 1 : frequency);
  if (!to) {
    if (alive) segments_.died(ref);
    if (alive) evicted_->add();
    return;
  }
  if (alive) record.set_head(head.in_generation(carrying_.after));
  b->set(*to, tag, ref);
  b->set_frequency(*to, pinned(hash) ? CacheBucket::kMostFrequent : frequency);
}

// One that is free, or, for who is alive, that of the one who is asked for least, if that is less often.
std::optional<unsigned> ItemStore::way_for_carried(CacheBucket& b, bool alive, unsigned frequency) const {
  std::optional<unsigned> best;
  unsigned best_cost = alive ? 2 + frequency : 1;
  for (unsigned way = 0; way < CacheBucket::kWays; ++way) {
    const unsigned cost = b.tag(way) != 0 ? (b.place(way) != 0 ? 2 + b.frequency(way) : 1) : (b.place(way) != 0 ? 1 : 0);
    if (cost >= best_cost) continue;
    best = way;
    best_cost = cost;
  }
  if (best && best_cost >= 2) {
    segments_.died(b.place(*best));
    evicted_->add();
  }
  return best;
}

}  // namespace smartswitch::memcached
