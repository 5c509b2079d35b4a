// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstddef>
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
  kForbidden,   ///< a command that this client may not use
  kTooLarge,    ///< a value that is larger than allowed
  kTooOften,    ///< the client has used up what it may ask
};

/// Notes it where ErrorResponder looks: in place of the server that it will not have. `at` is where the command at fault begins in the
/// datagram's text.
inline void refuse(Packet packet, Refusal why, std::size_t at = 0) {
  Annotations& a = packet.annotations();
  a.next.server = static_cast<std::uint16_t>(why);
  a.next.port = static_cast<std::uint16_t>(at);
}
inline Refusal refusal_of(Packet packet) { return static_cast<Refusal>(packet.annotations().next.server); }
inline std::size_t refused_at(Packet packet) { return packet.annotations().next.port; }

}  // namespace smartswitch::memcached
