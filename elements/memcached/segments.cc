// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/segments.h"

#include <algorithm>

namespace smartswitch::memcached {

namespace {

// One before the first, so that Ref 0 can be read, and one behind the last: a reader who meets a record in change may take its neighbour's
// length for its own.
constexpr std::size_t kAround = 2;
// As many as can be told apart by a Ref.
constexpr std::size_t kMost = (std::size_t{1} << 32) / Segments::kUnits - kAround;

}  // namespace

bool Segments::reserve(std::size_t bytes) {
  count_ = largest_ = static_cast<std::uint32_t>(bytes / kBytes);
  return meta_.reserve(count_ + std::size_t{1}, kMost + 1) && memory_.reserve((count_ + kAround) * kBytes, (kMost + kAround) * kBytes);
}

bool Segments::prepare(std::size_t bytes) {
  const std::size_t count = bytes / kBytes;
  return meta_.grow(count + 1) && memory_.grow((count + kAround) * kBytes);
}

void Segments::resize(std::size_t bytes) {
  count_ = static_cast<std::uint32_t>(bytes / kBytes);
  largest_ = std::max(largest_, count_);
  beyond_ = fresh_ > count_ + 1 ? count_ + 1 : 0;
}

void Segments::died(Ref ref) const {
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

// 0: there is none. One beyond the bound only if no other is left, so that what is kept of those that have to go has a place.
std::uint32_t Segments::take_free() {
  while (free_ != 0) {
    const std::uint32_t segment = free_;
    free_ = meta_[segment].next;
    if (segment <= count_) return segment;
    meta_[segment].next = free_beyond_;
    free_beyond_ = segment;
  }
  if (fresh_ <= count_) return fresh_++;
  while (free_beyond_ != 0) {
    const std::uint32_t segment = free_beyond_;
    free_beyond_ = meta_[segment].next;
    if (segment >= beyond_) return segment;
  }
  return beyond_ != 0 && fresh_ <= largest_ ? fresh_++ : 0;
}

bool Segments::open(Queue queue) {
  const std::uint32_t segment = take_free();
  if (segment == 0) return false;
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
  m.used = true;
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
  std::uint32_t segment = 0;
  bool is_sparse = false;
  const std::uint32_t hint = sparse_hint_.exchange(0, std::memory_order_relaxed);
  const List& small = list(Queue::kSmall);
  const List& main = list(Queue::kMain);
  if (hint != 0 && meta_[hint].closed && sparse(meta_[hint])) {
    segment = hint;
    is_sparse = true;
  } else if (small.length > std::max<std::uint32_t>(count_ / 10, 1) || main.length < 2) {
    segment = small.oldest;
  } else {
    segment = main.oldest;
  }
  if (segment == 0 || !meta_[segment].closed) return {};
  Victim victim = take(segment);
  victim.sparse = is_sparse;
  return victim;
}

Segments::Victim Segments::take(std::uint32_t segment) {
  Meta& m = meta_[segment];
  take_from_list(segment);
  m.closed = false;  // a hint does not find it again
  ++m.use;           // and drafts that have pieces in it are lost
  Victim victim;
  victim.segment = segment;
  victim.queue = m.queue;
  return victim;
}

Segments::Victim Segments::next_beyond() {
  for (; beyond_ != 0 && beyond_ < fresh_; ++beyond_) {
    const Meta& m = meta_[beyond_];
    if (!m.used) continue;
    // The newest of its queue can be taken when there is a newer one.
    if (!m.closed && !open(m.queue)) return {};
    Victim victim = take(beyond_++);
    victim.sparse = true;  // all that is alive in it is kept
    return victim;
  }
  if (beyond_ != 0) forget_beyond();
  return {};
}

void Segments::forget_beyond() {
  std::uint32_t within = 0;
  while (free_ != 0) {
    const std::uint32_t segment = free_;
    free_ = meta_[segment].next;
    if (segment > count_) continue;
    meta_[segment].next = within;
    within = segment;
  }
  free_ = within;
  free_beyond_ = 0;
  fresh_ = std::min(fresh_, count_ + 1);
  beyond_ = 0;
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
  m.used = false;
  if (victim.segment > count_ && victim.segment < beyond_) {
    --used_;  // nothing comes there any more
    return;
  }
  std::uint32_t& list = victim.segment > count_ ? free_beyond_ : free_;
  m.next = list;
  list = victim.segment;
  --used_;
}

}  // namespace smartswitch::memcached
