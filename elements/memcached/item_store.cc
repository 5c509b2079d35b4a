// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/item_store.h"

#include <algorithm>

#include "elements/memcached/index_shares.h"
#include "elements/sdk/hash.h"

namespace smartswitch::memcached {
namespace {

using Kind = ItemRecord::Kind;

// For each byte that is put in, so many are looked at to make room. That is enough: when it gets tight, each segment gives back an eighth
// of itself, however popular what is in it.
constexpr std::int64_t kWorkFactor = 16;
constexpr std::uint32_t kMostKept = Segments::kUnits / 8 * 7;

}  // namespace

bool ItemStore::reserve(std::size_t bytes, SharedCounter& evicted) {
  evicted_ = &evicted;
  bytes_ = bytes;
  return buckets_.reserve(buckets_in(bytes)) && segments_.reserve(items_in(bytes));
}

std::size_t ItemStore::items_bytes() {
  const std::lock_guard hold(lock_);
  return segments_.used();
}

std::optional<ItemStore::Details> ItemStore::details(const Hit& hit) {
  const ItemRecord::Head head = hit.record->head();
  if (head.kind() != Kind::kInPieces && head.text_length() > ItemRecord::kLongestText) return std::nullopt;  // it is being changed
  Details details;
  details.value_length = static_cast<std::uint32_t>(head.value_length());
  if (head.has_cas()) details.cas = hit.record->word(head.cas_at());
  if (head.has_flags()) {
    const std::uint64_t word = hit.record->word(head.flags_at());
    details.flags = static_cast<std::uint32_t>(word);
    details.expiry = static_cast<std::uint32_t>(word >> 32);
  }
  if (head.kind() == Kind::kInPieces) details.serial = hit.record->word(head.serial_at());
  return unchanged(hit) ? std::optional(details) : std::nullopt;
}

bool ItemStore::read_value(const Hit& hit, std::size_t from, std::size_t n, std::uint8_t* out) const {
  const ItemRecord::Head head = hit.record->head();
  if (from + n > head.value_length()) return false;
  if (head.kind() != Kind::kInPieces) {
    if (head.text_length() > ItemRecord::kLongestText) return false;
    hit.record->read(head.value_at() + from, n, out);
    return unchanged(hit);
  }
  while (n > 0) {
    const Ref ref = hit.record->piece(head, from / ItemRecord::kPieceBytes);
    if (ref > segments_.last()) return false;
    const std::size_t at = from % ItemRecord::kPieceBytes;
    const std::size_t part = std::min(n, ItemRecord::kPieceBytes - at);
    segments_.at(ref)->read(at, part, out);
    from += part;
    out += part;
    n -= part;
  }
  return unchanged(hit);
}

std::optional<ItemStore::Draft> ItemStore::draft(std::size_t value_length) {
  if (value_length > ItemRecord::kLongestValue) return std::nullopt;
  std::optional<Draft> draft(std::in_place);
  draft->value_length = static_cast<std::uint32_t>(value_length);
  return draft;
}

bool ItemStore::write(Draft& draft, std::size_t from, std::string_view bytes, const Filling& filling) {
  if (from > draft.value_length || bytes.size() > draft.value_length - from) return false;
  const std::lock_guard hold(lock_);
  while (!bytes.empty()) {
    const std::size_t i = from / ItemRecord::kPieceBytes;
    const std::size_t at = from % ItemRecord::kPieceBytes;
    Draft::Piece& piece = draft.pieces[i];
    if (piece.ref == 0) {
      const std::uint64_t length = std::min(draft.value_length - i * ItemRecord::kPieceBytes, ItemRecord::kPieceBytes);
      const ItemRecord::Head head(filling.hash,
                                  std::uint64_t{i} << 32 | std::uint64_t{static_cast<std::uint8_t>(Kind::kPiece)} << 30 | length);
      make_room(head.units(), filling);
      if (!segments_.has_room(Segments::Queue::kSmall, head.units())) return false;
      piece.ref = segments_.append(Segments::Queue::kSmall, head.units());
      piece.use = segments_.use_of(piece.ref);
      segments_.at(piece.ref)->set_head(head);
    }
    if (segments_.use_of(piece.ref) != piece.use) return false;
    const std::size_t part = std::min(bytes.size(), ItemRecord::kPieceBytes - at);
    segments_.at(piece.ref)->write(at, bytes.substr(0, part));
    draft.written += static_cast<std::uint32_t>(part);
    from += part;
    bytes.remove_prefix(part);
  }
  return true;
}

bool ItemStore::whole(const Draft& draft) const {
  if (draft.written != draft.value_length) return false;
  const std::size_t pieces = (draft.value_length + ItemRecord::kPieceBytes - 1) / ItemRecord::kPieceBytes;
  return std::all_of(draft.pieces, draft.pieces + pieces,
                     [&](const Draft::Piece& piece) { return piece.ref != 0 && segments_.use_of(piece.ref) == piece.use; });
}

// Of a value that has one piece.
bool ItemStore::read_draft(const Draft& draft, std::uint8_t* value) {
  const std::lock_guard hold(lock_);
  if (!whole(draft)) return false;
  if (draft.value_length > 0) segments_.at(draft.pieces[0].ref)->read(0, draft.value_length, value);
  return true;
}

// The bucket is locked.
ItemStore::Slot ItemStore::find_slot(const CacheBucket& b, const ItemText& text, std::string_view key, std::uint64_t hash) const {
  const std::uint8_t tag = CacheBucket::tag_of(hash);
  Slot slot;
  for (unsigned way = 0; way < CacheBucket::kWays; ++way) {
    const std::uint8_t has = b.tag(way);
    const Ref ref = b.place(way);
    if (has != tag && has != 0) continue;
    if (ref == 0) {
      if (has == tag) slot.queue = Segments::Queue::kMain;
      continue;
    }
    const ItemRecord& record = *segments_.at(ref);
    const ItemRecord::Head head = record.head();
    if (head.key_length() != key.size() || !record.has_key(key)) continue;
    slot.old = ref;
    slot.queue = segments_.queue_of(ref);
    slot.reuse = head.kind() == Kind::kWhole && text.head().kind() == Kind::kWhole && head.units() == text.head().units();
    if (has == tag) break;
  }
  return slot;
}

namespace {

// Which way a new item takes: its own, its ghost's, a free one, or that of who is missed least.
unsigned way_for(const CacheBucket& b, std::uint8_t tag, ItemRecord::Ref old) {
  unsigned best = 0;
  unsigned best_cost = ~0U;
  for (unsigned way = 0; way < CacheBucket::kWays; ++way) {
    const std::uint8_t has = b.tag(way);
    const ItemRecord::Ref ref = b.place(way);
    unsigned cost = 4 + b.frequency(way);
    if (old != 0 && ref == old) {
      cost = 0;
    } else if (ref == 0) {
      cost = has == tag ? 1 : has == 0 ? 2 : 3;
    } else if (has == 0) {
      cost = 3;
    }
    if (cost >= best_cost) continue;
    best = way;
    best_cost = cost;
  }
  return best;
}

}  // namespace

void ItemStore::store(CacheBucket& b, const ItemText& text, const Slot& slot, std::uint64_t hash, const Draft* draft) {
  const std::uint8_t tag = CacheBucket::tag_of(hash);
  const unsigned way = way_for(b, tag, slot.old);
  const Ref before = b.place(way);
  const bool was_alive = before != 0 && b.tag(way) != 0;
  Ref ref = slot.old;
  if (slot.reuse) {
    if (!was_alive) segments_.lives_again(ref);
  } else {
    ref = segments_.append(slot.queue, text.head().units());
    if (was_alive) segments_.died(before);
  }
  if (slot.old == 0) {
    b.set_frequency(way, 0);
    if (was_alive) evicted_->add();
  }
  ItemRecord& record = *segments_.at(ref);
  text.store(record);
  for (std::size_t i = 0; draft != nullptr && i < text.head().pieces(); ++i) record.set_piece(text.head(), i, draft->pieces[i].ref);
  b.set(way, tag, ref);
}

void ItemStore::take_out(CacheBucket& b, std::uint64_t hash) {
  for (std::uint64_t ways = b.ways_with(CacheBucket::tag_of(hash)); ways != 0; ways &= ways - 1) {
    const unsigned way = CacheBucket::first_of(ways);
    const Ref ref = b.place(way);
    if (ref == 0) continue;  // a ghost
    b.set(way, 0, ref);
    segments_.died(ref);
  }
}

std::uint64_t ItemStore::hash_of(Ref ref) const {
  const ItemRecord& record = *segments_.at(ref);
  const ItemRecord::Head head = record.head();
  if (head.kind() == Kind::kPiece) return head.hash();
  std::uint8_t key[256];
  record.read(0, head.key_length(), key);
  return hash_key({reinterpret_cast<const char*>(key), head.key_length()});
}

void ItemStore::make_room(std::uint32_t units, const Filling& filling) {
  for (std::int64_t work = units * kWorkFactor; work > 0 && segments_.scarce();) {
    full_.store(true, std::memory_order_relaxed);
    if (victim_.segment == 0) victim_ = segments_.next_victim();
    if (victim_.segment == 0) return;
    work -= empty_victim(filling);
  }
}

// Some of it. How many units it looked at.
std::int64_t ItemStore::empty_victim(const Filling& filling) {
  constexpr unsigned kAtOnce = 8;  // so that each one's line of the index is on its way while others are settled
  std::int64_t work = 0;
  Ref refs[kAtOnce];
  std::uint64_t hashes[kAtOnce];
  unsigned n = 0;
  while (n < kAtOnce && (refs[n] = segments_.next_record(victim_)) != 0) {
    hashes[n] = hash_of(refs[n]);
    prefetch(hashes[n]);
    work += segments_.at(refs[n])->head().units();
    ++n;
  }
  for (unsigned i = 0; i < n; ++i) settle(refs[i], hashes[i], filling);
  if (n != kAtOnce) {
    segments_.release(victim_);
    victim_ = {};
  }
  return work;
}

void ItemStore::settle(Ref ref, std::uint64_t hash, const Filling& filling) {
  LockedBucket b(bucket(hash));
  if (segments_.at(ref)->head().kind() == Kind::kPiece) {
    settle_piece(*b, hash, ref);
    return;
  }
  for (unsigned way = 0; way < CacheBucket::kWays; ++way) {
    if (b->place(way) != ref) continue;
    if (b->tag(way) == 0) {
      b->set(way, 0, 0);
    } else {
      settle_item(*b, way, hash, filling);
    }
    return;
  }
}

void ItemStore::settle_item(CacheBucket& b, unsigned way, std::uint64_t hash, const Filling& filling) {
  const Ref ref = b.place(way);
  const ItemRecord::Head head = segments_.at(ref)->head();
  const unsigned frequency = b.frequency(way);
  const bool old_generation = static_cast<std::int32_t>(head.generation() - filling.generation) < 0;
  if (old_generation || head.deadline() <= ItemRecord::deadline_ticks(filling.now)) {
    push_out(b, way, true);  // if it is asked for again, it was good to have
    return;
  }
  const Ref to = worth_keeping(hash, frequency, head.units()) ? move(ref, head.units()) : 0;
  if (to == 0) {
    evicted_->add();
    push_out(b, way, victim_.queue == Segments::Queue::kSmall);
    return;
  }
  b.set(way, b.tag(way), to);
  if (!victim_.sparse) b.set_frequency(way, victim_.queue == Segments::Queue::kMain && frequency > 0 ? frequency - 1 : 0);
}

// The pieces of an item come before its record, and fare as it will.
void ItemStore::settle_piece(CacheBucket& b, std::uint64_t hash, Ref ref) {
  const ItemRecord::Head piece = segments_.at(ref)->head();
  for (std::uint64_t ways = b.ways_with(CacheBucket::tag_of(hash)); ways != 0; ways &= ways - 1) {
    const unsigned way = CacheBucket::first_of(ways);
    ItemRecord& record = *segments_.at(b.place(way));
    const ItemRecord::Head head = record.head();
    if (head.kind() != Kind::kInPieces || piece.piece() >= head.pieces() || record.piece(head, piece.piece()) != ref) continue;
    const Ref to = worth_keeping(hash, b.frequency(way), piece.units()) ? move(ref, piece.units()) : 0;
    if (to != 0) {
      record.set_piece(head, piece.piece(), to);
    } else {
      evicted_->add();
      push_out(b, way, victim_.queue == Segments::Queue::kSmall);
    }
    return;
  }
}

bool ItemStore::pin(std::uint64_t hash) {
  const std::lock_guard hold(lock_);
  if (pinned(hash)) return true;
  const std::size_t n = pin_count_.load(std::memory_order_relaxed);
  if (n == kMostPins) return false;
  pins_[n].store(hash, std::memory_order_relaxed);
  pin_count_.store(n + 1, std::memory_order_release);
  return true;
}

void ItemStore::unpin(std::uint64_t hash) {
  const std::lock_guard hold(lock_);
  const std::size_t n = pin_count_.load(std::memory_order_relaxed);
  auto* const at = std::find(pins_, pins_ + n, hash);
  if (at == pins_ + n) return;
  at->store(pins_[n - 1].load(std::memory_order_relaxed), std::memory_order_relaxed);
  pin_count_.store(n - 1, std::memory_order_release);
}

bool ItemStore::pinned(std::uint64_t hash) const {
  const auto* const end = pins_ + pin_count_.load(std::memory_order_acquire);
  return std::find(pins_, end, hash) != end;
}

bool ItemStore::worth_keeping(std::uint64_t hash, unsigned frequency, std::uint32_t units) const {
  if (victim_.sparse) return true;
  return (frequency > 0 || pinned(hash)) && (victim_.kept + units <= kMostKept || !segments_.tight());
}

ItemStore::Ref ItemStore::move(Ref ref, std::uint32_t units) {
  const Segments::Queue queue = victim_.sparse ? victim_.queue : Segments::Queue::kMain;
  if (!segments_.has_room(queue, units)) return 0;
  const Ref to = segments_.append(queue, units);
  segments_.at(to)->copy_from(*segments_.at(ref), units);
  victim_.kept += units;
  return to;
}

// A bucket has at most as many ghosts as items: so all together there are about as many, as S3-FIFO has it.
void ItemStore::push_out(CacheBucket& b, unsigned way, bool leave_ghost) {
  segments_.died(b.place(way));
  b.set(way, leave_ghost ? b.tag(way) : 0, 0);
  if (!leave_ghost) return;
  unsigned items = 0;
  unsigned ghosts = 0;
  unsigned other = way;
  for (unsigned i = 1; i <= CacheBucket::kWays; ++i) {
    const unsigned at = (way + i) % CacheBucket::kWays;
    if (b.tag(at) == 0) continue;
    if (b.place(at) != 0) {
      ++items;
    } else if (++ghosts == 1) {
      other = at;
    }
  }
  if (ghosts > std::max(items, 1U)) b.set(other, 0, 0);
}

}  // namespace smartswitch::memcached
