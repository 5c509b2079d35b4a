// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The graph while it is being put together: elements and the borders of unfolded templates, with wires that may lack an end because of a
// fault in the file.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "graph/plan.h"

namespace smartswitch::graph {

struct Node {
  enum class Kind : std::uint8_t {
    kElement,
    kTemplateInput,   ///< what comes to the inputs of a template leaves this node's outputs of the same names, inside
    kTemplateOutput,  ///< what comes to this node's inputs, inside, leaves the outputs of the template
  };
  Kind kind = Kind::kElement;
  ElementSpec spec;                ///< info is null for template borders, and for elements whose class is unknown
  std::string template_name;       ///< for borders
  std::vector<std::string> ports;  ///< for borders
  /// Something in the file that could not be understood may concern this node: what is missing here is not worth a message.
  bool uncertain = false;
};

struct WireEnd {
  std::size_t node = 0;
  PortRef port;
};

/// A connection as it was written. A missing end has a fault that is reported already.
struct Wire {
  std::optional<WireEnd> from;
  std::optional<WireEnd> to;
  Location where;
};

struct Draft {
  std::vector<Node> nodes;
  std::vector<Wire> wires;
};

}  // namespace smartswitch::graph
