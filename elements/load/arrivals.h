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
  /// None is due before `from` (ns).
  Arrivals(ArrivalPattern pattern, double per_second, std::uint64_t seed, std::int64_t from)
      : pattern_(pattern), gap_(1e9 / per_second), from_(from), random_(seed) {
    take();
  }

  /// When the next one is due (ns); never before the one before.
  [[nodiscard]] std::int64_t next() const { return next_; }
  void take() {
    // 1 - u is never 0.
    since_ += pattern_ == ArrivalPattern::kEven ? gap_ : -std::log(1 - random_.uniform()) * gap_;
    next_ = from_ + static_cast<std::int64_t>(since_);
  }
  /// About how many are due before `end`, from the next one on: as the rate has it, none is drawn.
  [[nodiscard]] std::uint64_t due_before(std::int64_t end) const {
    return end <= next_ ? 0 : 1 + static_cast<std::uint64_t>(static_cast<double>(end - next_) / gap_);
  }

 private:
  ArrivalPattern pattern_;
  double gap_;  // ns, in the mean
  std::int64_t from_;
  std::int64_t next_ = 0;
  double since_ = 0;
  Random random_;
};

}  // namespace smartswitch::load
