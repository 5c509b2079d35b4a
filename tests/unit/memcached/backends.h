// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <string>
#include <vector>

#include "elements/memcached/backend.h"
#include "elements/sdk/value.h"

namespace smartswitch::memcached {

/// Servers of these weights, called 10.0.0.1, 10.0.0.2, ...
inline std::vector<Backend> backends(const std::vector<std::uint32_t>& weights) {
  std::vector<Backend> servers(weights.size());
  for (std::size_t i = 0; i < weights.size(); ++i) {
    servers[i].name = "10.0.0." + std::to_string(i + 1);
    servers[i].weight = weights[i];
  }
  return servers;
}
inline std::vector<Backend> backends(unsigned n) { return backends(std::vector<std::uint32_t>(n, 1)); }

/// Parameters of a BackendPool of mc0, mc1, ... with their MAC addresses; at most 10.
inline Value servers(int n) {
  std::vector<Value> list;
  for (int i = 0; i < n; ++i) {
    list.push_back(Value::map({{"name", "mc" + std::to_string(i)}, {"mac", "02:00:00:00:01:0" + std::to_string(i)}}));
  }
  return Value::map({{"servers", Value::list(list)}});
}

}  // namespace smartswitch::memcached
