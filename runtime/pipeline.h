// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The live state objects and elements of a plan, connected.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "elements/sdk/element.h"
#include "graph/plan.h"
#include "runtime/ports.h"
#include "runtime/worker.h"

namespace smartswitch::runtime {

class Pipeline {
 public:
  /// `plan` must outlive this.
  explicit Pipeline(const graph::Plan& plan) : plan_(plan) {}
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  // The steps to a running pipeline, in this order. Each reports all faults it finds and returns false if there was one.

  /// Makes state objects and elements and gives them their parameters. Needs neither DPDK nor devices.
  bool create(Problems& problems);
  /// The most packets that all elements together may hold.
  [[nodiscard]] std::uint64_t may_hold() const;
  /// The most large packets that all elements together may have on their way.
  [[nodiscard]] std::uint64_t large_packets() const;
  /// Starts the state objects, in the order of the file.
  bool start_states(Problems& problems);
  /// Resolves names, connects outputs, hands each worker its sources, and starts the elements.
  bool start_elements(const Ports& ports, const std::vector<std::unique_ptr<Worker>>& workers, Problems& problems);

  /// One for each of Plan::instances, in that order.
  [[nodiscard]] const std::vector<std::unique_ptr<Element>>& elements() const { return elements_; }
  /// One for each of Plan::states, in that order.
  [[nodiscard]] const std::vector<std::unique_ptr<State>>& states() const { return states_; }
  /// The output behind a connection.
  [[nodiscard]] Output& output(std::size_t instance, graph::PortRef port) const;

 private:
  void resize_groups(std::size_t instance);

  const graph::Plan& plan_;
  std::vector<std::unique_ptr<State>> states_;
  std::vector<std::unique_ptr<Element>> elements_;
};

}  // namespace smartswitch::runtime
