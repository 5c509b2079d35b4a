// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <rte_prefetch.h>

#include <cstdint>
#include <optional>

#include "elements/memcached/lazy_array.h"
#include "elements/sdk/spin_lock.h"

namespace smartswitch::memcached {

/// Tells requests under way apart: a keyed hash of client address and port, server address and request id.
struct Ticket {
  std::uint64_t value = 0;
};

/// Remembers which request a reply will belong to. Replies over UDP name only the request id, which clients use again and again; so the
/// table also knows whether a ticket was in use within the last `lifetime`, the longest that a late copy of a reply may live. It may forget
/// a request when a bucket is full, and then it says of all of that bucket that they are not fresh: forgetting costs hits, never
/// correctness. Safe from several workers: a lock a bucket, held for a few loads and stores.
class TicketTable {
 public:
  enum class Kind : std::uint8_t { kNone, kLook, kRead, kWrite };

  struct Record {
    std::uint64_t ticket = 0;
    std::uint64_t key_hash = 0;
    std::uint32_t epoch = 0;       ///< of the key's bucket when the get was sent; of a write: PendingWrites::last()
    std::uint32_t generation = 0;  ///< of the whole cache
    std::uint32_t time = 0;        ///< ticks
    Kind kind =
        Kind::kNone;  ///< what its reply may do: kLook tells that the item is gone, kRead fills as well, kNone nothing (or it has come)
  };

  /// Once, before anything else. `entries` is rounded up to a power of two of buckets; `lifetime` in ticks, the unit of Record::time. False
  /// if the system has no memory for it.
  bool reserve(std::size_t entries, std::uint32_t lifetime);

  /// Notes that the ticket is in use from now on. True if it has certainly not been within `lifetime` before: the record is kept as it is
  /// then, otherwise with the kind `if_reused`.
  bool open(const Record& record, Kind if_reused);
  /// The first reply to a ticket takes its record; a second one gets nothing.
  std::optional<Record> close(Ticket ticket, std::uint32_t now);
  void prefetch(Ticket ticket) const {
    const Bucket& b = bucket(ticket.value);
    rte_prefetch0(&b);
    rte_prefetch0(&b.times);
  }

 private:
  static constexpr std::size_t kWays = 7;
  // What every request looks at lies on the first two lines, the rest behind them.
  struct alignas(64) Bucket {
    SpinLock lock;
    bool crowded = false;
    std::uint32_t crowded_until = 0;  ///< ticks; until then nothing in this bucket is fresh
    std::uint64_t tickets[kWays] = {};
    std::uint32_t times[kWays] = {};  ///< ticks
    Kind kinds[kWays] = {};
    struct alignas(16) Rest {
      std::uint64_t key_hash = 0;
      std::uint32_t epoch = 0;
      std::uint32_t generation = 0;
    };
    Rest rests[kWays];
  };
  static_assert(sizeof(Bucket) == 256);
  Bucket& bucket(std::uint64_t ticket) const { return buckets_[ticket & mask_]; }

  LazyArray<Bucket> buckets_;
  std::size_t mask_ = 0;
  std::uint32_t lifetime_ = 0;
};

}  // namespace smartswitch::memcached
