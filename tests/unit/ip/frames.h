// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The packets that the tests of this room start from.
#pragma once

#include "tests/unit/nasty_packets.h"

namespace smartswitch::testing {

inline PacketBuilder ether() { return PacketBuilder().ether("02:00:00:00:00:01", "02:00:00:00:00:02"); }
inline PacketBuilder ipv4() { return ether().ipv4("10.0.0.1", "10.0.0.2"); }

}  // namespace smartswitch::testing
