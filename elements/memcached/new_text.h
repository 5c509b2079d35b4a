// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <string_view>

#include "elements/sdk/packet.h"

namespace smartswitch::memcached {

/// Gives a whole UDP datagram of memcached's another text, which must not point into it; what stands behind the datagram is cut off. Its
/// lengths are set, its checksums stay right, or wrong. False, and nothing done, if it does not fit the packet, or there are IPv6 extension
/// headers.
bool replace_text(Packet packet, std::string_view text);

}  // namespace smartswitch::memcached
