// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace smartswitch::observe {

/// What stands in a packet's headers: {"destination MAC", "02:00:00:00:00:64"}.
struct Field {
  std::string name;
  std::string value;
  bool operator==(const Field&) const = default;
};

/// All that can be read from the first `bytes` of a packet of `length`: Ethernet, VLANs, ARP, IP, ports, the beginning of the payload.
std::vector<Field> packet_fields(std::span<const std::uint8_t> bytes, std::uint32_t length);

/// The same in a line: "76 bytes, 02:00:00:00:00:01 > 02:00:00:00:00:64, IPv4, UDP 10.0.0.1:999 > 10.0.0.9:11211".
std::string packet_line(std::span<const std::uint8_t> bytes, std::uint32_t length);

/// "0000  02 00 ...  ..", 16 bytes a line, as hexdump -C.
std::string hexdump(std::span<const std::uint8_t> bytes, const std::string& indent);

/// `text` with everything but printable ASCII as \r, \n, \t, \\ or \xHH; cut with "..." after `most` bytes.
std::string escaped(std::string_view text, std::size_t most);

}  // namespace smartswitch::observe
