// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <chrono>
#include <cstddef>

namespace smartswitch::runtime::control {

/// What one client may take, and for how long; and how often the server looks around.
struct Limits {
  std::size_t header = 8U << 10;             ///< bytes of a request line and its headers; with them, of a chunk's extension or of trailers
  std::size_t body = 1U << 20;               ///< bytes
  std::size_t connections = 256;             ///< at once, of each listener
  std::chrono::milliseconds request{5000};   ///< from its first byte (or the connection's beginning) to its last; a TLS handshake, too
  std::chrono::milliseconds answer{10000};   ///< for the client to take an answer, or a piece of a streamed one
  std::chrono::milliseconds idle{30000};     ///< between two requests
  std::chrono::milliseconds handler{60000};  ///< for an answer that comes later
  std::chrono::milliseconds look{1000};      ///< between two looks after the socket's file, certificate and token
};

}  // namespace smartswitch::runtime::control
