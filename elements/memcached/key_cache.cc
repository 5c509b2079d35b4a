// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/key_cache.h"

#include <sys/mman.h>

#include <bit>
#include <chrono>
#include <cstring>

#include "elements/memcached/reply.h"
#include "elements/sdk/hash.h"
#include "elements/sdk/registry.h"

namespace smartswitch::memcached {
namespace {

// The clock of tickets and buckets: 134 ms a tick, so that 32 bits are enough for nine years of comparing.
std::uint32_t to_ticks(std::int64_t ns) { return static_cast<std::uint32_t>(ns >> 27); }
std::uint32_t to_s(std::int64_t ns) { return static_cast<std::uint32_t>(ns / 1'000'000'000); }

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

std::uint32_t sum_of(std::string_view text) {
  std::uint64_t sum = 0;
  std::size_t i = 0;
  for (; i + 2 <= text.size(); i += 2) {
    std::uint16_t word;
    std::memcpy(&word, text.data() + i, 2);
    sum += word;
  }
  if (i < text.size())
    sum += static_cast<unsigned char>(text[i]);  // padded with a zero behind it; little-endian machines only (DPDK on x86)
  while (sum >> 16 != 0) sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<std::uint32_t>(sum);
}

}  // namespace

void KeyCache::describe(Describe<KeyCache>& d) {
  d.summary("Keeps the replies to hot gets, shared by all elements and workers that name it, and never serves a stale one.");
  d.details(
      R"(Guarantee: as long as every write passes a CacheInvalidate of this cache, reads and writes of one key behave as if there was one copy of it. A
write that takes another way is seen after `max_age` at the latest.

The cache knows an item's expiry only from writes that pass: a key that is written with an expiry time is not cached until that time is over, and items
that got theirs before the switch started live at most `max_age` longer. Values are cached if the whole reply fits one Ethernet frame.)");
  d.example("hot: {class: KeyCache, memory: 256MiB, max_age: 10s}");
  d.parameter("memory", &KeyCache::memory_, "memory for items and their index; taken from the system as it is filled")
      .between(ByteSize{4 << 20}, ByteSize{std::uint64_t{128} << 30});
  d.parameter("max_age", &KeyCache::max_age_, "how long an item is served before a server is asked again")
      .between(Duration{1'000'000}, Duration{86'400'000'000'000});
  d.parameter("reply_lifetime", &KeyCache::reply_lifetime_,
              "the longest that a request or a reply may be on its way, queues of a busy server included; a write without a known reply "
              "blocks its key for so long")
      .between(Duration{10'000'000}, Duration{600'000'000'000});
  d.parameter("tickets", &KeyCache::tickets_, "requests under way that can be told apart; beyond it, fewer replies fill the cache")
      .at_least(64);
  d.counter("filled", &KeyCache::filled_, "items put in");
  d.counter("refused", &KeyCache::refused_,
            "replies that did not fill because a write was under way, had come since, or they could not be told apart");
  d.counter("evicted", &KeyCache::evicted_, "items that made room for others");
  d.counter("invalidated", &KeyCache::invalidated_, "writes that passed: the key's item, if there was one, is gone");
  d.counter("emptied", &KeyCache::emptied_, "times the whole cache was emptied: flush_all, TCP, or requests that could not be understood");
}

void KeyCache::Unmap::operator()(Bucket* buckets) const { munmap(buckets, bytes); }

void KeyCache::start(Problems& problems) {
  // An eighth to a quarter of the memory is index: enough for items of 128 bytes, the smallest chunk.
  const std::size_t count = std::bit_floor(memory_.bytes / 4 / sizeof(Bucket));
  const std::size_t index_bytes = count * sizeof(Bucket);
  void* memory = mmap(nullptr, index_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED || !store_.reserve(memory_.bytes - index_bytes)) {
    problems.add({}, fmt::format("the system has no room for {} of cache", to_string(memory_)), "choose a smaller `memory`");
    return;
  }
  madvise(memory, index_bytes, MADV_HUGEPAGE);
  buckets_ = std::unique_ptr<Bucket[], Unmap>(static_cast<Bucket*>(memory), Unmap{index_bytes});
  mask_ = count - 1;
  lifetime_ticks_ = to_ticks(reply_lifetime_.nanoseconds) + 2;  // rounded up at both ends
  table_ = std::make_unique<TicketTable>(tickets_, lifetime_ticks_);
}

// Holds a bucket for change: readers see an odd version and go elsewhere.
class KeyCache::Locked {
 public:
  explicit Locked(Bucket& b) : bucket_(b) {
    for (;;) {
      version_ = b.version.load(std::memory_order_relaxed);
      if ((version_ & 1) == 0 && b.version.compare_exchange_weak(version_, version_ + 1, std::memory_order_acq_rel)) return;
      rte_pause();
    }
  }
  ~Locked() { bucket_.version.store(version_ + 2, std::memory_order_release); }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  Bucket& bucket_;
  std::uint32_t version_;
};

// Long enough after the last write that nothing of it, or of what was read before it, can still be under way.
bool KeyCache::settled(const Bucket& b, std::uint32_t ticks) const {
  return b.epoch.load(std::memory_order_acquire) == 0 || reached(ticks, b.last_write.load(std::memory_order_acquire) + lifetime_ticks_);
}

// No write of unknown reach may still be under way.
bool KeyCache::quiet(std::uint32_t ticks) const {
  return !unsettled_.load(std::memory_order_acquire) || reached(ticks, unsettled_until_.load(std::memory_order_acquire));
}

void KeyCache::get_sent(Ticket ticket, std::uint64_t hash, std::int64_t now) {
  const Bucket& b = bucket(hash);
  const std::uint32_t ticks = to_ticks(now);
  TicketTable::Record record;
  record.ticket = ticket.value;
  record.key_hash = hash;
  record.time = ticks;
  // The epoch is read first: a write that comes between is seen as one that came since.
  record.epoch = b.epoch.load(std::memory_order_acquire);
  record.generation = generation_.load(std::memory_order_acquire);
  const bool old = settled(b, ticks);
  const bool none_pending = b.pending.load(std::memory_order_acquire) == 0 && b.tainted.load(std::memory_order_acquire) == 0;
  const bool may_fill = quiet(ticks) && (old || none_pending);
  record.kind = may_fill ? TicketTable::Kind::kRead : TicketTable::Kind::kLook;
  table_->open(record, old ? record.kind : TicketTable::Kind::kLook);
}

void KeyCache::other_sent(Ticket ticket, std::int64_t now) {
  TicketTable::Record record;
  record.ticket = ticket.value;
  record.time = to_ticks(now);
  table_->open(record, TicketTable::Kind::kNone);
}

void KeyCache::write_sent(Ticket ticket, std::uint64_t hash, Write write, std::int64_t now) {
  const std::uint32_t ticks = to_ticks(now);
  bool tracked = false;
  if (!write.no_reply) {
    TicketTable::Record record;
    record.ticket = ticket.value;
    record.key_hash = hash;
    record.time = ticks;
    record.kind = TicketTable::Kind::kWrite;
    tracked = table_->open(record, TicketTable::Kind::kNone);
  }
  Bucket& b = bucket(hash);
  {
    const Locked locked(b);
    if (settled(b, ticks)) {
      b.pending.store(0, std::memory_order_relaxed);
      b.tainted.store(0, std::memory_order_relaxed);
    }
    b.epoch.fetch_add(1, std::memory_order_release);
    if (tracked) {
      b.pending.fetch_add(1, std::memory_order_release);
    } else {
      b.tainted.store(1, std::memory_order_release);
    }
    b.last_write.store(ticks, std::memory_order_release);
    if (write.expiry > 0) {
      const std::uint32_t gone =
          to_s(now) + static_cast<std::uint32_t>(seconds_left(write.expiry)) + 2;  // both clocks tick in whole seconds
      const std::uint32_t before = b.no_fill_until.load(std::memory_order_relaxed);
      if (before == 0 || reached(gone, before)) b.no_fill_until.store(gone, std::memory_order_release);
    }
    take_out(b, hash);
  }
  invalidated_.add_shared();
}

// Frees whatever the bucket has under this key's tag. The bucket is locked. (The store's locks are only ever taken inside a bucket's, or
// without one; evict(), which holds a store's lock, only tries the bucket's.)
void KeyCache::take_out(Bucket& b, std::uint64_t hash) {
  for (auto& way : b.ways) {
    const std::uint64_t w = way.load(std::memory_order_relaxed);
    if (!same_tag(w, hash)) continue;
    way.store(0, std::memory_order_release);
    store_.free(ref_of(w), store_.at(ref_of(w))->lengths.load(std::memory_order_relaxed) & 0xFFFF);
  }
}

void KeyCache::unknown_write_sent(std::int64_t now, std::int64_t delay_s) {
  const std::uint32_t until = to_ticks(now) + lifetime_ticks_ + to_ticks(seconds_left(delay_s) * 1'000'000'000);
  if (quiet(to_ticks(now)) || reached(until, unsettled_until_.load(std::memory_order_relaxed))) {
    unsettled_until_.store(until, std::memory_order_release);
  }
  unsettled_.store(true, std::memory_order_release);
  generation_.fetch_add(1, std::memory_order_acq_rel);
  emptied_.add_shared();
}

bool KeyCache::reply_seen(Ticket ticket, std::string_view text, std::int64_t now) {
  const auto record = table_->close(ticket, to_ticks(now));
  if (!record) return false;
  if (record->kind == TicketTable::Kind::kWrite) {
    Bucket& b = bucket(record->key_hash);
    const Locked locked(b);
    if (b.pending.load(std::memory_order_relaxed) > 0) b.pending.fetch_sub(1, std::memory_order_release);
    return false;
  }
  if (text == "END\r\n") lost(record->key_hash);
  if (record->kind != TicketTable::Kind::kRead) return false;
  const Reply reply = parse_reply(text);
  if (reply.kind != ReplyKind::kValue || !reply.whole || reply.protocol != Protocol::kText || reply.has_cas || reply.key.empty())
    return false;
  if (text.substr(reply.size()) != "END\r\n" || hash_key(reply.key) != record->key_hash) return false;
  const bool good = text.size() <= kLongestReply && fill(*record, text, reply.key, now);
  (good ? filled_ : refused_).add_shared();
  return good;
}

// A server has said that it has no such item: it may have lost it, by a restart or for want of memory. A client is about to learn that, so
// nothing that was read before may be served after it.
void KeyCache::lost(std::uint64_t hash) {
  Bucket& b = bucket(hash);
  const Locked locked(b);
  b.epoch.fetch_add(1, std::memory_order_release);
  take_out(b, hash);
}

bool KeyCache::evict(SlabStore::Ref ref) {
  Bucket& b = buckets_[store_.at(ref)->bucket.load(std::memory_order_relaxed) & mask_];
  std::uint32_t version = b.version.load(std::memory_order_relaxed);
  if ((version & 1) != 0 || !b.version.compare_exchange_strong(version, version + 1, std::memory_order_acq_rel)) return false;
  bool found = false;
  for (auto& way : b.ways) {
    const std::uint64_t w = way.load(std::memory_order_relaxed);
    if (w == 0 || ref_of(w) != ref) continue;
    way.store(0, std::memory_order_release);
    found = true;
  }
  b.version.store(version + 2, std::memory_order_release);
  return found;
}

SlabStore::Ref KeyCache::room_for(std::size_t text_bytes) {
  const SlabStore::Ref ref = store_.allocate(text_bytes);
  if (ref != SlabStore::kNone) return ref;
  const SlabStore::Ref taken = store_.evict_from(text_bytes, [this](SlabStore::Ref r) { return evict(r); });
  if (taken != SlabStore::kNone) evicted_.add_shared();
  return taken;
}

bool KeyCache::fill(const TicketTable::Record& record, std::string_view text, std::string_view key, std::int64_t now) {
  const SlabStore::Ref ref = room_for(text.size());
  if (ref == SlabStore::kNone) return false;
  const std::uint64_t hash = record.key_hash;
  Chunk* chunk = store_.at(ref);
  chunk->deadline.store(now + max_age_.nanoseconds, std::memory_order_release);
  chunk->generation.store(record.generation, std::memory_order_release);
  chunk->bucket.store(static_cast<std::uint32_t>(hash & mask_), std::memory_order_release);
  chunk->lengths.store(static_cast<std::uint32_t>(text.size() | key.size() << 16), std::memory_order_release);
  chunk->sum.store(static_cast<std::uint16_t>(sum_of(text)), std::memory_order_release);
  chunk->referenced.store(0, std::memory_order_release);
  std::uint64_t word = 0;
  std::memcpy(reinterpret_cast<char*>(&word) + Chunk::kTextAt, text.data(), 8 - Chunk::kTextAt);  // longer: "VALUE " is in every one
  chunk->words()[0].store(word, std::memory_order_release);
  for (std::size_t i = 8 - Chunk::kTextAt; i < text.size(); i += 8) {
    word = 0;
    std::memcpy(&word, text.data() + i, std::min<std::size_t>(8, text.size() - i));
    chunk->words()[(i + Chunk::kTextAt) / 8].store(word, std::memory_order_release);
  }

  Bucket& b = bucket(hash);
  bool filled = false;
  SlabStore::Ref pushed_out = SlabStore::kNone;
  {
    const Locked locked(b);
    const std::uint32_t expiring = b.no_fill_until.load(std::memory_order_relaxed);
    const bool write_pending = b.pending.load(std::memory_order_relaxed) != 0 && !settled(b, to_ticks(now));
    if (b.epoch.load(std::memory_order_relaxed) == record.epoch && generation_.load(std::memory_order_acquire) == record.generation &&
        !write_pending && (expiring == 0 || reached(to_s(now), expiring))) {
      take_out(b, hash);
      auto* place = &b.ways[hash >> 40 & 3];  // when all are taken, one by hash has to go
      for (auto& way : b.ways) {
        if (way.load(std::memory_order_relaxed) == 0) place = &way;
      }
      pushed_out = ref_of(place->load(std::memory_order_relaxed));
      place->store(way_of(hash, ref), std::memory_order_release);
      filled = true;
    }
  }
  if (!filled) {
    store_.free(ref, text.size());
  } else if (pushed_out != SlabStore::kNone) {
    store_.free(pushed_out, store_.at(pushed_out)->lengths.load(std::memory_order_relaxed) & 0xFFFF);
    evicted_.add_shared();
  }
  return filled;
}

SMARTSWITCH_STATE(KeyCache)

}  // namespace smartswitch::memcached
