// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/new_text.h"

#include <rte_ip.h>
#include <rte_udp.h>

#include <cstring>

#include "elements/memcached/datagram.h"
#include "elements/sdk/checksum.h"

namespace smartswitch::memcached {

bool replace_text(Packet packet, std::string_view text) {
  Headers& h = packet.annotations().headers;
  const auto datagram = read_datagram(packet, locate_headers(packet));
  if (!datagram) return false;
  const std::size_t text_at = h.payload + sizeof(FrameHeader);
  const std::size_t ip_length = text_at - h.l3 + text.size();
  if (text_at + text.size() > packet.capacity() || ip_length > UINT16_MAX) return false;
  if (h.ip_version == 6 && h.l4 != h.l3 + sizeof(rte_ipv6_hdr)) return false;

  auto* udp = reinterpret_cast<rte_udp_hdr*>(packet.data() + h.l4);
  const auto udp_length = rte_cpu_to_be_16(static_cast<std::uint16_t>(sizeof(rte_udp_hdr) + sizeof(FrameHeader) + text.size()));
  ChecksumChange change;
  change.replace(rte_raw_cksum(datagram->text.data(), datagram->text.size()), rte_raw_cksum(text.data(), text.size()));
  change.replace(udp->dgram_len, udp_length);  // in the header of addresses that UDP's checksum covers
  udp->dgram_len = change.replace(udp->dgram_len, udp_length);
  udp->dgram_cksum = change.of_udp(udp->dgram_cksum);
  if (h.ip_version == 4) {
    auto* ip = reinterpret_cast<rte_ipv4_hdr*>(packet.data() + h.l3);
    ChecksumChange length;
    ip->total_length = length.replace(ip->total_length, rte_cpu_to_be_16(static_cast<std::uint16_t>(ip_length)));
    ip->hdr_checksum = length.of(ip->hdr_checksum);
  } else {
    reinterpret_cast<rte_ipv6_hdr*>(packet.data() + h.l3)->payload_len = udp_length;
  }
  if (!packet.resize(static_cast<std::uint32_t>(text_at + text.size()))) return false;
  std::memcpy(packet.data() + text_at, text.data(), text.size());
  h.payload_length = static_cast<std::uint16_t>(sizeof(FrameHeader) + text.size());
  return true;
}

}  // namespace smartswitch::memcached
