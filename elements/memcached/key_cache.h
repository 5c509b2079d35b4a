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
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "elements/memcached/fetch_table.h"
#include "elements/memcached/frequency_sketch.h"
#include "elements/memcached/hot_keys.h"
#include "elements/memcached/item_store.h"
#include "elements/memcached/pending_writes.h"
#include "elements/memcached/ticket_table.h"
#include "elements/sdk/counter.h"
#include "elements/sdk/describe.h"
#include "elements/sdk/state.h"

namespace smartswitch::memcached {

/// All methods may be called by several workers at once. `now` is monotonic ns (Element::now()); `hash` is hash_key(key).
class KeyCache final : public State {
 public:
  static constexpr std::string_view kClass = "KeyCache";
  static void describe(Describe<KeyCache>& d);
  void start(Problems& problems) override;
  std::function<void()> change_to(State& fresh, Problems& problems) override;
  bool go_on(std::int64_t now) override;
  std::shared_ptr<void> left_over() override;

  using Place = ItemStore::Place;
  using Hit = ItemStore::Hit;
  using Details = ItemStore::Details;
  using Draft = ItemStore::Draft;
  /// What a get's ticket says of filling the cache with its reply.
  using Permit = TicketTable::Record;
  /// memcached's meta protocol lets an item be marked as stale, and the first `mg` that meets it renew it.
  enum class Renewal : std::uint8_t { kAsBefore, kMarked, kDone };
  struct Write {
    bool no_reply = false;
    std::int64_t expiry = 0;  ///< as memcached's text protocol has it; 0: the item does not expire
    Renewal renewal = Renewal::kAsBefore;
  };

  /// The longest reply that reply_seen() keeps: what fits a frame of 1500 bytes behind IPv6, UDP and memcached's frame header.
  static constexpr std::size_t kLongestReply = 1500 - 40 - 8 - 8;
  /// Bytes behind the reply that copy() may overwrite.
  static constexpr std::size_t kOverrun = ItemStore::kOverrun;

  /// The three steps to an item. Between them is time for other keys: each step brings in what the next one reads.
  void prefetch(std::uint64_t hash) const { store_.prefetch(hash); }
  /// The same before write_sent(): takes the key's line from other workers' caches at once, not first to read and then to write.
  void prefetch_to_write(std::uint64_t hash) const { store_.prefetch_to_write(hash); }
  void prefetch(Ticket ticket) const { table_.prefetch(ticket); }
  [[nodiscard]] Place look_up(std::uint64_t hash) const { return store_.look_up(hash); }
  /// The reply to `get key`, if it is there and not too old. To be given to copy() before it is believed.
  [[nodiscard]] std::optional<Hit> find(const Place& place, std::string_view key, std::int64_t now) const {
    return store_.find(place, key, generation_.load(std::memory_order_relaxed), now);
  }
  /// Copies the reply to `out`, where `hit.length + kOverrun` bytes have to be. False if it is longer than ItemStore::kLongestReply, or if
  /// somebody changed the item meanwhile: then what is in `out` is of no use, and it counts as not found.
  static bool copy(const Hit& hit, std::uint8_t* out) { return ItemStore::copy(hit, out); }
  /// What replies in other forms need. Nothing, or false, if somebody changed the item meanwhile.
  [[nodiscard]] static std::optional<Details> details(const Hit& hit) { return ItemStore::details(hit); }
  [[nodiscard]] bool read_value(const Hit& hit, std::size_t from, std::size_t n, std::uint8_t* out) const {
    return store_.read_value(hit, from, n, out);
  }
  [[nodiscard]] static bool unchanged(const Hit& hit) { return ItemStore::unchanged(hit); }

  /// A read of one key is about to be sent to a server.
  void get_sent(Ticket ticket, std::uint64_t hash, std::int64_t now);
  /// Something that reads no one item (several keys, other commands) is about to be sent: its ticket is in use.
  void other_sent(Ticket ticket, std::int64_t now);
  /// A request that may change the item of `key` is about to be sent.
  void write_sent(Ticket ticket, std::uint64_t hash, Write write, std::int64_t now);
  /// Something that may change any item (or bytes that can't be understood) is about to be sent; it takes effect at the latest `delay_s`
  /// seconds from now. Empties the cache and keeps it empty until it has surely taken effect.
  void unknown_write_sent(std::int64_t now, std::int64_t delay_s = 0);
  /// A datagram with `text` has come from a server, in reply to `ticket`. True if it filled the cache.
  bool reply_seen(Ticket ticket, std::string_view text, std::int64_t now);

  /// The same in steps, for replies that are more than one datagram, or not text. What the reply's ticket permits, which is used up by
  /// that.
  std::optional<Permit> answered(Ticket ticket, std::int64_t now);
  /// Monotonic ns, not later than when the get was sent.
  static std::int64_t sent_at(const Permit& permit);
  /// Fills the cache with the value that a server has sent. It is served until `deadline`, and at most for `max_age`. If the item's expiry
  /// is not known, it has to be one that nobody has given an expiry.
  bool fill(const Permit& permit, const Item& item, std::int64_t deadline, std::int64_t now);
  /// A value that comes in parts: each byte has to be written once. A draft that is not filled with is simply forgotten.
  static std::optional<Draft> draft(std::size_t value_length) { return ItemStore::draft(value_length); }
  bool write(const Permit& permit, Draft& draft, std::size_t from, std::string_view bytes, std::int64_t now);
  bool fill(const Permit& permit, const Item& item, const Draft& draft, std::int64_t deadline, std::int64_t now);

  /// A server has said that there is no such item. That is remembered for `negative_age`, if the permit allows it. False
  /// if it never is: then asking again at once would bring nothing else.
  bool absent(const Permit& permit, std::string_view key, std::int64_t now);

  /// The switch's own gets, of keys that clients go on asking for in vain (`fetch_after`). The number of one that is to be sent now;
  /// nothing if the key is not hot, if one is under way, or if its reply could not be used. fetch_sent() has to follow.
  std::optional<std::uint64_t> begin_fetch(std::uint64_t hash, std::string_view key, std::int64_t now, Random& random);
  void fetch_sent(Ticket ticket, std::uint64_t hash, std::int64_t now);
  /// Which fetches are under way.
  [[nodiscard]] FetchTable& fetches() { return fetches_; }

  /// Whether a key that is not there has been asked for often enough lately (`admit_after`), or has been there before. Always, as long as
  /// nothing has to go for it.
  [[nodiscard]] bool worth_fetching(std::uint64_t hash) const;
  /// How often a key was asked for lately when it was not there; at most FrequencySketch::kMost.
  [[nodiscard]] unsigned misses(std::uint64_t hash) const { return sketch_.count(hash); }

  /// One of kSampledGets gets, for the list of hot keys.
  static constexpr unsigned kSampledGets = 127;
  void sample(std::uint64_t hash, std::string_view key) { hot_keys_.sample(hash, key); }
  /// The keys that are asked for most, and their share of all gets.
  [[nodiscard]] std::vector<Ranked> hot_keys() const { return hot_keys_.list(); }

  // For operators: off the packet path, on any thread.
  void flush();
  [[nodiscard]] Value look_up_key(const std::string& key) const;
  void purge(const std::string& key);
  void pin(const std::string& key, Problems& problems);
  void unpin(const std::string& key, Problems& problems);
  [[nodiscard]] Value pins() const;
  [[nodiscard]] Value memory();

 private:
  // What another `memory` needs; once it is made use of, what was there before.
  struct Resizing {
    ItemStore::Size store;
    FrequencySketch sketch;
  };
  std::shared_ptr<Resizing> prepare(ByteSize memory, Problems& problems);
  void resize(const std::shared_ptr<Resizing>& resizing);
  [[nodiscard]] bool is_pinned(const std::string& key) const;
  [[nodiscard]] bool settled(const CacheBucket& b, std::uint32_t ticks) const;
  [[nodiscard]] bool quiet(std::uint32_t ticks) const;
  [[nodiscard]] std::uint64_t period_of(std::int64_t ns) const;
  [[nodiscard]] bool no_write_pending(const CacheBucket& b, std::int64_t now) const;
  [[nodiscard]] bool nothing_pending(const CacheBucket& b, std::int64_t now) const;
  [[nodiscard]] bool may_fill(const Permit& permit, const Item& item, const CacheBucket& b, std::int64_t now) const;
  [[nodiscard]] ItemStore::Filling filling(const Permit& permit, std::int64_t deadline, std::int64_t now) const;
  bool count_fill(bool filled);
  void lost(std::uint64_t hash);

  ByteSize memory_{256 << 20};
  Duration max_age_{10'000'000'000};
  Duration reply_lifetime_{10'000'000'000};
  Duration negative_age_{0};
  bool exact_expiry_ = false;
  std::uint32_t tickets_ = 65536;
  std::uint32_t admit_after_ = 2;
  std::uint32_t fetch_after_ = 2;

  ItemStore store_;
  FrequencySketch sketch_;
  HotKeys hot_keys_;
  FetchTable fetches_;
  TicketTable table_;
  std::uint32_t lifetime_ticks_ = 0;
  std::atomic<std::uint32_t> generation_{1};
  std::atomic<std::uint32_t> unsettled_until_{0};  // ticks
  std::atomic<bool> unsettled_{false};

  std::shared_ptr<Resizing> resizing_;  // null: all that a change of `memory` takes is done

  mutable std::mutex pinning_;
  std::vector<std::string> pinned_;  // guarded by it

  // They change with every fill and write, and what is above is read with every get.
  SharedCounter filled_;
  SharedCounter refused_;
  SharedCounter cold_;
  SharedCounter fetches_begun_;
  SharedCounter evicted_;
  SharedCounter invalidated_;
  SharedCounter emptied_;
};

}  // namespace smartswitch::memcached
