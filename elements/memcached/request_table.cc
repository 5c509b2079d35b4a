// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/request_table.h"

#include <bit>
#include <mutex>

#include "elements/sdk/registry.h"

namespace smartswitch::memcached {

void RequestTable::describe(Describe<RequestTable>& d) {
  d.summary("The switch's own address towards memcached servers, and which of its requests are under way.");
  d.details(
      R"(RequestSender sends under this address, ReplyReceiver takes the replies. An ARPResponder must answer for it. Requests are told apart by UDP
port (4096 from `first_port` on) and memcached's request id; a part of both is random.)");
  d.example("own: {class: RequestTable, address: 10.11.0.99, mac: \"02:00:00:00:00:63\"}");
  d.parameter("address", &RequestTable::address_, "the switch's IPv4 address; neither a client's nor a server's, nor the service's")
      .required();
  d.parameter("mac", &RequestTable::mac_, "its MAC address").required();
  d.parameter("first_port", &RequestTable::first_port_, "first of the UDP ports").between(1024, 65536 - kPorts);
  d.parameter("requests", &RequestTable::requests_, "requests that can be under way, rounded up to a power of two; 128 bytes each")
      .between(64, 1 << 22);
  d.parameter("timeout", &RequestTable::timeout_, "how long a reply is waited for").between(Duration{1'000'000}, kLongestRequest);
  d.counter("lost", &RequestTable::lost_, "requests without a reply in time");
  d.counter("strays", &RequestTable::strays_, "replies that came too late, twice, or to nothing that was asked");
  d.counter("full", &RequestTable::full_, "requests that could not be sent because too many were under way");
}

void RequestTable::validate(Problems& problems) const {
  if (mac_.bytes[0] % 2 != 0 || mac_ == MacAddress{}) {
    problems.add({}, fmt::format("`mac` is {}, which is no single station's address", to_string(mac_)),
                 "choose one such as 02:00:00:00:00:63");
  }
}

void RequestTable::start(Problems&) {
  const std::uint32_t count = std::bit_ceil(requests_);
  slots_ = std::make_unique<Slot[]>(count);
  mask_ = count - 1;
  slot_bits_ = static_cast<unsigned>(std::countr_zero(count));
}

std::optional<RequestTable::Name> RequestTable::open(const Request& request, std::int64_t now, Random& random) {
  if (request.errand.purpose == Purpose::kNone) return Name{first_port_, static_cast<std::uint16_t>(random.next() >> 48)};
  for (unsigned attempt = 0; attempt < kTries; ++attempt) {
    const std::uint32_t number = next_.fetch_add(1, std::memory_order_acq_rel) & mask_;
    Slot& slot = slots_[number];
    const std::lock_guard hold(slot.lock);
    if (slot.taken) continue;
    const std::uint32_t nonce = static_cast<std::uint32_t>(random.next() >> 32) & ((1U << (kNameBits - slot_bits_)) - 1);
    slot.taken = true;
    slot.datagrams_left = 0;
    slot.name = nonce << slot_bits_ | number;
    slot.sent = now;
    slot.request = request;
    open_.fetch_add(1, std::memory_order_relaxed);
    request.load->note_sent();
    return Name{static_cast<std::uint16_t>(first_port_ + (slot.name >> 16)), static_cast<std::uint16_t>(slot.name)};
  }
  full_.add();
  return std::nullopt;
}

std::optional<RequestTable::Request> RequestTable::close(Name name, Endpoint from, Progress progress, bool& finished) {
  const std::uint32_t number = static_cast<std::uint32_t>(name.port - first_port_) << 16 | name.id;
  Slot& slot = slots_[number & mask_];
  const std::lock_guard hold(slot.lock);
  if (!slot.taken || slot.name != number || slot.request.server != from) {
    strays_.add();
    return std::nullopt;
  }
  if (progress.datagrams > 1) {
    if (slot.datagrams_left == 0) slot.datagrams_left = progress.datagrams;
    progress.ends = --slot.datagrams_left == 0;
  }
  if (progress.ends) {
    slot.taken = false;
    open_.fetch_sub(1, std::memory_order_relaxed);
    slot.request.load->note_answered();
  }
  finished = progress.ends;
  return slot.request;
}

void RequestTable::expire(std::int64_t now) {
  if (!expiring_.try_lock()) return;
  // Slots are taken in turn, so the oldest requests come first; whatever was skipped because it was taken comes round again.
  const std::uint32_t end = next_.load(std::memory_order_acquire);
  for (std::uint32_t steps = 0; oldest_ != end && steps <= mask_; ++oldest_, ++steps) {
    Slot& slot = slots_[oldest_ & mask_];
    slot.lock.lock();
    const bool waiting = slot.taken && now - slot.sent < timeout_.nanoseconds;
    const bool gone = slot.taken && !waiting;
    const Request request = slot.request;
    if (gone) slot.taken = false;
    slot.lock.unlock();
    if (waiting) break;
    if (!gone) continue;
    open_.fetch_sub(1, std::memory_order_relaxed);
    lost_.add();
    request.load->note_lost();
  }
  expiring_.unlock();
}

SMARTSWITCH_STATE(RequestTable)

}  // namespace smartswitch::memcached
