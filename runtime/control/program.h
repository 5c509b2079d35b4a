// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <functional>
#include <map>
#include <string>

namespace smartswitch::runtime::control {

/// What the API tells of the program around the switch, and asks it to do.
struct Program {
  std::string name;                             ///< of this switch, among others on the machine
  std::string version;                          ///< of the program
  std::string file;                             ///< the configuration
  std::string text;                             ///< of it, as it was read
  std::map<std::string, std::string> settings;  ///< --set NAME=VALUE
  // Called on the server's thread; they only ask, and return at once.
  std::function<void()> stop;
  std::function<void()> drain;
};

}  // namespace smartswitch::runtime::control
