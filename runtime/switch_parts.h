// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include "runtime/counts.h"
#include "runtime/pipeline.h"
#include "runtime/pool.h"
#include "runtime/ports.h"
#include "runtime/switch.h"
#include "runtime/worker.h"

namespace smartswitch::runtime {

/// What a Switch is made of. In the order in which they come to be: each may use those above it.
struct Switch::Parts {
  explicit Parts(graph::Plan p) : plan(std::make_shared<const graph::Plan>(std::move(p))) {}
  bool build(const SwitchOptions& options, Problems& problems);
  [[nodiscard]] bool workers_run() const { return phase == Phase::kRunning || phase == Phase::kDraining; }
  [[nodiscard]] Snapshot count() const;
  [[nodiscard]] std::vector<std::unique_ptr<Worker>> recruit(const graph::Plan& next, const std::vector<unsigned>& chosen) const;
  [[nodiscard]] std::vector<unsigned> cores_for(const graph::Plan& next, Problems& problems, std::vector<std::string>& warnings) const;
  bool check_reload(const graph::Plan& next, const Pipeline& made, Problems& problems) const;
  std::vector<std::uint64_t> still(std::function<void()> task);
  void drain();
  void part_with(Pipeline& before);
  [[nodiscard]] std::uint64_t held() const;
  [[nodiscard]] std::uint64_t packets_in_use() const;

  std::shared_ptr<const graph::Plan> plan;
  Pool pool;
  Pool large_pool;  // null if no element makes large packets
  std::unique_ptr<Ports> ports;
  std::vector<unsigned> cores;  // that who made the switch may run on, and so its workers
  std::vector<std::unique_ptr<Worker>> workers;
  std::unique_ptr<Pipeline> pipeline;
  observe::EdgeHooks hooks;  // off its pipeline's outputs before these end or are connected anew
  ElementCounts departed = Snapshot().departed;
  std::uint64_t first_needs = 0;  // packets that the pool was sized for
  std::atomic<std::int64_t> started{0};
  std::atomic<std::int64_t> stopped{0};
  std::atomic<Phase> phase{Phase::kBuilt};
  struct Lingering {
    std::int64_t until;
    std::shared_ptr<State> state;
  };
  std::vector<Lingering> lingering;
  std::vector<std::shared_ptr<State>> unfinished;  // what a change has left to be done
  std::size_t next_to_go_on = 0;

  std::mutex changing;              // one reload, stop or meeting at a time; taken first
  mutable std::shared_mutex shape;  // of what is above: held exclusively while it changes
};

}  // namespace smartswitch::runtime
