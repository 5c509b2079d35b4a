// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// A graph as a switch makes it, but without devices, files and sockets, and with no worker that runs: packets are put in by hand, and time
// goes on when told.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "graph/plan.h"
#include "runtime/observe/wiring.h"
#include "runtime/pipeline.h"
#include "runtime/pool.h"
#include "runtime/worker.h"

namespace smartswitch::runtime {

/// For one thread.
class Rehearsal {
 public:
  /// Makes all that there is of `plan`: null, with the reasons in `problems`, if that cannot be done. Starts DPDK in ordinary memory unless
  /// the process has done so.
  static std::unique_ptr<Rehearsal> create(graph::Plan plan, Problems& problems);
  Rehearsal(const Rehearsal&) = delete;
  Rehearsal& operator=(const Rehearsal&) = delete;

  [[nodiscard]] const std::shared_ptr<const observe::Wiring>& wiring() const { return wiring_; }
  /// An empty packet as a source would bring it in, of up to 9,216 bytes. The caller owns it and has to push it. Null if too many are out.
  [[nodiscard]] Packet packet();
  /// Puts packets in as if the element named `source` had received them.
  void push(const std::string& source, Batch& batch);
  /// Lets the next thing happen: packets leave Queues, or timers ring, for which the clock goes on. False if nothing is left to happen up
  /// to `until` (ns, as now()).
  bool step(std::int64_t until);
  [[nodiscard]] std::int64_t now() const { return workers_.front()->context().now; }
  /// Packets that are neither sent nor dropped yet, and those of them that elements say to hold: the same number, or one is lost.
  [[nodiscard]] std::uint64_t in_use() const;
  [[nodiscard]] std::uint64_t held() const;

 private:
  explicit Rehearsal(graph::Plan plan);
  bool build(Problems& problems);
  unsigned empty_queues();

  graph::Plan plan_;
  std::vector<std::unique_ptr<ElementInfo>> stand_ins_;
  Pool pool_;
  Pool large_pool_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<Pipeline> pipeline_;
  std::shared_ptr<const observe::Wiring> wiring_;
  std::vector<const observe::Node*> queues_;
};

}  // namespace smartswitch::runtime
