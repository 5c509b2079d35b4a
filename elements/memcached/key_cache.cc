// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/key_cache.h"

#include <algorithm>
#include <chrono>

#include "elements/memcached/reply.h"
#include "elements/sdk/hash.h"
#include "elements/sdk/registry.h"

namespace smartswitch::memcached {
namespace {

// The clock of tickets and buckets: 134 ms a tick, so that 32 bits are enough for nine years of comparing.
constexpr unsigned kTickBits = 27;
std::uint32_t to_ticks(std::int64_t ns) { return static_cast<std::uint32_t>(ns >> kTickBits); }
std::uint32_t to_s(std::int64_t ns) { return static_cast<std::uint32_t>(ns / 1'000'000'000); }

// The share of the memory that counts misses.
std::size_t sketch_in(ByteSize memory) { return memory.bytes / 64; }

// Whether `a` is at or after `b` on a clock that wraps.
bool reached(std::uint32_t a, std::uint32_t b) { return static_cast<std::int32_t>(a - b) >= 0; }

constexpr std::int64_t kRelativeLimit = std::int64_t{30} * 24 * 60 * 60;  // memcached: larger expiry times are Unix time
constexpr std::int64_t kFarthest = std::int64_t{1} << 30;                 // seconds; keeps sums within the wrapping clock

// Seconds from now until an item with this expiry is surely gone.
std::int64_t seconds_left(std::int64_t expiry) {
  if (expiry <= 0) return 0;
  if (expiry > kRelativeLimit) {
    const auto unix_now = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    expiry = expiry > unix_now ? expiry - unix_now : 0;
  }
  return std::min(expiry, kFarthest);
}

// A get of the switch's own must not win the right to renew that a client waits for. The bucket is locked.
void note_renewal(CacheBucket& b, std::uint8_t tag, KeyCache::Renewal renewal) {
  const std::uint8_t before = b.renewing.load(std::memory_order_relaxed);
  if (renewal == KeyCache::Renewal::kMarked) {
    b.renewing.store(before == 0 || before == tag ? tag : CacheBucket::kAnyTag, std::memory_order_relaxed);
  } else if (before == tag && before != CacheBucket::kAnyTag) {
    b.renewing.store(0, std::memory_order_relaxed);
  }
}

}  // namespace

void KeyCache::describe(Describe<KeyCache>& d) {
  d.summary("Keeps the replies to hot gets, shared by all elements and workers that name it, and never serves a stale one.");
  d.details(
      R"(Guarantee: as long as every write passes a CacheInvalidate of this cache, reads and writes of one key behave as if there was one copy of it. A
write that takes another way is seen after `max_age` at the latest.

Which items stay is decided by S3-FIFO: newcomers that nobody asks for again go first. Memory belongs to no size of item: a segment is
filled with whatever comes. Of 20-byte keys with 32-byte values, 100 bytes or so are needed for each.

The reply to a get that passes does not tell the item's expiry: a key that was written with one is not filled by such a reply until that time is over, and of
what was written before the switch started nothing is known (`exact_expiry`). Nor does a reply of several datagrams fill. So a key that clients go on asking
for in vain is fetched by the switch itself (CacheResponder's output `fetch`), with `mg`: expiry, cas and values of up to 1 MiB come along.)");
  d.example("hot: {class: KeyCache, memory: 256MiB, max_age: 10s}");
  d.parameter("memory", &KeyCache::memory_, "memory for items and their index; taken from the system as it is filled")
      .between(ByteSize{4 << 20}, ByteSize{std::uint64_t{64} << 30});
  d.parameter("max_age", &KeyCache::max_age_, "how long an item is served before a server is asked again")
      .between(Duration{1'000'000}, Duration{86'400'000'000'000});
  d.parameter("reply_lifetime", &KeyCache::reply_lifetime_,
              "the longest that a request or a reply may be on its way, queues of a busy server included; a write without a known reply "
              "blocks its key for so long, twice that where others follow it all the time")
      .between(Duration{10'000'000}, Duration{600'000'000'000});
  d.parameter("tickets", &KeyCache::tickets_, "requests under way that can be told apart; beyond it, fewer replies fill the cache")
      .at_least(64);
  d.parameter(
       "admit_after", &KeyCache::admit_after_,
       "once the memory is full: how often a key has to be asked for in vain before it is worth a place; what was there lately always is")
      .between(1, FrequencySketch::kMost);
  d.parameter(
       "fetch_after", &KeyCache::fetch_after_,
       "how often a key has to be asked for in vain, lately, before the switch fetches it by itself; then one get of it is under way, "
       "however many clients ask")
      .between(1, FrequencySketch::kMost);
  d.parameter("exact_expiry", &KeyCache::exact_expiry_,
              "keep only what the switch has fetched itself, whose expiry is known; otherwise an item whose expiry was set before the "
              "switch started, or past it, "
              "may be served for `max_age` after its end");
  d.parameter("negative_age", &KeyCache::negative_age_,
              "how long the switch answers that there is no such item, after a fetch that found none; 0: gets of what is not there always "
              "go to a server")
      .between(Duration{0}, Duration{86'400'000'000'000});
  d.handler("flush", &KeyCache::flush, "forgets all items");
  d.handler("look_up", &KeyCache::look_up_key, "what the cache has of a key, and how often it was asked for in vain lately");
  d.handler("purge", &KeyCache::purge, "forgets the item of a key; a reply that is under way does not bring it back");
  d.handler("pin", &KeyCache::pin, "keeps the item of a key, whenever there is one, however little it is asked for");
  d.handler("unpin", &KeyCache::unpin, "ends that");
  d.handler("pins", &KeyCache::pins, "the keys that are pinned");
  d.ranking("hot_keys", &KeyCache::hot_keys, "the keys that are asked for most, with their share of all gets, found in a sample");
  d.handler("memory", &KeyCache::memory,
            "the bound, what items and index take of it, and whether a change of it still goes on; `items` has the dead ones, too");
  d.counter("filled", &KeyCache::filled_, "items put in");
  d.counter("fetched", &KeyCache::fetches_begun_, "gets that the switch sent by itself");
  d.counter("refused", &KeyCache::refused_,
            "replies that did not fill because a write was under way, had come since, or they could not be told apart");
  d.counter("cold", &KeyCache::cold_, "replies that did not fill because their key has not been asked for often enough: see `admit_after`");
  d.counter("evicted", &KeyCache::evicted_, "items that made room for others");
  d.counter("invalidated", &KeyCache::invalidated_, "writes that passed: the key's item, if there was one, is gone");
  d.counter("emptied", &KeyCache::emptied_, "times the whole cache was emptied: flush_all, TCP, or requests that could not be understood");
}

void KeyCache::start(Problems& problems) {
  const std::size_t sketch_bytes = sketch_in(memory_);
  lifetime_ticks_ = to_ticks(reply_lifetime_.nanoseconds) + 2;  // rounded up at both ends
  if (!sketch_.reserve(sketch_bytes) || !store_.reserve(memory_.bytes - sketch_bytes, evicted_) ||
      !table_.reserve(tickets_, lifetime_ticks_)) {
    problems.add({}, fmt::format("the system has no room for {} of cache and {} tickets", to_string(memory_), tickets_),
                 "choose a smaller `memory`, or fewer `tickets`");
  }
}

std::function<void()> KeyCache::change_to(State& fresh, Problems& problems) {
  const auto& wanted = static_cast<const KeyCache&>(fresh);
  const auto refuse = [&](bool same, const char* what) {
    if (!same) {
      problems.add({}, fmt::format("`{}` of a cache that is in use cannot be changed", what),
                   "give the cache another name to begin with an empty one");
    }
  };
  refuse(wanted.tickets_ == tickets_, "tickets");
  refuse(wanted.reply_lifetime_.nanoseconds == reply_lifetime_.nanoseconds, "reply_lifetime");
  if (!problems.empty()) return nullptr;
  const bool other_size = wanted.memory_.bytes != memory_.bytes;
  const std::shared_ptr<Resizing> resizing = other_size ? prepare(wanted.memory_, problems) : nullptr;
  if (other_size && !resizing) return nullptr;
  return [this, &wanted, resizing] {
    if (resizing) {
      memory_ = wanted.memory_;
      resize(resizing);
    }
    // What was kept for longer than is right now must not be served any more.
    const bool stricter = wanted.max_age_.nanoseconds < max_age_.nanoseconds || (wanted.exact_expiry_ && !exact_expiry_) ||
                          wanted.negative_age_.nanoseconds < negative_age_.nanoseconds;
    if (stricter) generation_.fetch_add(1, std::memory_order_acq_rel);
    max_age_ = wanted.max_age_;
    negative_age_ = wanted.negative_age_;
    exact_expiry_ = wanted.exact_expiry_;
    admit_after_ = wanted.admit_after_;
    fetch_after_ = wanted.fetch_after_;
  };
}

std::shared_ptr<KeyCache::Resizing> KeyCache::prepare(ByteSize memory, Problems& problems) {
  if (resizing_) {
    problems.add({}, fmt::format("its memory is still being changed to {}", to_string(memory_)),
                 "try again later: the handler `memory` tells when `changing` is over");
    return nullptr;
  }
  auto resizing = std::make_shared<Resizing>();
  if (!resizing->sketch.reserve(sketch_in(memory)) || !store_.prepare(memory.bytes - sketch_in(memory), resizing->store)) {
    problems.add({}, fmt::format("the system has no room for {} of cache", to_string(memory)),
                 "choose a smaller `memory`; or restart the switch with it, if the system limits its addresses (ulimit -v)");
    return nullptr;
  }
  resizing->sketch.take_counts(sketch_);
  return resizing;
}

// Replies to what was asked before do not fill: their permits are of another index, whose epochs say nothing here.
void KeyCache::resize(const std::shared_ptr<Resizing>& resizing) {
  const std::uint32_t before = generation_.fetch_add(1, std::memory_order_acq_rel);
  sketch_.swap(resizing->sketch);
  store_.resize(resizing->store, {before, before + 1, lifetime_ticks_});
  resizing_ = resizing;
}

bool KeyCache::go_on(std::int64_t now) { return store_.go_on(generation_.load(std::memory_order_acquire), now); }

std::shared_ptr<void> KeyCache::left_over() {
  if (!resizing_) return nullptr;
  store_.end_resize();
  const auto let_go = [this](void*) {
    store_.give_back();
    resizing_.reset();
  };
  return std::shared_ptr<void>(resizing_.get(), let_go);
}

// Long enough after the last write that nothing of it, or of what was read before it, can still be under way.
bool KeyCache::settled(const CacheBucket& b, std::uint32_t ticks) const {
  return b.epoch.load(std::memory_order_acquire) == 0 || reached(ticks, b.last_write.load(std::memory_order_acquire) + lifetime_ticks_);
}

// No write of unknown reach may still be under way.
bool KeyCache::quiet(std::uint32_t ticks) const {
  return !unsettled_.load(std::memory_order_acquire) || reached(ticks, unsettled_until_.load(std::memory_order_acquire));
}

std::uint64_t KeyCache::period_of(std::int64_t ns) const { return static_cast<std::uint64_t>(ns >> kTickBits) / lifetime_ticks_; }

bool KeyCache::no_write_pending(const CacheBucket& b, std::int64_t now) const {
  const PendingWrites pending(b.pending.load(std::memory_order_acquire));
  return pending.none() || settled(b, to_ticks(now)) || pending.in(period_of(now)).none();
}

bool KeyCache::nothing_pending(const CacheBucket& b, std::int64_t now) const { return quiet(to_ticks(now)) && no_write_pending(b, now); }

void KeyCache::get_sent(Ticket ticket, std::uint64_t hash, std::int64_t now) {
  fetch_sent(ticket, hash, now);
  sketch_.add(hash);
}

void KeyCache::fetch_sent(Ticket ticket, std::uint64_t hash, std::int64_t now) {
  const CacheBucket& b = store_.bucket(hash);
  const std::uint32_t ticks = to_ticks(now);
  TicketTable::Record record;
  record.ticket = ticket.value;
  record.key_hash = hash;
  record.time = ticks;
  // The epoch is read first: a write that comes between is seen as one that came since.
  record.epoch = b.epoch.load(std::memory_order_acquire);
  record.generation = generation_.load(std::memory_order_acquire);
  record.kind = nothing_pending(b, now) ? TicketTable::Kind::kRead : TicketTable::Kind::kLook;
  table_.open(record, settled(b, ticks) ? record.kind : TicketTable::Kind::kLook);
}

std::optional<std::uint64_t> KeyCache::begin_fetch(std::uint64_t hash, std::string_view key, std::int64_t now, Random& random) {
  if (sketch_.count(hash) < fetch_after_ || !worth_fetching(hash)) return std::nullopt;
  const CacheBucket& b = store_.bucket(hash);
  if (!nothing_pending(b, now)) return std::nullopt;
  const std::uint8_t renewing = b.renewing.load(std::memory_order_relaxed);
  if (renewing == CacheBucket::tag_of(hash) || renewing == CacheBucket::kAnyTag) return std::nullopt;
  // In words between spaces, other keys would be other requests.
  if (key.empty() || key.size() > kLongestKey || key_length(key) != key.size()) return std::nullopt;
  const auto number = fetches_.open(hash, key, now, random);
  if (number) fetches_begun_.add();
  return number;
}

void KeyCache::other_sent(Ticket ticket, std::int64_t now) {
  TicketTable::Record record;
  record.ticket = ticket.value;
  record.time = to_ticks(now);
  table_.open(record, TicketTable::Kind::kNone);
}

void KeyCache::write_sent(Ticket ticket, std::uint64_t hash, Write write, std::int64_t now) {
  const std::uint32_t ticks = to_ticks(now);
  CacheBucket& b = store_.bucket(hash);
  std::uint8_t period = 0;
  {
    const LockedBucket locked(b);
    const PendingWrites known =
        settled(b, ticks) ? PendingWrites::none_in(period_of(now)) : PendingWrites(b.pending.load(std::memory_order_relaxed));
    const PendingWrites pending = known.in(period_of(now)).sent();
    period = pending.last();
    b.pending.store(pending.word(), std::memory_order_release);
    // Nobody else changes it while the bucket is locked.
    b.count_writes(1);
    b.last_write.store(ticks, std::memory_order_release);
    if (write.expiry > 0) {
      const std::uint32_t gone =
          to_s(now) + static_cast<std::uint32_t>(seconds_left(write.expiry)) + 2;  // both clocks tick in whole seconds
      const std::uint32_t before = b.no_fill_until.load(std::memory_order_relaxed);
      if (before == 0 || reached(gone, before)) b.no_fill_until.store(gone, std::memory_order_release);
    }
    if (write.renewal != Renewal::kAsBefore) note_renewal(b, CacheBucket::tag_of(hash), write.renewal);
    store_.take_out(b, hash);
  }
  invalidated_.add();
  if (write.no_reply) return;
  TicketTable::Record record;
  record.ticket = ticket.value;
  record.key_hash = hash;
  record.epoch = period;
  record.time = ticks;
  record.kind = TicketTable::Kind::kWrite;
  table_.open(record, TicketTable::Kind::kNone);
}

void KeyCache::unknown_write_sent(std::int64_t now, std::int64_t delay_s) {
  const std::uint32_t until = to_ticks(now) + lifetime_ticks_ + to_ticks(seconds_left(delay_s) * 1'000'000'000);
  if (quiet(to_ticks(now)) || reached(until, unsettled_until_.load(std::memory_order_relaxed))) {
    unsettled_until_.store(until, std::memory_order_release);
  }
  unsettled_.store(true, std::memory_order_release);
  generation_.fetch_add(1, std::memory_order_acq_rel);
  emptied_.add();
}

std::optional<KeyCache::Permit> KeyCache::answered(Ticket ticket, std::int64_t now) {
  auto record = table_.close(ticket, to_ticks(now));
  if (!record || record->kind != TicketTable::Kind::kWrite) return record;
  CacheBucket& b = store_.bucket(record->key_hash);
  const LockedBucket locked(b);
  const PendingWrites pending(b.pending.load(std::memory_order_relaxed));
  b.pending.store(pending.in(period_of(now)).answered(static_cast<std::uint8_t>(record->epoch)).word(), std::memory_order_release);
  return std::nullopt;
}

bool KeyCache::reply_seen(Ticket ticket, std::string_view text, std::int64_t now) {
  const auto permit = answered(ticket, now);
  if (!permit) return false;
  const Reply reply = parse_reply(text);
  if (reply.kind == ReplyKind::kNotFound || reply.kind == ReplyKind::kEnd) lost(permit->key_hash);
  if (exact_expiry_ || permit->kind != TicketTable::Kind::kRead || !text.starts_with("VALUE ")) return false;
  if (reply.kind != ReplyKind::kValue || !reply.whole || reply.key.empty()) return false;
  if (text.substr(reply.size()) != "END\r\n" || hash_key(reply.key) != permit->key_hash || text.size() > kLongestReply) return false;
  // Many gets may have met one write: the first reply fills, and the others would only take the item's memory from workers that read it.
  const std::int64_t lately = now + max_age_.nanoseconds / 16 * 15;
  if (store_.has(permit->key_hash, reply.key, permit->generation, lately, reply.cas != 0)) return false;
  if (!worth_fetching(permit->key_hash)) {
    cold_.add();
    return false;
  }
  Item item;
  item.key = reply.key;
  item.value = reply.data;
  item.flags = reply.client_flags;
  item.cas = reply.cas;
  return fill(*permit, item, now + max_age_.nanoseconds, now);
}

// A server has said that it has no such item: it may have lost it, by a restart or for want of memory. A client is about to learn that, so
// nothing that was read before may be served after it.
void KeyCache::lost(std::uint64_t hash) {
  CacheBucket& b = store_.bucket(hash);
  const LockedBucket locked(b);
  b.count_writes(1);
  store_.take_out(b, hash);
}

bool KeyCache::absent(const Permit& permit, std::string_view key, std::int64_t now) {
  Item item;
  item.key = key;
  item.absent = true;
  item.expiry = Item::kNeverExpires;
  const std::int64_t deadline = now + std::min(negative_age_.nanoseconds, max_age_.nanoseconds);
  // As when it is lost: what was read before must not come back.
  const bool kept = negative_age_.nanoseconds > 0 && permit.kind == TicketTable::Kind::kRead &&
                    store_.put(item, filling(permit, deadline, now), [&](CacheBucket& b) {
                      if (!may_fill(permit, item, b, now)) return false;
                      b.count_writes(1);
                      return true;
                    });
  if (!kept) lost(permit.key_hash);
  return negative_age_.nanoseconds > 0;
}

bool KeyCache::worth_fetching(std::uint64_t hash) const {
  return !store_.full() || sketch_.count(hash) >= admit_after_ || store_.bucket(hash).ways_with(CacheBucket::tag_of(hash)) != 0;
}

// The bucket is locked.
bool KeyCache::may_fill(const Permit& permit, const Item& item, const CacheBucket& b, std::int64_t now) const {
  const std::uint32_t expiring = item.expiry == Item::kExpiryUnknown ? b.no_fill_until.load(std::memory_order_relaxed) : 0;
  return b.epoch.load(std::memory_order_relaxed) == permit.epoch && generation_.load(std::memory_order_acquire) == permit.generation &&
         no_write_pending(b, now) && (expiring == 0 || reached(to_s(now), expiring));
}

ItemStore::Filling KeyCache::filling(const Permit& permit, std::int64_t deadline, std::int64_t now) const {
  return {permit.key_hash, permit.generation, std::min(deadline, now + max_age_.nanoseconds), now};
}

std::int64_t KeyCache::sent_at(const Permit& permit) { return std::int64_t{permit.time} << kTickBits; }

bool KeyCache::count_fill(bool filled) {
  (filled ? filled_ : refused_).add();
  return filled;
}

bool KeyCache::fill(const Permit& permit, const Item& item, std::int64_t deadline, std::int64_t now) {
  return count_fill(permit.kind == TicketTable::Kind::kRead &&
                    store_.put(item, filling(permit, deadline, now), [&](const CacheBucket& b) { return may_fill(permit, item, b, now); }));
}

bool KeyCache::write(const Permit& permit, Draft& draft, std::size_t from, std::string_view bytes, std::int64_t now) {
  return store_.write(draft, from, bytes, filling(permit, now, now));
}

bool KeyCache::fill(const Permit& permit, const Item& item, const Draft& draft, std::int64_t deadline, std::int64_t now) {
  return count_fill(
      permit.kind == TicketTable::Kind::kRead &&
      store_.put(item, draft, filling(permit, deadline, now), [&](const CacheBucket& b) { return may_fill(permit, item, b, now); }));
}

SMARTSWITCH_STATE(KeyCache)

}  // namespace smartswitch::memcached
