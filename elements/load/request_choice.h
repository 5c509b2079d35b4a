// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstdint>
#include <utility>

#include "elements/load/key_choice.h"
#include "elements/load/key_history.h"

namespace smartswitch::load {

/// What is asked next, as it follows from a seed: a get or a set, and of which key. Keys are drawn one request ahead, so that what is known
/// of a key is at hand when its turn comes.
class RequestChoice {
 public:
  RequestChoice(const KeyDistribution& distribution, std::uint64_t keys, double get_ratio, std::uint64_t seed)
      : choose_(distribution, keys), get_ratio_(get_ratio), random_(seed), ahead_(choose_(random_)) {}

  struct Choice {
    std::uint64_t key;
    bool set;
    bool busy;  ///< a get instead of a set: all keys that were tried have a set under way
  };
  Choice next(const KeyHistory& history) {
    const bool set = get_ratio_ < 1 && random_.uniform() >= get_ratio_;
    std::uint64_t key = std::exchange(ahead_, choose_(random_));
    history.prefetch(ahead_);
    if (!set) return {key, false, false};
    for (unsigned tries = 0; history.set_under_way(key); ++tries) {
      if (tries == kTries) return {key, false, true};
      key = choose_(random_);
    }
    return {key, true, false};
  }

 private:
  static constexpr unsigned kTries = 16;

  KeyChoice choose_;
  double get_ratio_;
  Random random_;
  std::uint64_t ahead_;
};

}  // namespace smartswitch::load
