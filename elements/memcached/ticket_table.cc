// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/ticket_table.h"

#include <bit>
#include <mutex>

namespace smartswitch::memcached {

bool TicketTable::reserve(std::size_t entries, std::uint32_t lifetime) {
  const std::size_t buckets = std::bit_ceil(entries / kWays + 1);
  mask_ = buckets - 1;
  lifetime_ = lifetime;
  return buckets_.reserve(buckets);
}

bool TicketTable::open(const Record& record, Kind if_reused) {
  Bucket& b = bucket(record.ticket);
  const std::lock_guard hold(b.lock);
  if (b.crowded && static_cast<std::int32_t>(b.crowded_until - record.time) <= 0) b.crowded = false;
  bool fresh = !b.crowded;
  std::size_t place = kWays;
  std::size_t oldest = 0;
  for (std::size_t i = 0; i < kWays; ++i) {
    const bool alive = b.tickets[i] != 0 && record.time - b.times[i] < lifetime_;
    if (b.tickets[i] == record.ticket) {
      if (alive) fresh = false;
      place = i;
      break;
    }
    if (!alive && place == kWays) place = i;
    if (static_cast<std::int32_t>(b.times[i] - b.times[oldest]) < 0) oldest = i;
  }
  if (place == kWays) {
    place = oldest;
    b.crowded = true;
    b.crowded_until = record.time + lifetime_;
  }
  b.tickets[place] = record.ticket;
  b.times[place] = record.time;
  b.kinds[place] = fresh ? record.kind : if_reused;
  b.rests[place] = {record.key_hash, record.epoch, record.generation};
  return fresh;
}

std::optional<TicketTable::Record> TicketTable::close(Ticket ticket, std::uint32_t now) {
  Bucket& b = bucket(ticket.value);
  const std::lock_guard hold(b.lock);
  for (std::size_t i = 0; i < kWays; ++i) {
    if (b.tickets[i] != ticket.value || b.kinds[i] == Kind::kNone) continue;
    Record found;
    found.ticket = ticket.value;
    found.key_hash = b.rests[i].key_hash;
    found.epoch = b.rests[i].epoch;
    found.generation = b.rests[i].generation;
    found.time = b.times[i];
    found.kind = b.kinds[i];
    b.kinds[i] = Kind::kNone;  // the ticket stays: it tells that it was in use
    if (now - found.time >= lifetime_) return std::nullopt;
    return found;
  }
  return std::nullopt;
}

}  // namespace smartswitch::memcached
