// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/load/requests_under_way.h"

#include <bit>

namespace smartswitch::load {

RequestsUnderWay::RequestsUnderWay(std::size_t clients, std::size_t at_once) : clients_(clients), mask_(std::bit_ceil(at_once) - 1) {
  for (Client& client : clients_) client.places = std::make_unique<UnderWay[]>(mask_ + 1);
}

UnderWay* RequestsUnderWay::begin(std::size_t client) {
  Client& c = clients_[client];
  if (c.waiting > mask_) return nullptr;
  while (true) {
    UnderWay& place = c.places[c.next & mask_];
    const std::uint64_t sequence = c.next++;
    if (place.status == UnderWay::Status::kWaiting) continue;
    place.sequence = sequence;
    place.status = UnderWay::Status::kWaiting;
    ++c.waiting;
    ++waiting_;
    return &place;
  }
}

UnderWay* RequestsUnderWay::find(std::size_t client, std::uint16_t id) {
  UnderWay& place = clients_[client].places[id & mask_];
  return place.status != UnderWay::Status::kFree && place.id() == id ? &place : nullptr;
}

void RequestsUnderWay::end(std::size_t client, UnderWay& request, UnderWay::Status status) {
  request.status = status;
  --clients_[client].waiting;
  --waiting_;
}

}  // namespace smartswitch::load
