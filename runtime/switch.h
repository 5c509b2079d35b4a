// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// A switch inside a program. `smartswitch run` is this and a command line.
//
//   const graph::Loaded loaded = graph::load_file("pipeline.yaml", {});
//   for (const graph::Diagnostic& d : loaded.diagnostics) std::cerr << graph::render(d, false);
//   if (!loaded.plan) return 1;
//
//   Problems problems;
//   const std::unique_ptr<Switch> live = Switch::create(*loaded.plan, {}, problems);
//   for (const Problem& p : problems.list()) std::cerr << p.message << "\n";
//   if (!live) return 3;
//
//   live->start();
//   live->wait_until([&] { return live->snapshot().element("count")->counter("packets") >= 1000; }, Duration{5'000'000'000});
//   live->stop();
//   std::cout << live->snapshot().dropped() << " packets were dropped\n";
//
// Messages go to spdlog's default logger. DPDK is started by the first switch of a process and stays; how much memory it has without huge
// pages is settled then.
#pragma once

#include <functional>
#include <memory>

#include "graph/plan.h"
#include "runtime/eal.h"
#include "runtime/snapshot.h"

namespace smartswitch::runtime {

struct SwitchOptions {
  HugePages huge_pages = HugePages::kAuto;
};

enum class Phase : std::uint8_t {
  kBuilt,     ///< not started yet
  kRunning,   ///< takes packets in
  kDraining,  ///< takes nothing new in
  kStopped,
};

/// Its methods are for one thread, except snapshot(), look() and phase().
class Switch {
 public:
  /// Everything but running: memory, devices, state objects, elements. Null, with all reasons in `problems`, if something cannot be had.
  static std::unique_ptr<Switch> create(graph::Plan plan, const SwitchOptions& options, Problems& problems);
  /// Stops and closes.
  ~Switch();
  Switch(const Switch&) = delete;
  Switch& operator=(const Switch&) = delete;

  /// Lets the workers run. Once.
  void start();
  /// Waits until `done` is true, which is asked once a millisecond, or `at_most` has gone by. Returns what `done` said last.
  bool wait_until(const std::function<bool()>& done, Duration at_most);
  /// From now on takes in nothing new and lets Queues run empty. There is no way back but another switch.
  void drain();
  /// Takes in nothing new, lets Queues run empty (for at most 0.1 s), and ends the workers. Counters and held packets stay to be read.
  void stop();
  /// The counts now; after close() there are none. From any thread.
  [[nodiscard]] Snapshot snapshot() const;
  /// Calls `looker` with the plan and the counts that belong to it. They are its own until it returns: meanwhile close() waits, and other
  /// lookers do. From any thread.
  void look(const std::function<void(const graph::Plan&, const Snapshot&)>& looker) const;
  /// From any thread.
  [[nodiscard]] Phase phase() const;
  /// After stop(): ends elements and devices and returns how many packets of the pool did not come back: 0, or there is a leak.
  std::uint64_t close();

  [[nodiscard]] const graph::Plan& plan() const;
  /// The state object of that name, until close(); nullptr if there is none. Its own methods say what may be done with it meanwhile.
  [[nodiscard]] State* state(std::string_view name) const;

 private:
  struct Parts;
  explicit Switch(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace smartswitch::runtime
