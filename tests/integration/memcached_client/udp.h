// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// memcached over UDP, as its clients in these tests speak it: sockets and the frame before each text (protocol.txt, "UDP protocol").
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace client {

inline constexpr std::size_t kLargestDatagram = 65536;

/// A UDP socket that is connected to a server. Throws std::system_error if that can't be done.
int open_udp(const std::string& server, std::uint16_t port);

struct Frame {
  std::uint16_t id = 0;
  std::uint16_t sequence = 0;
  std::uint16_t total = 0;
};

/// A request: the frame and the text behind it.
std::string framed(std::uint16_t id, std::string_view text);

/// Takes the frame off a datagram; nothing if it is too short for one.
std::optional<Frame> take_frame(std::string_view& datagram);

/// Splits the first word off `line`.
std::string_view take_word(std::string_view& line);

}  // namespace client
