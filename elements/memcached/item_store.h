// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Where the cache keeps items, and which it keeps: S3-FIFO (Yang et al., SOSP 2023) over segments. Whether an item may be kept at all is
// KeyCache's affair.
//
// Newcomers go into a small queue, a tenth of the memory. Who is asked for while there moves on to the main queue, the others are pushed
// out and leave a ghost in the index; who comes back while its ghost is there goes into the main queue at once. There, who was asked for
// since the last time goes round once more.
#pragma once

#include <rte_prefetch.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include "elements/memcached/cache_bucket.h"
#include "elements/memcached/item_record.h"
#include "elements/memcached/lazy_array.h"
#include "elements/memcached/segments.h"
#include "elements/sdk/counter.h"
#include "elements/sdk/spin_lock.h"

namespace smartswitch::memcached {

/// Readers never wait. Who puts something in waits for others who do, and does a bounded part of the work of making room. `hash` is
/// hash_key(key), `now` monotonic ns.
class ItemStore {
 public:
  using Ref = ItemRecord::Ref;

  /// Where the item of a key would be, as the index had it.
  struct Place {
    const CacheBucket* bucket = nullptr;
    std::uint32_t version = 0;
    std::uint64_t ways = 0;  ///< the highest bit of a byte for each way that may have it; 0: it is not there
  };
  /// An item that is there.
  struct Hit {
    std::uint32_t length = 0;  ///< bytes of a reply to `get`, from "VALUE" to "END\r\n"; 0: it is known that there is no such item
    std::uint16_t sum = 0;     ///< their Internet checksum, not complemented
    const ItemRecord* record = nullptr;
    Place place;
  };
  /// What else is known of it.
  struct Details {
    std::uint32_t value_length = 0;
    std::uint32_t flags = 0;
    std::uint64_t cas = 0;                        ///< 0: not known
    std::uint32_t expiry = Item::kExpiryUnknown;  ///< as in Item
    std::uint64_t serial = 0;                     ///< of a value in pieces: no other filling has it
  };
  /// A value in pieces that is being put in. Forgetting it is all that it takes to give it up: what was written is nobody's then.
  struct Draft {
    std::uint32_t value_length = 0;
    std::uint32_t written = 0;
    struct Piece {
      Ref ref = 0;
      std::uint32_t use = 0;
    };
    Piece pieces[ItemRecord::kMostPieces];
  };
  /// What an item may be filled as, and when.
  struct Filling {
    std::uint64_t hash = 0;
    std::uint32_t generation = 0;  ///< of the cache; only items of the present one are found
    std::int64_t deadline = 0;     ///< ns; not to be served from then on
    std::int64_t now = 0;
  };

  /// The longest reply that copy() makes.
  static constexpr std::size_t kLongestReply = ItemRecord::kBefore.size() + ItemRecord::kLongestText + ItemRecord::kBehind.size();
  /// Bytes behind the reply that copy() may overwrite.
  static constexpr std::size_t kOverrun = 8;
  static constexpr std::size_t kMostPins = 64;

  /// Takes at most `bytes`, index included, and from the system only what is used. False if the system refuses. Items that make room for
  /// others are counted in `evicted`.
  bool reserve(std::size_t bytes, SharedCounter& evicted);
  /// What is known of a key. While a resize goes on, it is brought here first.
  [[nodiscard]] CacheBucket& bucket(std::uint64_t hash) const {
    if (before_.load(std::memory_order_acquire) != nullptr) [[unlikely]]
      move_bucket_of(hash);
    return line(hash);
  }
  void prefetch(std::uint64_t hash) const { rte_prefetch0(&line(hash)); }
  void prefetch_to_write(std::uint64_t hash) const { __builtin_prefetch(&line(hash), 1); }

  // Another size, in these steps:
  //
  //   prepare(bytes, size)                 while others are at work; nothing is different yet
  //   resize(size, ...)                    while nobody is: from now on what is asked for is brought from the old index to the new one
  //   while (go_on(generation, now)) ...   a part at a time, while others are at work: brings the rest, and empties what is too much
  //   end_resize()                         nobody comes upon the old index any more, but may still have hold of it
  //   give_back(), and `size` ends         nobody has

  /// A size, and room for it. After resize(): for what there was before.
  struct Size {
    std::size_t bytes = 0;
    LazyArray<CacheBucket> buckets;
  };
  /// What keys know of writes is carried over. Items of the generation `before` become items of `after`, so that no reply fills that was
  /// asked for before; those of others are dropped.
  struct Carrying {
    std::uint32_t before = 0;
    std::uint32_t after = 0;
    std::uint32_t lifetime = 0;  ///< ticks: a write may be pending for so long
  };
  /// False if the system refuses.
  bool prepare(std::size_t bytes, Size& size);
  void resize(Size& size, const Carrying& carrying);
  /// False: that was all. By one thread at a time. `generation` and `now` as in Filling.
  bool go_on(std::uint32_t generation, std::int64_t now);
  void end_resize() { before_.store(nullptr, std::memory_order_release); }
  void give_back() { segments_.give_back(); }
  [[nodiscard]] bool resizing() const { return before_.load(std::memory_order_relaxed) != nullptr; }
  /// Bytes of memory that hold items, dead ones included, and of the index.
  [[nodiscard]] std::size_t items_bytes();
  [[nodiscard]] std::size_t index_bytes() const { return buckets_.size() * sizeof(CacheBucket); }

  [[nodiscard]] Place look_up(std::uint64_t hash) const {
    const CacheBucket& b = bucket(hash);
    Place place{&b, b.version.load(std::memory_order_acquire), 0};
    if ((place.version & 1) == 0) place.ways = b.ways_with(CacheBucket::tag_of(hash));
    for (std::uint64_t ways = place.ways; ways != 0; ways &= ways - 1) {
      const auto* record = reinterpret_cast<const std::uint8_t*>(first_of(b, ways));
      rte_prefetch0(record);
      rte_prefetch0(record + 64);
    }
    return place;
  }
  /// The item of `key`, if it is there, of this generation and not too old. Nothing of it may be believed before copy(), details() or
  /// read_value() has said so.
  [[nodiscard]] std::optional<Hit> find(const Place& place, std::string_view key, std::uint32_t generation, std::int64_t now) const {
    for (std::uint64_t ways = place.ways; ways != 0; ways &= ways - 1) {
      const ItemRecord* record = first_of(*place.bucket, ways);
      const ItemRecord::Head head = record->head();
      if (head.key_length() != key.size() || head.generation() != generation || head.deadline() <= ItemRecord::deadline_ticks(now))
        continue;
      if (!record->has_key(key)) continue;
      place.bucket->count_get(CacheBucket::first_of(ways));
      constexpr std::size_t kAround = ItemRecord::kBefore.size() + ItemRecord::kBehind.size();
      const std::size_t length = head.absent() ? 0 : kAround + head.text_length();
      return Hit{static_cast<std::uint32_t>(length), head.sum(), record, place};
    }
    return std::nullopt;
  }
  /// Whether there is a value of `key`, of this generation, that may be served until `deadline` or longer; and its cas, if that matters.
  [[nodiscard]] bool has(std::uint64_t hash, std::string_view key, std::uint32_t generation, std::int64_t deadline, bool with_cas) const {
    const auto hit = find(look_up(hash), key, generation, deadline);
    return hit && hit->length != 0 && (!with_cas || hit->record->head().has_cas()) && unchanged(*hit);
  }
  /// Copies the reply to `out`, where `hit.length + kOverrun` bytes have to be. False if there is none, if it is longer than kLongestReply,
  /// or if somebody has changed the item meanwhile: then what is in `out` is of no use, and it counts as not found.
  static bool copy(const Hit& hit, std::uint8_t* out) {
    if (hit.length == 0 || hit.length > kLongestReply) return false;
    // Words as they lie in the record, each over the end of the one before.
    static constexpr char kStart[] = "VALUE  ";
    static constexpr char kEnd[] = "\r\nEND\r\n";
    static_assert(sizeof kStart == 8 && sizeof kEnd == 8);
    std::memcpy(out, kStart, 8);
    std::uint8_t* text = out + ItemRecord::kBefore.size();
    const std::size_t length = hit.length - ItemRecord::kBefore.size() - ItemRecord::kBehind.size();
    for (std::size_t i = 0; i < length; i += 8) {
      const std::uint64_t word = hit.record->word(i / 8);
      std::memcpy(text + i, &word, 8);
    }
    std::memcpy(text + length, kEnd, 8);
    return unchanged(hit);
  }
  /// Nothing if the item has been changed.
  [[nodiscard]] static std::optional<Details> details(const Hit& hit);
  /// Whether it is still as it was found.
  [[nodiscard]] static bool unchanged(const Hit& hit) {
    return hit.place.bucket->version.load(std::memory_order_relaxed) == hit.place.version;
  }
  /// Copies `n` bytes of the value, from `from` on. False if the item has been changed: what is in `out` is of no use then.
  [[nodiscard]] bool read_value(const Hit& hit, std::size_t from, std::size_t n, std::uint8_t* out) const;

  /// Puts an item in, in place of one of the same key, if `may_fill(bucket)` is true: it is asked when nobody else can change the bucket.
  /// False if it is not, or if there is no room just now.
  template <class MayFill>
  bool put(const Item& item, const Filling& filling, MayFill&& may_fill);
  /// Begins a value that comes in parts: write() them in any order, each byte once, then put() it. Nothing if it is longer than
  /// ItemRecord::kLongestValue.
  [[nodiscard]] static std::optional<Draft> draft(std::size_t value_length);
  bool write(Draft& draft, std::size_t from, std::string_view bytes, const Filling& filling);
  /// As above; `item.value` does not count.
  template <class MayFill>
  bool put(const Item& item, const Draft& draft, const Filling& filling, MayFill&& may_fill);

  /// Until when an item may be served, ns; rounded down to its clock.
  [[nodiscard]] static std::int64_t deadline(const Hit& hit) { return ItemRecord::deadline_ns(hit.record->head().deadline()); }

  /// Items whose key has this hash make room for others only when the memory is tight. False if there are kMostPins of them already.
  bool pin(std::uint64_t hash);
  void unpin(std::uint64_t hash);

  /// Takes out whatever the bucket has under this key's tag. The bucket is locked.
  void take_out(CacheBucket& b, std::uint64_t hash);
  /// Whether items have to go before others can come.
  [[nodiscard]] bool full() const { return full_.load(std::memory_order_relaxed); }

 private:
  // Where a record will be: good as long as the bucket is locked.
  struct Slot {
    Ref old = 0;         // the key's record, dead or alive
    bool reuse = false;  // the new one goes there
    Segments::Queue queue = Segments::Queue::kSmall;
  };
  [[nodiscard]] const ItemRecord* first_of(const CacheBucket& b, std::uint64_t ways) const {
    return segments_.at(b.place(CacheBucket::first_of(ways)));
  }
  static bool may_be_key(std::string_view key) { return !key.empty() && key.size() <= kLongestKey; }
  template <class MayFill>
  bool put_text(const ItemText& text, std::string_view key, const Draft* draft, const Filling& filling, MayFill&& may_fill);
  template <class MayFill>
  std::optional<bool> put_again(const ItemText& text, std::string_view key, const Filling& filling, MayFill&& may_fill);
  Slot find_slot(const CacheBucket& b, const ItemText& text, std::string_view key, std::uint64_t hash) const;
  void store(CacheBucket& b, const ItemText& text, const Slot& slot, std::uint64_t hash, const Draft* draft);
  [[nodiscard]] bool whole(const Draft& draft) const;
  bool read_draft(const Draft& draft, std::uint8_t* value);

  // Making room: who goes and who stays.
  void make_room(std::uint32_t units, const Filling& filling);
  std::int64_t empty_victim(const Filling& filling);
  void settle(Ref ref, std::uint64_t hash, const Filling& filling);
  void settle_item(CacheBucket& b, unsigned way, std::uint64_t hash, const Filling& filling);
  [[nodiscard]] bool pinned(std::uint64_t hash) const;
  void settle_piece(CacheBucket& b, std::uint64_t hash, Ref ref);
  [[nodiscard]] bool worth_keeping(std::uint64_t hash, unsigned frequency, std::uint32_t units) const;
  Ref move(Ref ref, std::uint32_t units);
  void push_out(CacheBucket& b, unsigned way, bool leave_ghost);
  [[nodiscard]] std::uint64_t hash_of(Ref ref) const;

  // From the old index to the new one, a bucket at a time. `i` is one of the old index.
  [[gnu::cold, gnu::noinline]] void move_bucket_of(std::uint64_t hash) const;
  std::int64_t move_bucket(const LazyArray<CacheBucket>& before, std::size_t i) const;
  void carry_writes(const CacheBucket& from, std::size_t i, std::size_t buckets) const;
  void carry_item(const CacheBucket& from, unsigned way) const;
  [[nodiscard]] std::optional<unsigned> way_for_carried(CacheBucket& b, bool alive, unsigned frequency) const;
  bool go_on_moving();
  bool go_on_shrinking(const Filling& filling);

  static std::size_t index_of(std::uint64_t hash, std::size_t buckets) { return (hash & 0xFFFFFFFF) * buckets >> 32; }
  [[nodiscard]] CacheBucket& line(std::uint64_t hash) const { return buckets_[index_of(hash, buckets_.size())]; }

  // Changed in resize(), when nobody is at work, but for the contents.
  LazyArray<CacheBucket> buckets_;
  std::atomic<const LazyArray<CacheBucket>*> before_{nullptr};  // the old index, as long as there may be something in it
  Segments segments_;
  SharedCounter* evicted_ = nullptr;
  std::atomic<bool> full_{false};
  std::size_t bytes_ = 0;
  Carrying carrying_;
  std::size_t next_to_move_ = 0;  // for go_on()
  // On a line that readers don't need.
  alignas(64) SpinLock lock_;  // of Segments and of what follows; taken before a bucket's, never after
  Segments::Victim victim_;
  // Changed under the lock.
  std::atomic<std::size_t> pin_count_{0};
  std::atomic<std::uint64_t> pins_[kMostPins] = {};
  std::atomic<std::uint64_t> serial_{0};
};

// Most fillings renew what a write has taken out. Those go where it was: they need no room, and so not the lock that all workers share. A
// record that a bucket refers to stays what it is while the bucket is locked. Nothing if the item needs another place.
template <class MayFill>
std::optional<bool> ItemStore::put_again(const ItemText& text, std::string_view key, const Filling& filling, MayFill&& may_fill) {
  LockedBucket b(bucket(filling.hash));
  const Slot slot = find_slot(*b, text, key, filling.hash);
  if (!slot.reuse) return std::nullopt;
  if (!may_fill(*b)) return false;
  store(*b, text, slot, filling.hash, nullptr);
  return true;
}

template <class MayFill>
bool ItemStore::put_text(const ItemText& text, std::string_view key, const Draft* draft, const Filling& filling, MayFill&& may_fill) {
  if (const auto done = put_again(text, key, filling, may_fill)) return *done;
  const std::lock_guard hold(lock_);
  make_room(text.head().units(), filling);
  if (draft != nullptr && !whole(*draft)) return false;
  LockedBucket b(bucket(filling.hash));
  const Slot slot = find_slot(*b, text, key, filling.hash);
  if (!slot.reuse && !segments_.has_room(slot.queue, text.head().units())) return false;
  if (!may_fill(*b)) return false;
  store(*b, text, slot, filling.hash, draft);
  return true;
}

template <class MayFill>
bool ItemStore::put(const Item& item, const Filling& filling, MayFill&& may_fill) {
  if (!may_be_key(item.key)) return false;
  if (ItemText::fits(item, item.value.size())) {
    return put_text(ItemText(item, item.value.size(), filling.generation, filling.deadline, 0), item.key, nullptr, filling, may_fill);
  }
  std::optional<Draft> pieces = draft(item.value.size());
  return pieces && write(*pieces, 0, item.value, filling) && put(item, *pieces, filling, may_fill);
}

template <class MayFill>
bool ItemStore::put(const Item& item, const Draft& draft, const Filling& filling, MayFill&& may_fill) {
  if (!may_be_key(item.key)) return false;
  if (ItemText::fits(item, draft.value_length)) {
    std::uint8_t value[ItemRecord::kPieceBytes];
    Item whole_item = item;
    whole_item.value = {reinterpret_cast<const char*>(value), draft.value_length};
    return read_draft(draft, value) && put(whole_item, filling, may_fill);
  }
  const std::uint64_t serial = serial_.fetch_add(1, std::memory_order_relaxed) + 1;
  const ItemText text(item, draft.value_length, filling.generation, filling.deadline, serial);
  return put_text(text, item.key, &draft, filling, may_fill);
}

}  // namespace smartswitch::memcached
