// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/ip/fragment_headers.h"

#include <rte_ip.h>

namespace smartswitch::ip {
namespace {

constexpr std::uint8_t kHopByHop = 0;
constexpr std::uint8_t kRouting = 43;
constexpr std::uint8_t kDestinationOptions = 60;

}  // namespace

std::optional<Ipv6PerFragment> find_per_fragment_headers(Packet packet, std::uint32_t l3) {
  const auto* ip = packet.at<rte_ipv6_hdr>(l3);
  if (ip == nullptr) return std::nullopt;
  Ipv6PerFragment found{l3 + static_cast<std::uint32_t>(offsetof(rte_ipv6_hdr, proto)), l3 + static_cast<std::uint32_t>(sizeof *ip),
                        ip->proto};
  // Destination options count if a routing header is behind them, or the fragment header.
  Ipv6PerFragment seen = found;
  while (seen.next == kHopByHop || seen.next == kRouting || seen.next == kDestinationOptions) {
    const auto* header = packet.at<std::uint8_t[8]>(seen.end);
    if (header == nullptr) return std::nullopt;
    const bool counts = seen.next != kDestinationOptions;
    seen = {seen.end, seen.end + ((*header)[1] + 1U) * 8, (*header)[0]};
    if (counts || seen.next == IPPROTO_FRAGMENT) found = seen;
  }
  return found;
}

}  // namespace smartswitch::ip
