// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/rendezvous.h"

#include <map>

#include "elements/sdk/hash.h"

namespace smartswitch::memcached {

Rendezvous::Rendezvous(const std::vector<Backend>& servers) {
  std::map<std::uint32_t, std::vector<std::uint32_t>> by_weight;
  for (std::uint32_t number = 0; number < servers.size(); ++number) by_weight[servers[number].weight].push_back(number);
  for (const auto& [weight, numbers] : by_weight) {
    for (const std::uint32_t number : numbers) entrants_.push_back({hash_key(servers[number].name), number});
    groups_.push_back({static_cast<double>(weight), entrants_.size()});
  }
}

}  // namespace smartswitch::memcached
