// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include <cstring>

#include "elements/memcached/protocol.h"
#include "elements/memcached/request_table.h"
#include "elements/sdk/checksum.h"

namespace smartswitch::memcached {

/// A request or reply over UDP and IPv4 without options, from its IP header on.
struct Ipv4Message {
  rte_ipv4_hdr ip;
  rte_udp_hdr udp;
  FrameHeader frame;
} __attribute__((packed, aligned(2)));

inline Endpoint source_of(const Ipv4Message& m) { return {rte_be_to_cpu_32(m.ip.src_addr), rte_be_to_cpu_16(m.udp.src_port)}; }
inline Endpoint destination_of(const Ipv4Message& m) { return {rte_be_to_cpu_32(m.ip.dst_addr), rte_be_to_cpu_16(m.udp.dst_port)}; }

/// Gives a message another sender, receiver and request id. Its checksums stay right, or wrong.
inline void readdress(Ipv4Message& m, Endpoint source, Endpoint destination, std::uint16_t request_id) {
  ChecksumChange ip, udp;
  m.ip.src_addr = ip.replace(m.ip.src_addr, rte_cpu_to_be_32(source.address));
  m.ip.dst_addr = ip.replace(m.ip.dst_addr, rte_cpu_to_be_32(destination.address));
  m.ip.hdr_checksum = ip.of(m.ip.hdr_checksum);
  udp.include(ip);
  m.udp.src_port = udp.replace(m.udp.src_port, rte_cpu_to_be_16(source.port));
  m.udp.dst_port = udp.replace(m.udp.dst_port, rte_cpu_to_be_16(destination.port));
  m.frame.request_id = udp.replace(m.frame.request_id, rte_cpu_to_be_16(request_id));
  m.udp.dgram_cksum = udp.of_udp(m.udp.dgram_cksum);
}

inline void set_mac(rte_ether_addr& field, const MacAddress& mac) { std::memcpy(&field, mac.bytes.data(), RTE_ETHER_ADDR_LEN); }
inline MacAddress mac_of(const rte_ether_addr& field) {
  MacAddress mac;
  std::memcpy(mac.bytes.data(), &field, RTE_ETHER_ADDR_LEN);
  return mac;
}

}  // namespace smartswitch::memcached
