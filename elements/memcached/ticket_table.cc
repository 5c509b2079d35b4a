// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/ticket_table.h"

#include <bit>
#include <mutex>

namespace smartswitch::memcached {
TicketTable::TicketTable(std::size_t entries, std::uint32_t lifetime)
    : buckets_(std::make_unique<Bucket[]>(std::bit_ceil(entries / kWays + 1))),
      mask_(std::bit_ceil(entries / kWays + 1) - 1),
      lifetime_(lifetime) {}

bool TicketTable::open(const Record& record, Kind if_reused) {
  Bucket& b = bucket(record.ticket);
  const std::lock_guard hold(b.lock);
  if (b.crowded && static_cast<std::int32_t>(b.crowded_until - record.time) <= 0) b.crowded = false;
  bool fresh = !b.crowded;
  Record* place = nullptr;
  Record* oldest = &b.records[0];
  for (Record& r : b.records) {
    const bool alive = r.ticket != 0 && record.time - r.time < lifetime_;
    if (r.ticket == record.ticket) {
      if (alive) fresh = false;
      place = &r;
      break;
    }
    if (!alive && place == nullptr) place = &r;
    if (static_cast<std::int32_t>(r.time - oldest->time) < 0) oldest = &r;
  }
  if (place == nullptr) {
    place = oldest;
    b.crowded = true;
    b.crowded_until = record.time + lifetime_;
  }
  *place = record;
  if (!fresh) place->kind = if_reused;
  return fresh;
}

std::optional<TicketTable::Record> TicketTable::close(Ticket ticket, std::uint32_t now) {
  Bucket& b = bucket(ticket.value);
  const std::lock_guard hold(b.lock);
  for (Record& r : b.records) {
    if (r.ticket != ticket.value || r.kind == Kind::kNone) continue;
    const Record found = r;
    r.kind = Kind::kNone;  // the record stays: it tells that the ticket was in use
    if (now - found.time >= lifetime_) return std::nullopt;
    return found;
  }
  return std::nullopt;
}

}  // namespace smartswitch::memcached
