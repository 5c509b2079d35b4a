// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/sdk/headers.h"

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

namespace smartswitch {
namespace {

// IPv6 extension headers (RFC 8200 section 4, RFC 4302) that a path to the layer 4 header may have. More than eight are taken for an
// attempt to make the parser busy; honest packets have one or two.
constexpr std::uint8_t kHopByHop = 0;
constexpr std::uint8_t kRouting = 43;
constexpr std::uint8_t kFragment = 44;
constexpr std::uint8_t kAuthentication = 51;
constexpr std::uint8_t kNoNextHeader = 59;
constexpr std::uint8_t kDestinationOptions = 60;
constexpr int kMostExtensions = 8;
constexpr int kMostVlanTags = 2;
constexpr std::uint32_t kMostBytes = UINT16_MAX;  // offsets are 16 bits, as the length of an mbuf's segment is

std::uint16_t load16(const std::uint8_t* at) { return static_cast<std::uint16_t>(at[0] << 8 | at[1]); }

// `end` is where the IP packet ends, by its own account.
void find_layer4(const std::uint8_t* data, std::uint32_t l4, std::uint32_t end, Headers& h) {
  if (h.l4_protocol == ip_protocol::kUdp) {
    if (end - l4 < sizeof(rte_udp_hdr)) {
      h.malformed = true;
      return;
    }
    const std::uint32_t udp_length = load16(data + l4 + 4);
    const bool lies = udp_length < sizeof(rte_udp_hdr) || udp_length > end - l4;
    // A first fragment announces the whole datagram's length (RFC 791 section 3.2): what follows is in other fragments.
    if (lies && !(h.fragment && udp_length >= sizeof(rte_udp_hdr))) {
      h.malformed = true;
      return;
    }
    const std::uint32_t present = udp_length < end - l4 ? udp_length : end - l4;
    h.l4 = static_cast<std::uint16_t>(l4);
    h.payload = static_cast<std::uint16_t>(l4 + sizeof(rte_udp_hdr));
    h.payload_length = static_cast<std::uint16_t>(present - sizeof(rte_udp_hdr));
  } else if (h.l4_protocol == ip_protocol::kTcp) {
    if (end - l4 < sizeof(rte_tcp_hdr)) {
      h.malformed = true;
      return;
    }
    const std::uint32_t header = (data[l4 + 12] >> 4) * 4U;
    if (header < sizeof(rte_tcp_hdr) || header > end - l4) {
      h.malformed = true;
      return;
    }
    h.l4 = static_cast<std::uint16_t>(l4);
    h.payload = static_cast<std::uint16_t>(l4 + header);
    h.payload_length = static_cast<std::uint16_t>(end - l4 - header);
  } else if (l4 < end) {
    h.l4 = static_cast<std::uint16_t>(l4);
  }
}

void find_ipv4(const std::uint8_t* data, std::uint32_t length, Headers& h) {
  const std::uint32_t l3 = h.l3;
  if (length - l3 < sizeof(rte_ipv4_hdr)) {
    h.malformed = true;
    return;
  }
  const std::uint8_t* ip = data + l3;
  const std::uint32_t header = (ip[0] & 0x0F) * 4U;
  const std::uint32_t total = load16(ip + 2);
  if (ip[0] >> 4 != 4 || header < sizeof(rte_ipv4_hdr) || total < header || total > length - l3) {
    h.malformed = true;
    return;
  }
  h.ip_version = 4;
  h.l4_protocol = ip[9];
  const std::uint16_t fragment = load16(ip + 6);
  h.fragment = (fragment & (RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)) != 0;
  h.first_fragment = h.fragment && (fragment & RTE_IPV4_HDR_OFFSET_MASK) == 0;
  if (h.fragment && !h.first_fragment) return;
  find_layer4(data, l3 + header, l3 + total, h);
}

void find_ipv6(const std::uint8_t* data, std::uint32_t length, Headers& h) {
  const std::uint32_t l3 = h.l3;
  if (length - l3 < sizeof(rte_ipv6_hdr) || data[l3] >> 4 != 6) {
    h.malformed = true;
    return;
  }
  const std::uint32_t end = l3 + sizeof(rte_ipv6_hdr) + load16(data + l3 + 4);
  if (end > length) {
    h.malformed = true;
    return;
  }
  h.ip_version = 6;
  std::uint8_t next = data[l3 + 6];
  std::uint32_t at = l3 + sizeof(rte_ipv6_hdr);
  for (int extensions = 0; extensions <= kMostExtensions; ++extensions) {
    if (next == kNoNextHeader) {
      h.l4_protocol = next;
      return;
    }
    if (next != kHopByHop && next != kRouting && next != kFragment && next != kAuthentication && next != kDestinationOptions) {
      h.l4_protocol = next;
      find_layer4(data, at, end, h);
      return;
    }
    if (end - at < 8) break;
    std::uint32_t size = 8;
    if (next == kFragment) {
      const std::uint16_t field = load16(data + at + 2);
      const bool more = (field & 1) != 0;
      const bool first = (field & 0xFFF8) == 0;
      h.fragment = more || !first;  // an "atomic fragment" (RFC 6946) is none
      h.first_fragment = more && first;
      if (!first) {
        h.l4_protocol = data[at];
        return;
      }
    } else if (next == kAuthentication) {
      size = (data[at + 1] + 2U) * 4U;
    } else {
      size = (data[at + 1] + 1U) * 8U;
    }
    if (end - at < size) break;
    next = data[at];
    at += size;
  }
  h.malformed = true;
}

}  // namespace

void find_headers(const std::uint8_t* data, std::uint32_t length, Headers& headers) {
  headers = Headers{};
  headers.located = true;
  if (length > kMostBytes) length = kMostBytes;
  if (length < sizeof(rte_ether_hdr)) {
    headers.malformed = true;
    return;
  }
  std::uint32_t l3 = sizeof(rte_ether_hdr);
  std::uint16_t type = load16(data + 12);
  for (int tags = 0; tags < kMostVlanTags && (type == ether_type::kVlan || type == ether_type::kQinQ); ++tags) {
    if (length - l3 < sizeof(rte_vlan_hdr)) {
      headers.malformed = true;
      return;
    }
    type = load16(data + l3 + 2);
    l3 += sizeof(rte_vlan_hdr);
  }
  headers.l3 = static_cast<std::uint16_t>(l3);
  headers.ether_type = type;
  if (type == ether_type::kIpv4) {
    find_ipv4(data, length, headers);
  } else if (type == ether_type::kIpv6) {
    find_ipv6(data, length, headers);
  }
}

}  // namespace smartswitch
