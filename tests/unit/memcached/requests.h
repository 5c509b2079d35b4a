// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Requests and replies as they pass the switch, for the tests of this room.
#pragma once

#include <rte_ip.h>
#include <rte_udp.h>

#include <string>
#include <string_view>

#include "elements/memcached/request_table.h"  // before kClient, which its Purpose::kClient would shadow
#include "elements/sdk/testing/packets.h"
#include "elements/sdk/testing/test_bench.h"

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

/// Gives a packet that has left an element to another one, with what is known of it.
inline void hand_over(testing::TestBench& bench, const testing::Seen& seen, const std::string& input = {}) {
  const Packet packet = bench.packet(seen.bytes);
  packet.annotations() = seen.annotations;
  Batch batch;
  batch.add(packet);
  bench.push(batch, input);
}

/// memcached's text in a packet over IPv4 without options.
inline std::string text_of(const testing::Seen& seen) { return {seen.bytes.begin() + 14 + 20 + 8 + 8, seen.bytes.end()}; }

/// Whether the IPv4 and UDP checksums of a packet are right.
inline bool checksums_hold(testing::Bytes packet) {
  auto* ip = reinterpret_cast<rte_ipv4_hdr*>(packet.data() + 14);
  auto* udp = reinterpret_cast<rte_udp_hdr*>(packet.data() + 34);
  const rte_be16_t sent = udp->dgram_cksum;
  udp->dgram_cksum = 0;
  return rte_raw_cksum(ip, sizeof *ip) == 0xFFFF && sent == rte_ipv4_udptcp_cksum(ip, udp);
}

}  // namespace smartswitch::memcached
