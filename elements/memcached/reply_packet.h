// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// A request packet that becomes its own reply: addresses and ports swapped, text replaced, lengths and checksums new.
#pragma once

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include <cstdint>
#include <cstring>
#include <iterator>
#include <numeric>
#include <string_view>
#include <utility>

#include "elements/memcached/protocol.h"
#include "elements/sdk/headers.h"
#include "elements/sdk/packet.h"

namespace smartswitch::memcached {

/// What is behind Ethernet and its tags in a request, and in the reply that it becomes.
template <class Ip>
struct Message {
  Ip ip;
  rte_udp_hdr udp;
  FrameHeader frame;
  std::uint8_t text[1];
} __attribute__((packed));

/// Which datagram of a reply it is.
struct Part {
  std::uint16_t sequence = 0;
  std::uint16_t total = 1;
};

/// Whether a UDP request can be answered in place: IP options and extension headers would have to be answered in kind, and a server does
/// that.
inline bool can_turn_around(const Headers& h) {
  return h.l4_protocol == ip_protocol::kUdp && !h.fragment && h.payload_length >= sizeof(FrameHeader) &&
         h.l4 == h.l3 + (h.ip_version == 4 ? sizeof(rte_ipv4_hdr) : sizeof(rte_ipv6_hdr));
}

namespace detail {

inline constexpr std::uint8_t kTimeToLive = 64;

// Internet checksums (RFC 1071) of fields that are at hand: reading them back from the packet in other sizes than they were just written
// in would wait for the writes.
inline std::uint16_t complement(std::uint64_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

// Both return the sum of the addresses, which UDP's checksum covers too.
inline std::uint64_t turn_ip(rte_ipv4_hdr& ip, std::uint16_t udp_length) {
  const rte_be32_t client = ip.src_addr;
  const rte_be32_t server = ip.dst_addr;
  const rte_be16_t first_word = rte_cpu_to_be_16(static_cast<std::uint16_t>(RTE_IPV4_VHL_DEF << 8 | ip.type_of_service));
  const rte_be16_t length = rte_cpu_to_be_16(static_cast<std::uint16_t>(sizeof ip + udp_length));
  const std::uint64_t addresses = std::uint64_t{client} + server;
  ip.src_addr = server;
  ip.dst_addr = client;
  ip.total_length = length;
  ip.packet_id = 0;  // RFC 6864 section 4.1: free for a datagram that is not to be fragmented
  ip.fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG);
  ip.time_to_live = kTimeToLive;
  ip.hdr_checksum = complement(addresses + first_word + length + rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG) +
                               rte_cpu_to_be_16(kTimeToLive << 8 | ip_protocol::kUdp));
  return addresses;
}
inline std::uint64_t turn_ip(rte_ipv6_hdr& ip, std::uint16_t udp_length) {
  std::uint32_t words[8];
  std::memcpy(words, ip.src_addr, sizeof words);
  std::memcpy(ip.src_addr, words + 4, sizeof ip.src_addr);
  std::memcpy(ip.dst_addr, words, sizeof ip.dst_addr);
  ip.payload_len = rte_cpu_to_be_16(udp_length);
  ip.hop_limits = kTimeToLive;
  return std::accumulate(std::begin(words), std::end(words), std::uint64_t{0});
}

}  // namespace detail

/// Headers for the text that is in place, whose Internet checksum, not complemented, is `text_sum`. `udp_length` covers UDP's header, the
/// frame header and the text.
template <class Ip>
void turn_around(Message<Ip>& m, std::uint16_t udp_length, std::uint16_t text_sum, Part part = {}) {
  const rte_be16_t client = m.udp.src_port;
  const rte_be16_t server = m.udp.dst_port;
  const rte_be16_t length = rte_cpu_to_be_16(udp_length);
  m.frame.sequence = rte_cpu_to_be_16(part.sequence);
  m.frame.total = rte_cpu_to_be_16(part.total);
  m.frame.reserved = 0;
  m.udp.src_port = server;
  m.udp.dst_port = client;
  m.udp.dgram_len = length;
  const std::uint16_t checksum =
      detail::complement(detail::turn_ip(m.ip, udp_length) + rte_cpu_to_be_16(ip_protocol::kUdp) + length + server + client + length +
                         m.frame.request_id + m.frame.sequence + m.frame.total + text_sum);
  m.udp.dgram_cksum = checksum == 0 ? 0xFFFF : checksum;  // RFC 768: zero would say that there is none
}

/// Turns a whole request packet around, with `text`, which must not point into it. False, and nothing done, if it can't be: see
/// can_turn_around(), or the text does not fit its buffer.
bool make_reply(Packet packet, std::string_view text, Part part = {});

}  // namespace smartswitch::memcached
