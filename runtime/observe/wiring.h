// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// A running graph as those see it who look into it: live elements, and the edges between them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "elements/sdk/element.h"
#include "graph/plan.h"

namespace smartswitch::observe {

/// An output that leads nowhere: its packets are dropped.
struct Loose {
  std::string name;
  const Output* output = nullptr;
};

/// One live copy of an element.
struct Node {
  std::string name;
  std::string worker;  ///< the name of the one that it runs on
  std::size_t number = 0;
  std::size_t worker_number = 0;
  unsigned replica = 0;
  unsigned replicas = 1;
  const ElementInfo* info = nullptr;
  Element* element = nullptr;       ///< gone after a reload: names and numbers outlive it
  std::vector<std::string> ports;   ///< those of the file that it receives from or sends to
  std::vector<std::string> places;  ///< of its state object that chooses servers: their names, by NextHop::server
  std::vector<Loose> loose;
  [[nodiscard]] bool source() const { return info->poll != nullptr && !info->border; }
};

/// A connected output. What passes it runs on the worker of `from`.
struct Edge {
  std::size_t number = 0;
  const Node* from = nullptr;
  const Node* to = nullptr;
  Output* output = nullptr;
  std::string output_name;
  std::string input_name;
  [[nodiscard]] std::string name() const { return from->name + "." + output_name; }
};

/// Numbers are indices. Does not change once it is made, so records may point into it for as long as they keep it.
class Wiring {
 public:
  /// `elements`: one for each of the plan's instances. `states`: one for each of its state objects, started. Outputs need not be connected
  /// yet.
  Wiring(const graph::Plan& plan, const std::vector<Element*>& elements, const std::vector<const State*>& states);
  Wiring(const Wiring&) = delete;
  Wiring& operator=(const Wiring&) = delete;

  [[nodiscard]] const std::vector<Node>& nodes() const { return nodes_; }
  [[nodiscard]] const std::vector<Edge>& edges() const { return edges_; }
  [[nodiscard]] std::size_t workers() const { return workers_; }
  /// Each once, in the order of the file.
  [[nodiscard]] std::vector<std::string> element_names() const;
  [[nodiscard]] std::vector<std::string> port_names() const;

 private:
  std::size_t workers_;
  std::vector<Node> nodes_;
  std::vector<Edge> edges_;
};

}  // namespace smartswitch::observe
