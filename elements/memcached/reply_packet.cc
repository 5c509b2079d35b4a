// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/reply_packet.h"

namespace smartswitch::memcached {
namespace {

template <class Ip>
bool make_reply_with(Packet packet, std::string_view text, Part part) {
  Headers& h = packet.annotations().headers;
  const std::size_t text_at = h.l3 + offsetof(Message<Ip>, text);
  if (packet.capacity() < text_at + text.size() || text.size() > UINT16_MAX - sizeof(Message<Ip>)) return false;
  auto* message = reinterpret_cast<Message<Ip>*>(packet.data() + h.l3);
  std::memcpy(message->text, text.data(), text.size());
  const auto udp_length = static_cast<std::uint16_t>(sizeof(rte_udp_hdr) + sizeof(FrameHeader) + text.size());
  auto* ether = reinterpret_cast<rte_ether_hdr*>(packet.data());
  std::swap(ether->src_addr, ether->dst_addr);
  turn_around(*message, udp_length, rte_raw_cksum(text.data(), text.size()), part);
  h.payload_length = static_cast<std::uint16_t>(udp_length - sizeof(rte_udp_hdr));
  packet.annotations().key_length = 0;
  return packet.resize(static_cast<std::uint32_t>(text_at + text.size()));
}

}  // namespace

bool make_reply(Packet packet, std::string_view text, Part part) {
  const Headers& h = locate_headers(packet);
  if (!can_turn_around(h)) return false;
  return h.ip_version == 4 ? make_reply_with<rte_ipv4_hdr>(packet, text, part) : make_reply_with<rte_ipv6_hdr>(packet, text, part);
}

}  // namespace smartswitch::memcached
