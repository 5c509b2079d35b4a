// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/segments.h"

#include <algorithm>

namespace smartswitch::memcached {

bool Segments::reserve(std::size_t bytes) {
  count_ = static_cast<std::uint32_t>(bytes / kBytes);
  meta_ = std::make_unique<Meta[]>(count_ + 1);
  // One before the first, so that Ref 0 can be read, and one behind the last: a reader who meets a record in change may take its
  // neighbour's length for its own.
  return memory_.reserve((count_ + std::size_t{2}) * kBytes);
}

void Segments::died(Ref ref) {
  Meta& m = meta_[segment_of(ref)];
  m.alive.fetch_sub(1, std::memory_order_relaxed);
  // next_victim() looks again.
  if (sparse(m) && sparse_hint_.load(std::memory_order_relaxed) == 0) sparse_hint_.store(segment_of(ref), std::memory_order_relaxed);
}

void Segments::take_from_list(std::uint32_t segment) {
  Meta& m = meta_[segment];
  List& l = list(m.queue);
  (m.before == 0 ? l.oldest : meta_[m.before].next) = m.next;
  (m.next == 0 ? l.newest : meta_[m.next].before) = m.before;
  --l.length;
}

bool Segments::open(Queue queue) {
  std::uint32_t segment = free_;
  if (segment != 0) {
    free_ = meta_[segment].next;
  } else if (fresh_ <= count_) {
    segment = fresh_++;
  } else {
    return false;
  }
  ++used_;
  List& l = list(queue);
  if (l.newest != 0) {
    meta_[l.newest].next = segment;
    meta_[l.newest].closed = true;
  } else {
    l.oldest = segment;
  }
  Meta& m = meta_[segment];
  m.queue = queue;
  m.closed = false;
  m.records.store(0, std::memory_order_relaxed);
  m.filled = 0;
  m.next = 0;
  m.before = l.newest;
  ++m.use;
  l.newest = segment;
  ++l.length;
  return true;
}

bool Segments::has_room(Queue queue, std::uint32_t units) {
  const std::uint32_t newest = list(queue).newest;
  return (newest != 0 && meta_[newest].filled + units <= kUnits) || open(queue);
}

Segments::Ref Segments::append(Queue queue, std::uint32_t units) {
  Meta& m = meta_[list(queue).newest];
  const Ref ref = list(queue).newest * kUnits + m.filled;
  m.filled += units;
  m.records.fetch_add(1, std::memory_order_relaxed);
  m.alive.fetch_add(1, std::memory_order_relaxed);
  return ref;
}

Segments::Victim Segments::next_victim() {
  Victim victim;
  const std::uint32_t hint = sparse_hint_.exchange(0, std::memory_order_relaxed);
  const List& small = list(Queue::kSmall);
  const List& main = list(Queue::kMain);
  if (hint != 0 && meta_[hint].closed && sparse(meta_[hint])) {
    victim.segment = hint;
    victim.sparse = true;
  } else if (small.length > std::max<std::uint32_t>(count_ / 10, 1) || main.length < 2) {
    victim.segment = small.oldest;
  } else {
    victim.segment = main.oldest;
  }
  if (victim.segment == 0 || !meta_[victim.segment].closed) return {};
  victim.queue = meta_[victim.segment].queue;
  take_from_list(victim.segment);
  meta_[victim.segment].closed = false;  // a hint does not find it again
  ++meta_[victim.segment].use;           // and drafts that have pieces in it are lost
  return victim;
}

Segments::Ref Segments::next_record(Victim& victim) {
  if (victim.next >= meta_[victim.segment].filled) return 0;
  const Ref ref = victim.segment * kUnits + victim.next;
  victim.next += at(ref)->head().units();
  return ref;
}

void Segments::release(const Victim& victim) {
  Meta& m = meta_[victim.segment];
  m.alive.store(0, std::memory_order_relaxed);
  m.next = free_;
  free_ = victim.segment;
  --used_;
}

}  // namespace smartswitch::memcached
