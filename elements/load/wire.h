// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include <cstdint>

namespace smartswitch::load {

/// What stands before each datagram of memcached's text protocol (doc/protocol.txt, "UDP protocol").
struct [[gnu::packed]] DatagramFrame {
  rte_be16_t request_id;
  rte_be16_t sequence;  ///< of this datagram among those of the answer, from 0
  rte_be16_t total;     ///< datagrams of the answer
  rte_be16_t reserved;
};

/// All headers of a request, and of an answer from sockets.
struct [[gnu::packed, gnu::aligned(2)]] DatagramHeaders {
  rte_ether_hdr ether;
  rte_ipv4_hdr ip;
  rte_udp_hdr udp;
  DatagramFrame frame;
};
static_assert(sizeof(DatagramHeaders) == 50);

/// Bytes of UDP's headers and those below it.
inline constexpr std::size_t kUdpPayloadAt = sizeof(DatagramHeaders) - sizeof(DatagramFrame);
/// The most text that memcached itself puts into one datagram.
inline constexpr std::size_t kMostText = 1400 - sizeof(DatagramFrame);

/// Sets both lengths for `text` bytes behind the headers.
inline void set_lengths(DatagramHeaders& headers, std::size_t text) {
  const auto udp = static_cast<std::uint16_t>(sizeof(rte_udp_hdr) + sizeof(DatagramFrame) + text);
  headers.udp.dgram_len = rte_cpu_to_be_16(udp);
  headers.ip.total_length = rte_cpu_to_be_16(static_cast<std::uint16_t>(sizeof headers.ip + udp));
}

}  // namespace smartswitch::load
