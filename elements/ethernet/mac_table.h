// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <rte_prefetch.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace smartswitch {

/// Which port a station was last seen at: EtherSwitch's filtering database. Its size is fixed. A bucket is a cache line of four entries;
/// a full one gives up the entry that is worth least: one that has aged out, else one whose station spoke only once, else the one that
/// has been silent for longest. So a flood of made-up source addresses pushes out itself, not the stations that keep talking.
class MacTable {
 public:
  enum class Learned : std::uint8_t { kKnown, kNew, kMoved };
  static constexpr unsigned kNowhere = UINT16_MAX;

  /// Room for at least `entries`. `seed` keeps strangers from choosing addresses that fall into one bucket.
  MacTable(std::size_t entries, std::int64_t max_age, std::uint64_t seed)
      : buckets_(std::bit_ceil(std::max<std::size_t>(entries, 8) / 4)),
        shift_(64 - std::countr_zero(buckets_.size())),
        max_age_(static_cast<std::uint32_t>(std::max<std::int64_t>(max_age >> kTickShift, 1))),
        seed_(seed) {}

  /// The station's bucket goes into the cache: some other work should come before learn() or find().
  void prefetch(std::uint64_t station) const { rte_prefetch0(&buckets_[bucket_of(station)]); }

  /// `station` is a key that is never 0.
  Learned learn(std::uint64_t station, unsigned port, std::int64_t now) {
    Bucket& bucket = buckets_[bucket_of(station)];
    const std::uint32_t tick = tick_of(now);
    Entry* victim = bucket.entries;
    for (Entry& entry : bucket.entries) {
      if (entry.station == station) return refresh(entry, port, tick);
      if (worth(entry, tick) < worth(*victim, tick)) victim = &entry;
    }
    *victim = {station, tick, static_cast<std::uint16_t>(port), 0};
    return Learned::kNew;
  }

  /// The port of the station, or kNowhere if it has not spoken for the table's age.
  [[nodiscard]] unsigned find(std::uint64_t station, std::int64_t now) const {
    const std::uint32_t tick = tick_of(now);
    for (const Entry& entry : buckets_[bucket_of(station)].entries) {
      if (entry.station == station) return tick - entry.seen <= max_age_ ? entry.port : kNowhere;
    }
    return kNowhere;
  }

 private:
  // 2^24 ns are 17 ms: 32 bits of them last for two years.
  static constexpr int kTickShift = 24;

  struct Entry {
    std::uint64_t station = 0;
    std::uint32_t seen = 0;  // ticks
    std::uint16_t port = 0;
    std::uint16_t steady = 0;  // 1: has spoken more than once
  };
  struct alignas(64) Bucket {
    Entry entries[4];
  };

  static std::uint32_t tick_of(std::int64_t now) { return static_cast<std::uint32_t>(now >> kTickShift); }

  // A multiplicative hash (Knuth, TAOCP volume 3, section 6.4): the high bits are the good ones.
  [[nodiscard]] std::size_t bucket_of(std::uint64_t station) const {
    std::uint64_t h = (station ^ seed_) * 0x9E3779B97F4A7C15ULL;
    h = (h ^ (h >> 32)) * 0xD6E8FEB86659FD93ULL;
    return h >> shift_;
  }

  [[nodiscard]] std::uint64_t worth(const Entry& entry, std::uint32_t tick) const {
    const std::uint32_t age = tick - entry.seen;
    if (entry.station == 0 || age > max_age_) return 0;
    return (std::uint64_t{entry.steady} << 32) + (UINT32_MAX - age);
  }

  Learned refresh(Entry& entry, unsigned port, std::uint32_t tick) const {
    const bool stale = tick - entry.seen > max_age_;
    const bool moved = entry.port != port;
    // Most packets change nothing: the line then stays clean.
    if (entry.seen != tick) entry.seen = tick;
    if (moved) entry.port = static_cast<std::uint16_t>(port);
    if (entry.steady == 0) entry.steady = 1;
    if (stale) return Learned::kNew;
    return moved ? Learned::kMoved : Learned::kKnown;
  }

  std::vector<Bucket> buckets_;
  int shift_;
  std::uint32_t max_age_;
  std::uint64_t seed_;
};

}  // namespace smartswitch
