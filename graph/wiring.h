// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The graph of elements alone: the borders of templates are gone, every connection leads from an element to an element.
#pragma once

#include <set>
#include <tuple>
#include <vector>

#include "graph/draft.h"
#include "graph/report.h"

namespace smartswitch::graph {

/// An element, and a port of it.
using PortKey = std::tuple<std::size_t, std::size_t, unsigned>;

struct Wiring {
  std::vector<ElementSpec> elements;  ///< info is null if the class is unknown
  std::vector<bool> uncertain;        ///< a fault that is reported may be why something is not connected here
  std::vector<bool> fed;              ///< reached by a wire whose beginning has a fault
  std::vector<Connection> connections;
  std::set<PortKey> outputs, inputs;  ///< what is connected, even if the other end has a fault
};

/// How many ports a numbered group has: one more than the highest that is connected.
unsigned numbered_size(const std::set<PortKey>& connected, std::size_t element, std::size_t port);

/// Reports ports of templates that lead nowhere or that nothing reaches.
Wiring wire(Draft draft, Report& report);

}  // namespace smartswitch::graph
