// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The switch's own copy of hot items, and the rules that keep it from ever serving a stale one.
//
// A worker tells the cache of each request before it is sent on and of each reply that passes; in between, the cache answers what it can:
//
//   const auto hit = cache.find(cache.look_up(hash), key, now);                  // a get
//   if (hit && cache.copy(*hit, out)) ...                                        // answer it
//   else cache.get_sent(ticket, hash, now);                                      // or let it pass
//   cache.write_sent(ticket, hash, {...}, now);                                  // before a set, delete, incr, ... is sent on
//   cache.reply_seen(ticket, text, now);                                         // each datagram from a server
//
// The rules (numbers as in docs/memcached.md): a write invalidates before it is sent on (1-3); it is pending until its reply is seen (4); a
// reply fills the cache only if its get was sent with no write pending, no write has come since, and it is surely the reply to that get
// (5). A reply that says the item is not there takes it out (8). Who may write around the switch is seen after `max_age` at the latest.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

#include "elements/memcached/slab_store.h"
#include "elements/memcached/ticket_table.h"
#include "elements/sdk/counter.h"
#include "elements/sdk/describe.h"
#include "elements/sdk/state.h"

namespace smartswitch::memcached {

/// All methods may be called by several workers at once. `now` is monotonic ns (Element::now()); `hash` is hash_key(key).
class KeyCache final : public State {
  struct Bucket;

 public:
  static constexpr std::string_view kClass = "KeyCache";
  static void describe(Describe<KeyCache>& d);
  void start(Problems& problems) override;

  /// Where the item of a key would be, as the index had it.
  struct Place {
    const Bucket* bucket = nullptr;
    std::uint32_t version = 0;
    std::uint32_t ways = 0;  ///< a bit for each item that may be it; 0: it is not there
  };
  /// An item that is there.
  struct Hit {
    std::uint32_t length = 0;  ///< bytes of reply text, from "VALUE" to "END\r\n"
    std::uint16_t sum = 0;     ///< their Internet checksum, not complemented
    const Chunk* chunk = nullptr;
    Place place;
  };
  struct Write {
    bool no_reply = false;
    std::int64_t expiry = 0;  ///< as memcached's text protocol has it; 0: the item does not expire
  };

  /// The longest reply that is kept: what fits a frame of 1500 bytes behind IPv6, UDP and memcached's frame header.
  static constexpr std::size_t kLongestReply = 1500 - 40 - 8 - 8;
  /// Bytes behind the reply that copy() may overwrite.
  static constexpr std::size_t kOverrun = 8;

  /// The three steps to an item. Between them is time for other keys: each step brings in what the next one reads.
  void prefetch(std::uint64_t hash) const { rte_prefetch0(&bucket(hash)); }
  [[nodiscard]] Place look_up(std::uint64_t hash) const {
    const Bucket& b = bucket(hash);
    Place place{&b, b.version.load(std::memory_order_acquire), 0};
    if ((place.version & 1) == 0) place.ways = ways_with_tag(b, hash);
    for (unsigned ways = place.ways; ways != 0; ways &= ways - 1) {
      const auto* chunk = reinterpret_cast<const std::uint8_t*>(first_of(place.bucket, ways));
      rte_prefetch0(chunk);
      rte_prefetch0(chunk + 64);
    }
    return place;
  }
  /// The reply to `get key`, if it is there and not too old. To be given to copy() before it is believed.
  [[nodiscard]] std::optional<Hit> find(const Place& place, std::string_view key, std::int64_t now) const {
    for (unsigned ways = place.ways; ways != 0; ways &= ways - 1) {
      Chunk* chunk = first_of(place.bucket, ways);
      const std::uint32_t lengths = chunk->lengths.load(std::memory_order_acquire);
      const std::uint32_t length = lengths & 0xFFFF;
      if (lengths >> 16 != key.size() || length < kKeyAt + key.size() || length > kLongestReply) continue;
      if (chunk->deadline.load(std::memory_order_acquire) <= now) continue;
      if (chunk->generation.load(std::memory_order_acquire) != generation_.load(std::memory_order_relaxed)) continue;
      if (!same_key(*chunk, key)) continue;
      if (chunk->referenced.load(std::memory_order_relaxed) == 0) chunk->referenced.store(1, std::memory_order_relaxed);
      return Hit{length, chunk->sum.load(std::memory_order_acquire), chunk, place};
    }
    return std::nullopt;
  }
  /// Copies the reply to `out`, where `hit.length + kOverrun` bytes have to be. False if somebody changed the item meanwhile: then what is
  /// in `out` is of no use, and it counts as not found.
  static bool copy(const Hit& hit, std::uint8_t* out) {
    // Words as they lie in the chunk, each over the end of the one before: the first has two bytes in front of the text.
    std::uint64_t word = hit.chunk->words()[0].load(std::memory_order_acquire) >> (8 * Chunk::kTextAt);
    std::memcpy(out, &word, 8);
    for (std::uint32_t i = 8 - Chunk::kTextAt; i < hit.length; i += 8) {
      word = hit.chunk->words()[(i + Chunk::kTextAt) / 8].load(std::memory_order_acquire);
      std::memcpy(out + i, &word, 8);
    }
    return hit.place.bucket->version.load(std::memory_order_relaxed) == hit.place.version;
  }

  /// A get or gets of one key is about to be sent to a server.
  void get_sent(Ticket ticket, std::uint64_t hash, std::int64_t now);
  /// A read that can't fill (several keys, other commands) is about to be sent: its ticket is in use.
  void other_sent(Ticket ticket, std::int64_t now);
  /// A request that may change the item of `key` is about to be sent.
  void write_sent(Ticket ticket, std::uint64_t hash, Write write, std::int64_t now);
  /// Something that may change any item (or bytes that can't be understood) is about to be sent; it takes effect at the latest `delay_s`
  /// seconds from now. Empties the cache and keeps it empty until it has surely taken effect.
  void unknown_write_sent(std::int64_t now, std::int64_t delay_s = 0);
  /// A datagram with `text` has come from a server, in reply to `ticket`. True if it filled the cache.
  bool reply_seen(Ticket ticket, std::string_view text, std::int64_t now);

 private:
  // A line of the index. Of all keys that fall into it, it knows how often they were written and whether a write is under way; of up to
  // five, where they are. `version` is a sequence lock: odd while the bucket changes.
  struct alignas(64) Bucket {
    static constexpr std::size_t kWays = 5;
    std::atomic<std::uint32_t> version;
    std::atomic<std::uint32_t> epoch;          // writes so far, and times that an item was found lost
    std::atomic<std::uint32_t> last_write;     // ticks
    std::atomic<std::uint32_t> no_fill_until;  // s; an item with an expiry may live until then
    std::atomic<std::uint32_t> pending;        // writes whose reply has not come
    std::atomic<std::uint32_t> tainted;        // a write's reply can't be told apart: only time settles it
    std::atomic<std::uint64_t> ways[kWays];    // tag << 48 | SlabStore::Ref; 0: free
  };
  static_assert(sizeof(Bucket) == 64);
  class Locked;
  static constexpr std::size_t kKeyAt = 6;  // behind "VALUE "

  Bucket& bucket(std::uint64_t hash) const { return buckets_[hash & mask_]; }
  // A tag is never 0, so a free way has none.
  static std::uint64_t way_of(std::uint64_t hash, SlabStore::Ref ref) { return (hash >> 48 | 1) << 48 | ref; }
  static SlabStore::Ref ref_of(std::uint64_t way) { return static_cast<SlabStore::Ref>(way); }
  static bool same_tag(std::uint64_t way, std::uint64_t hash) { return way >> 48 == (hash >> 48 | 1); }
  // A bit for each way that has the tag. Without a branch a way: which way it is cannot be predicted.
  static unsigned ways_with_tag(const Bucket& b, std::uint64_t hash) {
    unsigned found = 0;
#pragma GCC unroll 5
    for (std::size_t i = 0; i < Bucket::kWays; ++i) {
      found |= static_cast<unsigned>(same_tag(b.ways[i].load(std::memory_order_acquire), hash)) << i;
    }
    return found;
  }
  [[nodiscard]] Chunk* first_of(const Bucket* b, unsigned ways) const {
    return store_.at(ref_of(b->ways[std::countr_zero(ways)].load(std::memory_order_acquire)));
  }
  static bool same_key(const Chunk& chunk, std::string_view key);
  [[nodiscard]] bool settled(const Bucket& b, std::uint32_t ticks) const;
  [[nodiscard]] bool quiet(std::uint32_t ticks) const;
  void take_out(Bucket& b, std::uint64_t hash);
  void lost(std::uint64_t hash);
  bool fill(const TicketTable::Record& record, std::string_view text, std::string_view key, std::int64_t now);
  SlabStore::Ref room_for(std::size_t text_bytes);
  bool evict(SlabStore::Ref ref);

  ByteSize memory_{256 << 20};
  Duration max_age_{10'000'000'000};
  Duration reply_lifetime_{10'000'000'000};
  std::uint32_t tickets_ = 65536;

  struct Unmap {
    std::size_t bytes = 0;
    void operator()(Bucket* buckets) const;
  };
  std::unique_ptr<Bucket[], Unmap> buckets_{nullptr, Unmap{}};
  std::size_t mask_ = 0;
  SlabStore store_;
  std::unique_ptr<TicketTable> table_;
  std::uint32_t lifetime_ticks_ = 0;
  std::atomic<std::uint32_t> generation_{1};
  std::atomic<std::uint32_t> unsettled_until_{0};  // ticks
  std::atomic<bool> unsettled_{false};

  Counter filled_;
  Counter refused_;
  Counter evicted_;
  Counter invalidated_;
  Counter emptied_;
};

// The key starts the chunk's second word. A last part of a word is compared by the key's last eight bytes.
inline bool KeyCache::same_key(const Chunk& chunk, std::string_view key) {
  const auto* words = chunk.words() + (Chunk::kTextAt + kKeyAt) / 8;
  const auto load = [](const char* at) {
    std::uint64_t value;
    std::memcpy(&value, at, 8);
    return value;
  };
  const std::size_t whole = key.size() / 8;
  const std::size_t rest = key.size() % 8;
  for (std::size_t i = 0; i < whole; ++i) {
    if (words[i].load(std::memory_order_acquire) != load(key.data() + 8 * i)) return false;
  }
  if (rest == 0) return true;
  const std::uint64_t last = words[whole].load(std::memory_order_acquire) << (64 - 8 * rest);
  if (whole > 0) return (words[whole - 1].load(std::memory_order_acquire) >> (8 * rest) | last) == load(key.data() + key.size() - 8);
  std::uint64_t short_key = 0;
  std::memcpy(&short_key, key.data(), rest);
  return last == short_key << (64 - 8 * rest);
}

}  // namespace smartswitch::memcached
