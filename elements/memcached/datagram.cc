// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/datagram.h"

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include <cstring>
#include <random>

#include "elements/memcached/readdress.h"
#include "elements/sdk/hash.h"

namespace smartswitch::memcached {
namespace {

struct Parties {
  std::uint8_t client[16];
  std::uint8_t server[16];
  rte_be16_t client_port;
  rte_be16_t request_id;
};

Ticket ticket_of(const Parties& parties) {
  // Secret, so that nobody can choose requests whose tickets meet.
  static const std::uint64_t kSeed = (std::uint64_t{std::random_device{}()} << 32) | std::random_device{}();
  const std::uint64_t hash = XXH3_64bits_withSeed(&parties, sizeof parties, kSeed);
  return Ticket{hash == 0 ? 1 : hash};
}

Parties parties_of(Packet packet, const Headers& headers, bool request, rte_be16_t request_id) {
  Parties p{};
  const std::uint8_t* l3 = packet.data() + headers.l3;
  const std::size_t size = headers.ip_version == 4 ? 4 : 16;
  const std::uint8_t* source = l3 + (headers.ip_version == 4 ? offsetof(rte_ipv4_hdr, src_addr) : offsetof(rte_ipv6_hdr, src_addr));
  std::memcpy(request ? p.client : p.server, source, size);
  std::memcpy(request ? p.server : p.client, source + size, size);
  const auto* udp = reinterpret_cast<const rte_udp_hdr*>(packet.data() + headers.l4);
  p.client_port = request ? udp->src_port : udp->dst_port;
  p.request_id = request_id;
  return p;
}

}  // namespace

void annotate(Packet packet, const Datagram& datagram, const Request& request) {
  Annotations& a = packet.annotations();
  a.verb = static_cast<std::uint8_t>(request.verb);
  a.request_id = rte_be_to_cpu_16(datagram.frame->request_id);
  a.flags =
      static_cast<std::uint8_t>((request.keys > 1 ? kSeveral : 0) | (request.protocol == Protocol::kBinary ? kBinary : 0) |
                                (request.encoded_key ? kEncodedKey : 0) | (request.quiet ? kQuiet : 0) | (request.writes ? kWrites : 0));
  a.key_length = 0;
  KeyBuffer buffer;
  const std::string_view key = item_key(request, buffer);
  if (key.empty() || key.size() > kLongestKey) return;
  a.key_length = static_cast<std::uint8_t>(request.key.size());
  a.key_offset = static_cast<std::uint16_t>(reinterpret_cast<const std::uint8_t*>(request.key.data()) - packet.data());
  a.key_hash = hash_key(key);
}

bool write_request(Packet packet, std::string_view text, Errand errand) {
  constexpr std::size_t kTextAt = sizeof(rte_ether_hdr) + sizeof(Ipv4Message);
  static_assert(kTextAt == kRequestHeaders);
  if (!packet.resize(static_cast<std::uint32_t>(kTextAt + text.size()))) return false;
  std::memset(packet.data(), 0, kTextAt);
  std::memcpy(packet.data() + kTextAt, text.data(), text.size());
  reinterpret_cast<rte_ether_hdr*>(packet.data())->ether_type = rte_cpu_to_be_16(ether_type::kIpv4);
  auto* message = reinterpret_cast<Ipv4Message*>(packet.data() + sizeof(rte_ether_hdr));
  const auto udp_length = static_cast<std::uint16_t>(sizeof(rte_udp_hdr) + sizeof(FrameHeader) + text.size());
  message->ip.version_ihl = RTE_IPV4_VHL_DEF;
  message->ip.total_length = rte_cpu_to_be_16(static_cast<std::uint16_t>(sizeof message->ip + udp_length));
  message->ip.time_to_live = 64;
  message->ip.next_proto_id = ip_protocol::kUdp;
  message->ip.hdr_checksum = rte_ipv4_cksum(&message->ip);
  message->udp.dgram_len = rte_cpu_to_be_16(udp_length);
  message->frame.total = rte_cpu_to_be_16(1);
  message->udp.dgram_cksum = rte_ipv4_udptcp_cksum(&message->ip, &message->udp);
  forget_headers(packet);
  const auto datagram = read_datagram(packet, locate_headers(packet));
  annotate(packet, *datagram, parse_request(datagram->text));
  Annotations& a = packet.annotations();
  a.flags |= kOwn;
  a.context = errand.context();
  return true;
}

Ticket ticket_of_request(Packet packet, const Headers& headers, rte_be16_t request_id) {
  return ticket_of(parties_of(packet, headers, true, request_id));
}

Ticket ticket_of_reply(Packet packet, const Headers& headers, rte_be16_t request_id) {
  return ticket_of(parties_of(packet, headers, false, request_id));
}

}  // namespace smartswitch::memcached
