// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "elements/memcached/key_cache.h"
#include "elements/memcached/reply.h"

namespace smartswitch::memcached {

/// Replies to the switch's own `mg <key> v f t c k`, on their way into the cache. What fits a datagram goes there at once; longer values
/// are put together there, a few at a time, from datagrams of which the first has to come first. Belongs to one worker.
class FetchedValues {
 public:
  explicit FetchedValues(KeyCache& cache);

  struct Datagram {
    std::uint64_t fetch = 0;  ///< its number
    Ticket ticket;
    std::uint16_t sequence = 0;
    std::uint16_t total = 1;
    std::string_view text;
  };
  /// True if it has filled the cache.
  bool add(const Datagram& datagram, std::int64_t now);

 private:
  static constexpr std::size_t kMostDatagrams = 1024;
  static constexpr std::size_t kAtOnce = 16;

  struct Value {
    std::uint64_t fetch = 0;  // 0: none
    std::int64_t began = 0;   // ns
    KeyCache::Permit permit;
    Item item;  // without key and value
    std::int64_t deadline = 0;
    KeyCache::Draft draft;
    std::size_t head = 0;      // bytes of the reply before the value
    std::size_t datagram = 0;  // bytes of text of all datagrams but the last
    std::uint16_t total = 0;
    std::bitset<kMostDatagrams> has;
  };
  /// What a reply says of an item that may be kept; nothing if it may not.
  struct Found {
    Item item;
    std::int64_t deadline = 0;
  };
  static std::optional<Found> read(const Reply& reply, const KeyCache::Permit& permit, std::string_view key);
  bool begin(const Datagram& datagram, std::int64_t now);
  bool go_on(Value& value, const Datagram& datagram, std::int64_t now);
  bool write(Value& value, const Datagram& datagram, std::int64_t now);
  bool finish(Value& value, std::int64_t now);
  bool over(std::uint64_t fetch, bool filled);

  KeyCache& cache_;
  std::unique_ptr<Value[]> values_;
};

}  // namespace smartswitch::memcached
