// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// A configuration of an operator's own, made from one of configs/ with his devices, servers and values in it. So whatever he starts from is
// what the tests run.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "elements/sdk/value.h"
#include "runtime/embedded_file.h"

namespace smartswitch::command {

/// The files of configs/ that stand alone. (Written by cmake/Embed.cmake.)
std::span<const EmbeddedFile> example_configurations();

struct NewServer {
  std::string name;
  std::string device;
  std::string mac;
  std::string address;
};

struct NewConfiguration {
  std::string kind;                             ///< the example's name without its ending
  std::vector<std::string> devices;             ///< for the variables DEV and *_DEV that are no server's, in the file's order
  std::vector<NewServer> servers;               ///< empty: those of the example
  std::map<std::string, std::string> settings;  ///< other variables
};

struct KindOfConfiguration {
  std::string name;
  std::string about;
};
std::vector<KindOfConfiguration> kinds_of_configurations();

/// The text. Empty, with all reasons in `problems`, if the wishes do not fit the example.
std::string new_configuration(const NewConfiguration& wish, Problems& problems);

}  // namespace smartswitch::command
