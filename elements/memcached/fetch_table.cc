// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/fetch_table.h"

#include <cstring>
#include <mutex>

namespace smartswitch::memcached {

std::optional<std::uint64_t> FetchTable::open(std::uint64_t hash, std::string_view key, std::int64_t now, Random& random) {
  Place& p = place(hash);
  if (p.free_from.load(std::memory_order_relaxed) > now) return std::nullopt;
  const std::lock_guard hold(p.lock);
  if (p.free_from.load(std::memory_order_relaxed) > now) return std::nullopt;
  p.free_from.store(now + kPause, std::memory_order_relaxed);
  constexpr unsigned kNumberBits = 56;
  p.number = (random.next() >> (64 - kNumberBits)) / kPlaces * kPlaces + hash % kPlaces;
  p.key_length = static_cast<std::uint8_t>(key.size());
  std::memcpy(p.key, key.data(), key.size());
  return p.number;
}

std::string_view FetchTable::key_of(std::uint64_t number, KeyBuffer& buffer) const {
  Place& p = place(number);
  const std::lock_guard hold(p.lock);
  if (p.number != number) return {};
  std::memcpy(buffer.bytes, p.key, p.key_length);
  return {buffer.bytes, p.key_length};
}

void FetchTable::close(std::uint64_t number) {
  Place& p = place(number);
  const std::lock_guard hold(p.lock);
  if (p.number != number) return;
  p.number = 0;
  p.free_from.store(0, std::memory_order_relaxed);
}

}  // namespace smartswitch::memcached
