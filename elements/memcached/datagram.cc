// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/datagram.h"

#include <rte_ip.h>
#include <rte_udp.h>

#include <cstring>
#include <random>

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

Ticket ticket_of_request(Packet packet, const Headers& headers, rte_be16_t request_id) {
  return ticket_of(parties_of(packet, headers, true, request_id));
}

Ticket ticket_of_reply(Packet packet, const Headers& headers, rte_be16_t request_id) {
  return ticket_of(parties_of(packet, headers, false, request_id));
}

}  // namespace smartswitch::memcached
