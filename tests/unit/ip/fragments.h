// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Cuts packets as a sender would, byte by byte and by other code than the elements under test.
#pragma once

#include <rte_ip.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "tests/unit/ip/frames.h"

namespace smartswitch::testing {

inline std::uint16_t load16(const Bytes& bytes, std::size_t at) { return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]); }
inline void store16(Bytes& bytes, std::size_t at, std::size_t value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<std::uint8_t>(value);
}

/// Where the IP header starts: behind VLAN tags.
inline std::size_t ip_start(const Bytes& packet) {
  std::size_t at = 12;
  while (load16(packet, at) == ether_type::kVlan) at += 4;
  return at + 2;
}
inline bool is_ipv6(const Bytes& packet) { return packet[ip_start(packet)] >> 4 == 6; }
/// Where the IP payload starts: behind IPv4 options; IPv6 packets must have no extension headers.
inline std::size_t payload_start(const Bytes& packet) {
  const std::size_t l3 = ip_start(packet);
  return l3 + (is_ipv6(packet) ? 40U : (packet[l3] & 0x0FU) * 4U);
}

inline void fix_ipv4_checksum(Bytes& packet) {
  const std::size_t l3 = ip_start(packet);
  Bytes header(packet.begin() + static_cast<std::ptrdiff_t>(l3), packet.begin() + static_cast<std::ptrdiff_t>(payload_start(packet)));
  store16(header, 10, 0);
  const std::uint16_t sum = static_cast<std::uint16_t>(~rte_raw_cksum(header.data(), header.size()));
  std::memcpy(packet.data() + l3 + 10, &sum, 2);
}

/// [begin, end) of the packet's IP payload as a fragment; `end` may be beyond: then there are zeros.
inline Bytes fragment_of(const Bytes& whole, std::size_t begin, std::size_t end, bool more, std::uint32_t id = 0x1234) {
  const std::size_t l3 = ip_start(whole);
  const std::size_t payload = payload_start(whole);
  Bytes fragment(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(payload));
  if (is_ipv6(whole)) {
    fragment[l3 + 6] = 44;
    fragment.insert(fragment.end(),
                    {whole[l3 + 6], 0, static_cast<std::uint8_t>(begin >> 8), static_cast<std::uint8_t>(begin | (more ? 1U : 0U)),
                     static_cast<std::uint8_t>(id >> 24), static_cast<std::uint8_t>(id >> 16), static_cast<std::uint8_t>(id >> 8),
                     static_cast<std::uint8_t>(id)});
  }
  for (std::size_t i = begin; i < end; ++i) fragment.push_back(payload + i < whole.size() ? whole[payload + i] : 0);
  if (is_ipv6(whole)) {
    store16(fragment, l3 + 4, fragment.size() - l3 - 40);
  } else {
    store16(fragment, l3 + 2, fragment.size() - l3);
    store16(fragment, l3 + 4, id);
    store16(fragment, l3 + 6, begin / 8 | (more ? 0x2000U : 0U));
    fix_ipv4_checksum(fragment);
  }
  return fragment;
}

/// The whole packet in fragments with `size` bytes of payload each, a multiple of 8.
inline std::vector<Bytes> fragments_of(const Bytes& whole, std::size_t size, std::uint32_t id = 0x1234) {
  const std::size_t length = whole.size() - payload_start(whole);
  std::vector<Bytes> fragments;
  for (std::size_t at = 0; at < length; at += size) {
    fragments.push_back(fragment_of(whole, at, std::min(at + size, length), at + size < length, id));
  }
  return fragments;
}

/// What becomes of the whole: fragments give it their id (IPv4; IPv6 has it in the fragment header only).
inline Bytes with_id(Bytes whole, std::uint32_t id) {
  if (is_ipv6(whole)) return whole;
  store16(whole, ip_start(whole) + 4, id);
  fix_ipv4_checksum(whole);
  return whole;
}

/// Bytes of which no two places look alike.
inline std::string noise(std::size_t length, std::uint64_t seed = 1) {
  Random random(seed);
  std::string text(length, '\0');
  for (char& c : text) c = static_cast<char>(random.next() >> 56);
  return text;
}

inline Bytes datagram(std::size_t payload, std::uint64_t seed = 1) { return ipv4().udp(4000, 11211).payload(noise(payload, seed)); }
inline Bytes datagram6(std::size_t payload, std::uint64_t seed = 1) {
  return ether().ipv6("fd00::1", "fd00::2").udp(4000, 11211).payload(noise(payload, seed));
}

}  // namespace smartswitch::testing
