// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "elements/load/arrivals.h"
#include "elements/load/turns.h"
#include "elements/sdk/batch.h"

namespace smartswitch::load {

/// Who sends next, and when that is due. In a closed loop each client does as soon as fewer of its requests are under way than its window;
/// in an open one requests are due at times that are fixed beforehand, of one client after the other. Times are in ns, of one clock.
class Pace {
 public:
  struct Turn {
    std::uint32_t client;
    std::int64_t due;
  };

  /// A closed loop.
  Pace(std::uint32_t clients, std::uint32_t window) : clients_(clients), turns_(clients, window) {}
  /// An open loop, in which no request is due at `end` or later.
  Pace(std::uint32_t clients, const Arrivals& arrivals, std::int64_t end)
      : clients_(clients), turns_(0, 0), arrivals_(arrivals), end_(end) {}

  [[nodiscard]] bool open() const { return arrivals_.has_value(); }
  /// When the next request is due: at once in a closed loop.
  [[nodiscard]] std::int64_t next_due() const { return arrivals_ ? arrivals_->next() : INT64_MIN; }
  /// Requests to send in one go at most. Of a closed loop no more than could be sent before the first of them: where answers come at once,
  /// there would be no end.
  [[nodiscard]] std::size_t burst() const { return arrivals_ ? kBurst : turns_.count(); }

  /// Who has to send a request now; nobody if there is nothing to send yet. Only take() makes it done: otherwise, in an open loop, the same
  /// request is another client's turn.
  std::optional<Turn> next(std::int64_t now) {
    if (!arrivals_) return turns_.none() ? std::nullopt : std::optional(Turn{turns_.next(), now});
    if (arrivals_->next() > now || arrivals_->next() >= end_) return std::nullopt;
    const std::uint32_t client = next_client_;
    next_client_ = client + 1 == clients_ ? 0 : client + 1;
    return Turn{client, arrivals_->next()};
  }
  void take() {
    if (arrivals_) {
      arrivals_->take();
    } else {
      turns_.take();
    }
  }
  /// A request of the client is no longer under way.
  void give_back(std::uint32_t client) {
    if (!arrivals_) turns_.give_back(client);
  }

  /// About how many requests are due by now that have not been taken.
  [[nodiscard]] std::uint64_t behind(std::int64_t now) const { return arrivals_ ? arrivals_->due_before(std::min(now, end_)) : 0; }

 private:
  static constexpr std::size_t kBurst = std::size_t{4} * Batch::kCapacity;

  std::uint32_t clients_;
  Turns turns_;  // of a closed loop
  std::optional<Arrivals> arrivals_;
  std::int64_t end_ = INT64_MAX;
  std::uint32_t next_client_ = 0;
};

}  // namespace smartswitch::load
