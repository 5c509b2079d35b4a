// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <rte_ether.h>

#include <cstring>
#include <vector>

#include "elements/memcached/backend_pool.h"
#include "elements/sdk/packet.h"

namespace smartswitch::memcached {

/// What packets need of the servers of a pool, a quarter of a cache line each.
class Targets {
 public:
  /// Reports servers without a MAC address, and with `addresses` those without an IP address.
  void start(const BackendPool& pool, bool addresses, Problems& problems) {
    for (const Backend& server : pool.servers()) {
      const auto number = static_cast<std::uint16_t>(targets_.size());
      targets_.push_back({{server.address.value_or(Ipv4Address{}).host_order, server.port, number}, server.mac.value_or(MacAddress{})});
      if (!server.mac)
        problems.add({}, fmt::format("server `{}` of `{}` has no MAC address to send requests to", server.name, pool.name()),
                     "say what it is, such as `mac: \"02:00:00:00:01:01\"`");
      if (addresses && !server.address)
        problems.add({}, fmt::format("server `{}` of `{}` has no address to send requests to", server.name, pool.name()),
                     "say what it is, such as `address: 10.0.0.11`");
    }
  }

  /// Sends a packet, which must have an Ethernet header, to a server: sets its MAC address, and notes its IP address for RequestSender.
  void aim(Packet packet, std::uint32_t server) const {
    const Target& target = targets_[server];
    std::memcpy(&reinterpret_cast<rte_ether_hdr*>(packet.data())->dst_addr, target.mac.bytes.data(), RTE_ETHER_ADDR_LEN);
    packet.annotations().next = target.hop;
  }

 private:
  struct Target {
    NextHop hop;
    MacAddress mac;
  };
  std::vector<Target> targets_;
};

}  // namespace smartswitch::memcached
