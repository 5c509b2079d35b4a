// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// From answers to bytes (RFC 9112).
#pragma once

#include <string>
#include <string_view>

#include "runtime/control/message.h"

namespace smartswitch::runtime::control {

enum class Framing : std::uint8_t {
  kLength,  ///< the body follows at once
  kHead,    ///< the same, but the body is left out: for HEAD
  kChunks,  ///< pieces follow, each as chunk() makes it, and kLastChunk
  kClose,   ///< pieces follow, until the connection is closed: for HTTP/1.0
};

/// The head, and the body if there is one with it.
std::string encode(const Response& response, Framing framing, bool keep_alive);
std::string chunk(std::string_view bytes);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace smartswitch::runtime::control
