// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Requests and replies as they pass the switch, for the tests of this room.
#pragma once

#include <string>
#include <string_view>

#include "elements/sdk/testing/packets.h"

namespace smartswitch::memcached {

inline constexpr std::string_view kClientMac = "02:00:00:00:00:01";
inline constexpr std::string_view kServiceMac = "02:00:00:00:00:64";
inline constexpr std::string_view kClient = "10.0.0.1";
inline constexpr std::string_view kService = "10.0.0.100";

inline testing::PacketBuilder to_service(std::uint16_t client_port = 4000) {
  return testing::PacketBuilder().ether(kClientMac, kServiceMac).ipv4(kClient, kService).udp(client_port, 11211);
}

inline testing::Bytes request(std::string_view text, std::uint16_t id = 1, std::uint16_t client_port = 4000) {
  return to_service(client_port).payload(testing::memcached_frame(id, text));
}

inline testing::Bytes reply(std::string_view text, std::uint16_t id = 1, std::uint16_t client_port = 4000) {
  return testing::PacketBuilder()
      .ether("02:00:00:00:01:01", kClientMac)
      .ipv4(kService, kClient)
      .udp(11211, client_port)
      .payload(testing::memcached_frame(id, text));
}

inline std::string value(std::string_view key, std::string_view data) {
  return "VALUE " + std::string(key) + " 0 " + std::to_string(data.size()) + "\r\n" + std::string(data) + "\r\nEND\r\n";
}

}  // namespace smartswitch::memcached
