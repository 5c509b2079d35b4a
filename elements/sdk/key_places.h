// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace smartswitch {

/// A state object that gives each key of an application a place, such as a server. `smartswitch where` asks those that derive from this
/// as well as from State.
class KeyPlaces {
 public:
  virtual ~KeyPlaces() = default;
  /// The name of the place where `key` belongs, or "" if it has none. Any thread, once the object is started.
  [[nodiscard]] virtual std::string place_of(std::string_view key) const = 0;
  /// The names of all, by the number that NextHop::server has for them. Any thread, once the object is started.
  [[nodiscard]] virtual std::vector<std::string> places() const = 0;
};

}  // namespace smartswitch
