// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/client_budgets.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <random>

#include "elements/sdk/hash.h"
#include "elements/sdk/registry.h"

namespace smartswitch::memcached {

void ClientBudgets::describe(Describe<ClientBudgets>& d) {
  d.summary("A budget for each client, which refills at a rate: of requests for a ClientLimiter, of bytes for a ReplyGuard.");
  d.details(
      R"(Workers share it: a client has one budget, whichever of them its packets meet. Each kind of limit needs a ClientBudgets of its own.

Clients are told apart by their address, or by the first bits of it. The memory is fixed. Only clients that have spent something in the last `burst` need a
place; an address that is forged for one request needs one for `1 / rate`. If there are more, some share a budget (`shared`), so that they may get less than
`rate`, but nobody ever gets more. Which ones do cannot be foreseen from outside, and who has spent much keeps his place. So forged addresses harm others only
when all requests together are near `rate` times twice `clients`.)");
  d.example("requests_of: {class: ClientBudgets, rate: 10k, burst: 100ms}");
  d.parameter("rate", &ClientBudgets::rate_, "what a client may spend a second").required().between(Rate{0.001}, Rate{1e12});
  d.parameter("burst", &ClientBudgets::burst_, "for how long a client may save: so much of `rate` it may spend at once")
      .between(Duration{1'000'000}, Duration{3'600'000'000'000});
  d.parameter("prefix_length", &ClientBudgets::prefix_length_, "bits of an IPv4 address that make a client").between(1, 32);
  d.parameter("prefix_length6", &ClientBudgets::prefix_length6_, "bits of an IPv6 address that make a client").between(1, 128);
  d.parameter("clients", &ClientBudgets::clients_,
              "clients that have a budget of their own at once, rounded up to a power of two; 16 bytes each")
      .between(64, 1 << 26);
  d.counter("shared", &ClientBudgets::shared_, "times that a client had to share another one's budget; if it grows, raise `clients`");
}

void ClientBudgets::validate(Problems& problems) const {
  if (rate_.per_second * static_cast<double>(burst_.nanoseconds) < 1e9) {
    problems.add({}, fmt::format("at a `rate` of {} a `burst` of {} is less than one", to_string(rate_), to_string(burst_)),
                 "raise `burst`: it is how long a client may save");
  }
}

void ClientBudgets::start(Problems&) {
  ns_each_ = 1e9 / rate_.per_second;
  // Twice as many places as clients, so that chance leaves few lines without a free one.
  const std::uint64_t lines = std::bit_ceil(std::uint64_t{clients_}) * 2 / kWays;
  lines_ = std::make_unique<Line[]>(lines);
  mask_ = lines - 1;
  std::random_device random;
  seed_ = (std::uint64_t{random()} << 32) | random();
}

std::function<void()> ClientBudgets::change_to(State& fresh, Problems& problems) {
  const auto& wanted = static_cast<const ClientBudgets&>(fresh);
  if (wanted.clients_ != clients_) {
    problems.add({}, "`clients` cannot be changed while clients have budgets", "give it another name, and all begin with full budgets");
    return nullptr;
  }
  return [this, &wanted] {
    rate_ = wanted.rate_;
    burst_ = wanted.burst_;
    prefix_length_ = wanted.prefix_length_;
    prefix_length6_ = wanted.prefix_length6_;
    ns_each_ = 1e9 / rate_.per_second;
  };
}

ClientBudgets::Place ClientBudgets::place_of(ClientAddress client, std::uint64_t subject) const {
  const bool ipv4 = client.high == 0 && client.low >> 32 == 0xFFFF;
  const ClientAddress network = client.prefix(ipv4 ? 96 + prefix_length_ : prefix_length6_);
  const std::uint64_t key[] = {network.high, network.low, subject};
  const std::uint64_t hash = XXH3_64bits_withSeed(key, sizeof key, seed_);
  return {&lines_[hash & mask_], hash >> kTimeBits};
}

// What a budget lacks to be full, ns. Its time is 48 bits: what is further ahead than anybody can owe is long past.
std::int64_t ClientBudgets::debt_of(std::uint64_t entry, std::int64_t now) const {
  const auto ahead = static_cast<std::int64_t>((entry - static_cast<std::uint64_t>(now)) << (64 - kTimeBits)) >> (64 - kTimeBits);
  return ahead > 0 && ahead <= burst_.nanoseconds + kSkew ? ahead : 0;
}

bool ClientBudgets::take(ClientAddress client, std::uint64_t subject, double amount, std::int64_t now) {
  const std::int64_t cost = std::llround(std::min(amount * ns_each_, static_cast<double>(burst_.nanoseconds)));
  const Place place = place_of(client, subject);
  for (;;) {
    Entry* entry = nullptr;
    std::uint64_t old = 0;
    std::int64_t debt = 0;
    bool own = false;
    for (Entry& e : place.line->entries) {
      const std::uint64_t value = e.load(std::memory_order_relaxed);
      own = value >> kTimeBits == place.tag;
      const std::int64_t its_debt = debt_of(value, now);
      if (own || entry == nullptr || its_debt < debt) {
        entry = &e;
        old = value;
        debt = its_debt;
      }
      if (own) break;
    }
    if (!own && debt > 0) shared_.add();
    if (debt + cost > burst_.nanoseconds) return false;
    // Only fails if another worker has just changed it.
    if (entry->compare_exchange_weak(old, entry_of(place.tag, now + debt + cost), std::memory_order_relaxed)) return true;
  }
}

void ClientBudgets::give(ClientAddress client, std::uint64_t subject, double amount, std::int64_t now) {
  const auto credit = static_cast<std::int64_t>(std::min(amount * ns_each_, static_cast<double>(burst_.nanoseconds)));
  const Place place = place_of(client, subject);
  for (Entry& e : place.line->entries) {
    std::uint64_t value = e.load(std::memory_order_relaxed);
    while (value >> kTimeBits == place.tag) {
      const std::int64_t debt = debt_of(value, now);
      if (debt == 0) return;
      if (e.compare_exchange_weak(value, entry_of(place.tag, now + std::max<std::int64_t>(debt - credit, 0)), std::memory_order_relaxed))
        return;
    }
  }
}

SMARTSWITCH_STATE(ClientBudgets)

}  // namespace smartswitch::memcached
