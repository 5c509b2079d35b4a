// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What a configuration of TwemProxy (nutcracker 0.5.0) says.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "elements/sdk/value.h"

namespace smartswitch::command {

struct TwemproxyServer {
  std::string name;  ///< what its share of the keys depends on: its own, or host and port as TwemProxy puts them together
  std::string host;
  std::uint16_t port = 0;
  std::uint32_t weight = 0;
  Location where;
};

struct TwemproxyPool {
  std::string name;
  Location where;
  std::string listen;
  std::string hash = "fnv1a_64";
  std::string distribution = "ketama";
  std::string hash_tag;
  bool auto_eject_hosts = false;
  std::uint32_t retry_timeout_ms = 30000;
  std::uint32_t failure_limit = 2;
  bool redis = false;
  /// In the order in which TwemProxy counts them, which is not that of the file.
  std::vector<TwemproxyServer> servers;
  /// What the pool has and a pool of the switch has not, in the order of the file.
  std::vector<Problem> left_out;
};

/// All pools of a file. What TwemProxy would refuse to start with is reported.
std::vector<TwemproxyPool> read_twemproxy(const Value& file, Problems& problems);

}  // namespace smartswitch::command
