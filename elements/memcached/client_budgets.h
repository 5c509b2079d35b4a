// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Budgets that refill with time, one for each client, in a table that does not grow:
//
//   if (!budgets->take(client, 0, 1, now)) ...   // over its rate
//
// A budget is one number: when it will be full again (the generic cell rate algorithm, ITU-T I.371). One that is full needs no place, so
// only clients that have just spent something have one. If a client finds no free place, it takes over that of the one who has spent
// least, and with it what that one owes (Space-Saving: Metwally, Agrawal, El Abbadi, ICDT 2005). So the table errs to the strict side only,
// and nobody gains by coming under many names.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "elements/memcached/client_networks.h"
#include "elements/sdk/counter.h"
#include "elements/sdk/describe.h"
#include "elements/sdk/state.h"

namespace smartswitch::memcached {

/// All methods may be called by several workers at once, and none of them waits.
class ClientBudgets final : public State {
 public:
  static constexpr std::string_view kClass = "ClientBudgets";
  static void describe(Describe<ClientBudgets>& d);
  void validate(Problems& problems) const override;
  void start(Problems& problems) override;
  std::function<void()> change_to(State& fresh, Problems& problems) override;

  /// Spends `amount` of the budget of the client's network. False, and nothing spent, if it has less; an amount that no budget can ever
  /// have is spent as soon as it is full. Clients have a budget for each `subject`.
  bool take(ClientAddress client, std::uint64_t subject, double amount, std::int64_t now);
  /// Gives back. Nobody can have more than a full budget.
  void give(ClientAddress client, std::uint64_t subject, double amount, std::int64_t now);

 private:
  // A tag of 16 bits, and the time when the budget is full again: the lower 48 bits of it, ns.
  using Entry = std::atomic<std::uint64_t>;
  static constexpr unsigned kTimeBits = 48;
  static constexpr unsigned kWays = 8;
  // By how much the clocks of two workers may differ: each reads it once a round.
  static constexpr std::int64_t kSkew = 10'000'000'000;

  struct alignas(64) Line {
    Entry entries[kWays];
  };
  struct Place {
    Line* line;
    std::uint64_t tag;
  };

  [[nodiscard]] Place place_of(ClientAddress client, std::uint64_t subject) const;
  [[nodiscard]] std::int64_t debt_of(std::uint64_t entry, std::int64_t now) const;
  static std::uint64_t entry_of(std::uint64_t tag, std::int64_t full_at) {
    return tag << kTimeBits | (static_cast<std::uint64_t>(full_at) & ((std::uint64_t{1} << kTimeBits) - 1));
  }

  Rate rate_;
  Duration burst_{1'000'000'000};
  unsigned prefix_length_ = 32;
  unsigned prefix_length6_ = 64;
  std::uint32_t clients_ = 65536;

  double ns_each_ = 0;
  std::unique_ptr<Line[]> lines_;
  std::uint64_t mask_ = 0;
  std::uint64_t seed_ = 0;
  SharedCounter shared_;
};

}  // namespace smartswitch::memcached
