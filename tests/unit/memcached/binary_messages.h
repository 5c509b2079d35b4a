// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Messages of memcached's binary protocol, for the tests of this room.
#pragma once

#include <string>
#include <string_view>

#include "elements/memcached/binary_protocol.h"

namespace smartswitch::memcached {

inline std::string binary_message(std::uint8_t magic, std::uint8_t opcode, std::uint16_t status, std::string_view extras,
                                  std::string_view key, std::string_view value, std::uint64_t cas, std::uint32_t opaque) {
  binary::Header h{};
  h.magic = magic;
  h.opcode = opcode;
  h.key_length = rte_cpu_to_be_16(static_cast<std::uint16_t>(key.size()));
  h.extras_length = static_cast<std::uint8_t>(extras.size());
  h.status = rte_cpu_to_be_16(status);
  h.body_length = rte_cpu_to_be_32(static_cast<std::uint32_t>(extras.size() + key.size() + value.size()));
  h.opaque = opaque;
  h.cas = rte_cpu_to_be_64(cas);
  std::string text(reinterpret_cast<const char*>(&h), sizeof h);
  return text.append(extras).append(key).append(value);
}

inline std::string binary_request(std::uint8_t opcode, std::string_view extras, std::string_view key, std::string_view value = "",
                                  std::uint32_t opaque = 0) {
  return binary_message(binary::kRequest, opcode, 0, extras, key, value, 0, opaque);
}

inline std::string binary_reply(std::uint8_t opcode, std::uint16_t status, std::string_view extras, std::string_view key,
                                std::string_view value, std::uint64_t cas = 0, std::uint32_t opaque = 0) {
  return binary_message(binary::kReply, opcode, status, extras, key, value, cas, opaque);
}

/// Extras of set, add and replace: flags and expiry.
inline std::string storage_extras(std::uint32_t flags, std::uint32_t expiry) {
  std::string extras;
  for (const std::uint32_t number : {flags, expiry}) {
    for (int shift = 24; shift >= 0; shift -= 8) extras += static_cast<char>(number >> shift);
  }
  return extras;
}

}  // namespace smartswitch::memcached
