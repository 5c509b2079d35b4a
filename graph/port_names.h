// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// From the name of a port, as connections write it, to its number in the declaration, and back.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/plan.h"

namespace smartswitch::graph {

/// Connections name ports of numbered groups by number, up to this one.
inline constexpr unsigned kMostNumbered = 1024;
/// All outputs of a numbered group: `spread.each -> queue`.
inline constexpr std::string_view kEach = "each";

/// The members of a keyed group: the keys of the map, or the items of the list, that the parameter `keys` holds.
std::vector<std::string> keys_of(const Value& parameters, const std::string& keys);

/// The port called `name` among the inputs or outputs of a class; an empty name means the first.
template <class Info>
std::optional<PortRef> find_port(const std::vector<Info>& declared, const Value& parameters, std::string_view name);

/// All names a connection may use, for messages: numbered groups show as "0, 1, ...".
template <class Info>
std::vector<std::string> names_of(const std::vector<Info>& declared, const Value& parameters);

/// The name of one port, as a connection would write it.
template <class Info>
std::string name_of(const std::vector<Info>& declared, const Value& parameters, PortRef port);

}  // namespace smartswitch::graph
