// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstdint>

#include "elements/sdk/packet.h"

namespace smartswitch::memcached {

/// Why a request is not passed on. An ErrorResponder says it to the client.
enum class Refusal : std::uint8_t {
  kNoCommand,   ///< it has not the words of the command that it begins with
  kBadLine,     ///< the command line or binary header is wrong
  kBadData,     ///< the data is not as long as announced
  kIncomplete,  ///< the datagram ends before the command does
  kNoServer,    ///< no server is up for its key
  kTooMany,     ///< more keys or commands than a request may have
};

/// Notes it where ErrorResponder looks: in place of the server that it will not have.
inline void refuse(Packet packet, Refusal why) { packet.annotations().next_server = static_cast<std::uint16_t>(why); }
inline Refusal refusal_of(Packet packet) { return static_cast<Refusal>(packet.annotations().next_server); }

}  // namespace smartswitch::memcached
