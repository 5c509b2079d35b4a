// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstdint>
#include <optional>

#include "elements/sdk/packet.h"

namespace smartswitch::ip {

/// The fragment header (RFC 8200 section 4.5).
struct Ipv6FragmentHeader {
  std::uint8_t next_header;
  std::uint8_t reserved;
  rte_be16_t field;  ///< offset in the upper 13 bits, "more fragments" in the lowest
  rte_be32_t id;
} __attribute__((packed));

/// The headers of an IPv6 packet that every fragment has: all up to the last one that routers look at (RFC 8200 section 4.5).
struct Ipv6PerFragment {
  std::uint32_t next_field = 0;  ///< where the number of the header behind them stands, from the packet's start
  std::uint32_t end = 0;         ///< where they end
  std::uint8_t next = 0;         ///< the header behind them
};

/// The same of the packet whose IPv6 header is at `l3`; nothing if its headers are cut off. `end` is where its first fragment header
/// starts, if it has one.
std::optional<Ipv6PerFragment> find_per_fragment_headers(Packet packet, std::uint32_t l3);

}  // namespace smartswitch::ip
