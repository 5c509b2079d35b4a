// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What elements cost: the cycles spent in each, without those of the elements that it calls. Measured while it is on, which costs two
// readings of the cycle counter a batch and hop, so one does it for some milliseconds each second.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/observe/edge_hooks.h"

namespace smartswitch::observe {

/// What one element, all its copies together, has cost.
struct ElementCost {
  std::string element;
  std::string element_class;
  std::uint64_t packets = 0;
  double ns_per_packet = 0;  ///< 0 if there were none
  double share = 0;          ///< of the time in which workers were busy, 0 to 1
};

class Profile final : public EdgeUser {
 public:
  void attach(std::shared_ptr<const Wiring> wiring) override;
  [[nodiscard]] bool wants(const Edge&) const override { return true; }
  void pass(const Edge& edge, Batch& batch, Onward onward) override;

  /// Dearest first. `busy`: of each worker, the cycles of the rounds in which it had something to do while this was on; `hz`: cycles a
  /// second. What of these was spent in no element behind an edge is that of the worker's sources (their poll(), and the worker's own
  /// loop), and is divided among them by packets. While no worker is at work, or once this is removed.
  [[nodiscard]] std::vector<ElementCost> costs(const std::vector<std::uint64_t>& busy, double hz) const;

 private:
  struct Spent {
    std::uint64_t cycles = 0;
    std::uint64_t packets = 0;
  };
  struct Lane {
    std::vector<Spent> in;       // by node: given to it
    std::vector<Spent> from;     // by node, for those that are polled: given out by it
    std::uint64_t inner = 0;     // cycles of elements called by the one that is measured now
    unsigned depth = 0;          // elements that are being measured, one in the other
    std::uint64_t measured = 0;  // all cycles behind edges
  };
  std::shared_ptr<const Wiring> wiring_;
  std::vector<Lane> lanes_;  // by worker
};

}  // namespace smartswitch::observe
