// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// How long packets are in the graph: some are stamped where they come in, and read where they leave. Those that carry a stamp have a flag
// in their mbuf, whose line is at hand when a packet is sent: so the others cost no look at their annotations.
#pragma once

#include <cstdint>

#include "elements/sdk/batch.h"
#include "elements/sdk/histogram.h"
#include "elements/sdk/parameter.h"

namespace smartswitch {

/// The bit of rte_mbuf::ol_flags that says that Annotations::arrival is set; 0, and a problem, if DPDK has none left. Main thread.
std::uint64_t arrival_flag(Problems& problems);

/// For elements that bring packets in.
class ArrivalStamper {
 public:
  /// From now on.
  void start(Problems& problems) { flag_ = arrival_flag(problems); }
  /// Two stamps are this far apart (ns) at least: with fewer than 50,000 batches a second every batch has one, and with more the two
  /// readings of the clock that one costs are 0.3 % of the worker's time.
  static constexpr std::int64_t kApart = 20'000;

  /// `batch` has packets whose annotations are reset. `clock`: the exact time, ns; `now`: what it was in this round at the latest.
  template <class Clock>
  void stamp(const Batch& batch, std::int64_t now, Clock clock) {
    if (now - last_ < kApart) return;
    last_ = now;
    // Another place in each batch: the first and the last of a batch don't wait equally long for the others.
    rte_mbuf* mbuf = batch[place_++ % batch.size()].mbuf();
    mbuf->ol_flags |= flag_;
    Packet(mbuf).annotations().arrival = clock();
  }

 private:
  std::uint64_t flag_ = 0;
  std::int64_t last_ = INT64_MIN / 2;
  unsigned place_ = 0;
};

/// For elements that send packets off: the stamps of one batch, which are collected while its packets are still there.
class Departures {
 public:
  void start(Problems& problems) { flag_ = arrival_flag(problems); }
  [[nodiscard]] std::uint64_t flag() const { return flag_; }

  /// Notes the stamps of `batch` and takes them off. Only needed if one of its packets has the flag.
  void collect(const Batch& batch) {
    for (const Packet packet : batch) {
      if ((packet.mbuf()->ol_flags & flag_) == 0) continue;
      packet.mbuf()->ol_flags &= ~flag_;
      arrivals_[stamped_++] = packet.annotations().arrival;
    }
  }
  /// Of a batch, `sent` packets have left. A stamp stands for all packets that were sent since the one before.
  template <class Clock>
  void record(std::uint64_t sent, Clock clock, DurationHistogram& histogram) {
    unrecorded_ += sent;
    if (stamped_ == 0) [[likely]]
      return;
    const std::int64_t now = clock();
    const std::uint64_t share = unrecorded_ / stamped_;
    for (unsigned i = 0; i < stamped_; ++i) histogram.record(now - arrivals_[i], i == 0 ? unrecorded_ - share * (stamped_ - 1) : share);
    stamped_ = 0;
    unrecorded_ = 0;
  }

 private:
  std::uint64_t flag_ = 0;
  std::uint64_t unrecorded_ = 0;
  unsigned stamped_ = 0;
  std::int64_t arrivals_[Batch::kCapacity];
};

}  // namespace smartswitch
