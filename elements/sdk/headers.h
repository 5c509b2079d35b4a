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
inline constexpr std::uint8_t kIpIp = 4;
inline constexpr std::uint8_t kTcp = 6;
inline constexpr std::uint8_t kUdp = 17;
inline constexpr std::uint8_t kIcmp6 = 58;
}  // namespace ip_protocol

/// Finds the headers in `length` bytes at `data`: Ethernet, up to two VLAN tags, IPv4 with options, IPv6 with extension headers
/// (RFC 8200 section 4), UDP and TCP. Never reads beyond; lengths that lie set `malformed`. Always sets `located`.
void find_headers(const std::uint8_t* data, std::uint32_t length, Headers& headers);

/// The same for what nearly every packet of an application is: Ethernet, then IPv4 without options or fragments, then UDP. False, with
/// nothing found, for everything else; then find_headers() has to look.
inline bool find_plain_udp(const std::uint8_t* data, std::uint32_t length, Headers& headers) {
  constexpr std::uint32_t kIp = 14;
  constexpr std::uint32_t kUdp = kIp + 20;
  constexpr std::uint32_t kPayload = kUdp + 8;
  const auto load16 = [data](std::uint32_t at) { return static_cast<std::uint32_t>(data[at] << 8 | data[at + 1]); };
  if (length < kPayload || load16(12) != ether_type::kIpv4 || data[kIp] != 0x45 || data[kIp + 9] != ip_protocol::kUdp) return false;
  const std::uint32_t total = load16(kIp + 2);
  const std::uint32_t udp_length = load16(kUdp + 4);
  // All but "don't fragment" of the fragment field has to be 0; the lengths have to hold one in the other.
  if ((load16(kIp + 6) & 0xBFFF) != 0 || total > length - kIp || udp_length < 8 || udp_length + 20 > total) return false;
  headers = Headers{.located = true,
                    .ip_version = 4,
                    .l4_protocol = ip_protocol::kUdp,
                    .l3 = kIp,
                    .l4 = kUdp,
                    .payload = kPayload,
                    .payload_length = static_cast<std::uint16_t>(udp_length - 8),
                    .ether_type = ether_type::kIpv4};
  return true;
}

/// The packet's headers: found once, then remembered in its annotations. Only its first segment is looked at; what the others hold
/// counts as cut off (`malformed`).
inline const Headers& locate_headers(Packet packet) {
  Headers& headers = packet.annotations().headers;
  if (!headers.located && !find_plain_udp(packet.data(), packet.length(), headers)) {
    find_headers(packet.data(), packet.length(), headers);
  }
  return headers;
}

/// To be called after headers were added, removed or moved: the next locate_headers() looks again.
inline void forget_headers(Packet packet) { packet.annotations().headers.located = false; }

}  // namespace smartswitch
