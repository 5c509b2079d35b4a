// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include "elements/sdk/packet.h"

namespace smartswitch {

/// EtherTypes (IEEE 802 numbers) and IP protocol numbers (IANA) that elements speak of.
namespace ether_type {
inline constexpr std::uint16_t kIpv4 = 0x0800;
inline constexpr std::uint16_t kArp = 0x0806;
inline constexpr std::uint16_t kVlan = 0x8100;
inline constexpr std::uint16_t kIpv6 = 0x86DD;
inline constexpr std::uint16_t kQinQ = 0x88A8;
}  // namespace ether_type
namespace ip_protocol {
inline constexpr std::uint8_t kIcmp = 1;
inline constexpr std::uint8_t kTcp = 6;
inline constexpr std::uint8_t kUdp = 17;
inline constexpr std::uint8_t kIcmp6 = 58;
}  // namespace ip_protocol

/// Finds the headers in `length` bytes at `data`: Ethernet, up to two VLAN tags, IPv4 with options, IPv6 with extension headers
/// (RFC 8200 section 4), UDP and TCP. Never reads beyond; lengths that lie set `malformed`. Always sets `located`.
void find_headers(const std::uint8_t* data, std::uint32_t length, Headers& headers);

/// The packet's headers: found once, then remembered in its annotations. Only its first segment is looked at; what the others hold
/// counts as cut off (`malformed`).
inline const Headers& locate_headers(Packet packet) {
  Headers& headers = packet.annotations().headers;
  if (!headers.located) find_headers(packet.data(), packet.length(), headers);
  return headers;
}

/// To be called after headers were added, removed or moved: the next locate_headers() looks again.
inline void forget_headers(Packet packet) { packet.annotations().headers.located = false; }

}  // namespace smartswitch
