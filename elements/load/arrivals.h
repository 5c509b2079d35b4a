// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cmath>
#include <cstdint>

#include "elements/sdk/worker.h"

namespace smartswitch::load {

enum class ArrivalPattern : std::uint8_t {
  kPoisson,  ///< each independent of all others: many clients that know nothing of each other
  kEven,     ///< the same time between any two
};

/// When requests are due, settled by rate and seed alone: however slowly answers come, no arrival moves. (A client that waits for answers
/// before it asks again measures fewest where they are slowest: "coordinated omission".)
class Arrivals {
 public:
  Arrivals(ArrivalPattern pattern, double per_second, std::uint64_t seed) : pattern_(pattern), gap_(1e9 / per_second), random_(seed) {}

  /// The next one, in ns since the first could have been; never less than the one before.
  std::int64_t next() {
    // 1 - u is never 0.
    at_ += pattern_ == ArrivalPattern::kEven ? gap_ : -std::log(1 - random_.uniform()) * gap_;
    return static_cast<std::int64_t>(at_);
  }

 private:
  ArrivalPattern pattern_;
  double gap_;  // ns, in the mean
  double at_ = 0;
  Random random_;
};

}  // namespace smartswitch::load
