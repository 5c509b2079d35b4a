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
  kTooMany,     ///< more keys or commands than a request may have
};

/// Notes it where ErrorResponder looks.
inline void refuse(Packet packet, Refusal why) { packet.annotations().context = static_cast<std::uint64_t>(why); }
inline Refusal refusal_of(Packet packet) { return static_cast<Refusal>(packet.annotations().context); }

}  // namespace smartswitch::memcached
