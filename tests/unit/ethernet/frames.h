// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The packets that the tests of this room start from.
#pragma once

#include "tests/unit/nasty_packets.h"

namespace smartswitch::testing {

/// From one station to another, with a VLAN tag.
inline PacketBuilder from_to(const char* source, const char* destination) {
  return PacketBuilder().ether(source, destination).vlan(3).ipv4("10.0.0.1", "10.0.0.2").udp(1, 2).payload("hello");
}

}  // namespace smartswitch::testing
