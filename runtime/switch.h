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
#include <optional>
#include <string>
#include <vector>

#include "graph/plan.h"
#include "runtime/eal.h"
#include "runtime/objects.h"
#include "runtime/observe/edge_hooks.h"
#include "runtime/reloaded.h"
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

/// start(), wait_until() and close() are for one thread; the others may be called from any, until close().
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
  /// Waits until `done` is true, which is asked once a millisecond, or `at_most` has gone by. Returns what `done` said last. Goes on with
  /// changes meanwhile.
  bool wait_until(const std::function<bool()>& done, Duration at_most);
  /// From now on takes in nothing new and lets Queues run empty. There is no way back but another switch.
  void drain();
  /// Takes in nothing new, lets Queues run empty (for at most 0.1 s), and ends the workers. Counters and held packets stay to be read.
  void stop();
  /// Changes over to another plan while packets flow: what is the same in both goes on untouched, no packet is lost, and of one flow none
  /// overtakes another, unless the plan itself changes their way. State objects of the same name and class stay. Nothing, with all reasons
  /// in `problems`, if that cannot be: then all is as it was. One at a time: others wait.
  std::optional<Reloaded> reload(graph::Plan plan, Problems& problems);
  /// Does a part of what a reload has left to be done while packets flow (State::go_on). True: there is more; to be called again in a
  /// millisecond or so, which leaves the workers most of their time.
  bool go_on();
  /// What reload() would change, as far as that can be told without trying.
  [[nodiscard]] Reloaded difference(const graph::Plan& plan) const;
  /// Calls a handler of an element or a state object. Of an element with copies on several workers each is asked, and the result is a list.
  /// Nothing, with the reason in `problems`, if there is no such thing, or it refuses.
  std::optional<Value> call(ObjectKind kind, const std::string& object, const std::string& handler, const Value& argument,
                            Problems& problems);
  /// Runs `task` while all workers stand still: to put those on edges, or off them, who look at packets (runtime/observe). Who was put on
  /// stays over a reload, and has to be taken off before it ends.
  void change_hooks(const std::function<void(observe::EdgeHooks&)>& task);
  /// The graph that runs, for those who will be put on its edges; null after close().
  [[nodiscard]] std::shared_ptr<const observe::Wiring> wiring() const;
  /// The counts now; after close() there are none.
  [[nodiscard]] Snapshot snapshot() const;
  /// Calls `looker` with the plan and the counts that belong to it. They are its own until it returns: meanwhile reload() and close() wait.
  void look(const std::function<void(const graph::Plan&, const Snapshot&)>& looker) const;
  [[nodiscard]] Phase phase() const;
  /// After stop(): ends elements and devices and returns how many packets of the pool did not come back: 0, or there is a leak.
  std::uint64_t close();

  /// What runs now; it lives on after a reload for as long as somebody has it.
  [[nodiscard]] std::shared_ptr<const graph::Plan> plan() const;
  /// The state object of that name, or null. Its own methods say what may be done with it meanwhile.
  [[nodiscard]] std::shared_ptr<State> state(std::string_view name) const;

 private:
  struct Parts;
  explicit Switch(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace smartswitch::runtime
