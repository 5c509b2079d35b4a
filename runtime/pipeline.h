// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The live state objects and elements of a plan, connected. A reload makes one beside that which runs: what is the same in both plans is
// shared by them, the rest is made anew, and at go_live() the workers change over.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "elements/sdk/element.h"
#include "graph/plan.h"
#include "runtime/ports.h"
#include "runtime/worker.h"

namespace smartswitch::runtime {

class Pipeline {
 public:
  /// The first of a switch, or the one after `running`, which must outlive go_live(). `plan` must outlive this.
  explicit Pipeline(const graph::Plan& plan, const Pipeline* running = nullptr) : plan_(plan), running_(running) {}
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  // The steps to a pipeline that can run, in this order. Each reports all faults it finds and returns false if there was one. None touches
  // what runs.

  /// Makes state objects and elements and gives them their parameters. Needs neither DPDK nor devices.
  bool create(Problems& problems);
  /// The most packets that all elements together may hold.
  [[nodiscard]] std::uint64_t may_hold() const;
  /// The most large packets that all elements together may have on their way.
  [[nodiscard]] std::uint64_t large_packets() const;
  /// Starts the state objects, in the order of the file.
  bool start_states(Problems& problems);
  /// Resolves names, connects outputs, and starts the elements. `workers`: one for each of the plan's, in that order; they outlive this.
  /// Those of the pipeline before come first: what it has on the first of them may go on there.
  bool start_elements(const Ports& ports, const std::vector<Worker*>& workers, Problems& problems);
  /// Lets what Queues hold that end with the change go its way, through the pipeline before: nobody takes it over. While no worker runs.
  void let_out() const;
  /// Makes the changes that remain, and gives each worker its sources; workers that are not of this plan have none any more. While no
  /// worker runs; quick, and cannot fail.
  void go_live();

  /// One for each of Plan::instances, in that order.
  [[nodiscard]] const std::vector<std::shared_ptr<Element>>& elements() const { return elements_; }
  /// One for each of Plan::states, in that order.
  [[nodiscard]] const std::vector<std::shared_ptr<State>>& states() const { return states_; }
  /// The output behind a connection.
  [[nodiscard]] Output& output(std::size_t instance, graph::PortRef port) const;
  /// Packets that came into each element from others, or were taken over, since the element was made; in the order of elements().
  [[nodiscard]] std::vector<std::uint64_t> packets_in() const;
  /// Gives up its elements: those that nobody else has end.
  void forget_elements() { elements_.clear(); }
  /// Whether it is an element of the pipeline before, which goes on as it was.
  [[nodiscard]] bool kept(std::size_t instance) const { return kept_[instance]; }
  /// Whether its parameters are as before.
  [[nodiscard]] bool state_kept(std::size_t state) const { return states_kept_[state]; }
  [[nodiscard]] const graph::Plan& plan() const { return plan_; }

 private:
  void create_states(Problems& problems);
  void create_elements(Problems& problems);
  void stop_timers_of_all_but(const std::vector<std::shared_ptr<Element>>& staying) const;
  // The instance of `running_` with the same name and class.
  [[nodiscard]] std::optional<std::size_t> twin_of(std::size_t instance) const;
  void note_ending_borders();
  [[nodiscard]] std::optional<std::size_t> keepable_twin_of(std::size_t instance) const;
  [[nodiscard]] std::unique_ptr<WorkerContext> staging_for(Worker& worker) const;
  void resize_groups(std::size_t instance);
  void connect(const graph::Link& link);

  const graph::Plan& plan_;
  const Pipeline* running_;
  std::vector<std::shared_ptr<State>> states_;
  std::vector<std::shared_ptr<Element>> elements_;
  std::vector<std::optional<std::size_t>> twins_;  // of running_, for each of elements_
  std::vector<std::size_t> ending_borders_;        // of running_
  std::vector<bool> states_kept_;
  std::vector<bool> kept_;
  std::vector<Worker*> workers_;
  std::vector<std::unique_ptr<WorkerContext>> staging_;  // for elements that are started while their worker runs others
  std::vector<std::shared_ptr<State>> before_;           // whose place those of states_ take
  std::vector<std::unique_ptr<State>> fresh_;            // with the parameters that kept state objects will take
  std::vector<std::function<void()>> changes_;
  // What packets_in() has to add to the counts of the outputs that lead to each element: what came by others before. May wrap.
  std::vector<std::uint64_t> carried_in_;
};

}  // namespace smartswitch::runtime
