// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// memcached's binary protocol (protocol_binary.txt, protocol_binary.h).
#pragma once

#include <rte_byteorder.h>

#include <cstdint>
#include <string_view>

#include "elements/memcached/protocol.h"

namespace smartswitch::memcached::binary {

inline constexpr std::uint8_t kRequest = 0x80;
inline constexpr std::uint8_t kReply = 0x81;

struct Header {
  std::uint8_t magic;
  std::uint8_t opcode;
  rte_be16_t key_length;
  std::uint8_t extras_length;
  std::uint8_t data_type;
  rte_be16_t status;       ///< in requests: vbucket
  rte_be32_t body_length;  ///< extras, key and value
  std::uint32_t opaque;    ///< the client's own
  rte_be64_t cas;
} __attribute__((packed));
static_assert(sizeof(Header) == 24);

inline constexpr std::uint8_t kGet = 0x00;
inline constexpr std::uint8_t kSet = 0x01;
inline constexpr std::uint8_t kGetQ = 0x09;
inline constexpr std::uint8_t kNoop = 0x0A;
inline constexpr std::uint8_t kVersion = 0x0B;
inline constexpr std::uint8_t kGetK = 0x0C;
inline constexpr std::uint8_t kGetKQ = 0x0D;
inline constexpr std::uint8_t kStat = 0x10;

inline constexpr std::uint16_t kOk = 0x0000;
inline constexpr std::uint16_t kKeyNotFound = 0x0001;
inline constexpr std::uint16_t kTooLarge = 0x0003;
inline constexpr std::uint16_t kInvalid = 0x0004;
inline constexpr std::uint16_t kAuthError = 0x0020;
inline constexpr std::uint16_t kUnknownCommand = 0x0081;
inline constexpr std::uint16_t kNotSupported = 0x0083;
inline constexpr std::uint16_t kBusy = 0x0085;
inline constexpr std::uint16_t kTemporaryFailure = 0x0086;

/// A command of the protocol.
struct Command {
  Verb verb = Verb::kUnknown;
  std::uint8_t loud = 0;    ///< the opcode of the same command with all its replies
  bool quiet = false;       ///< replies only to what did not go as usual
  bool keyed = false;       ///< has a key, and must
  std::uint8_t extras = 0;  ///< bytes of extras that it must have
};
/// Never fails: what memcached does not know is Verb::kUnknown.
const Command& command(std::uint8_t opcode);

/// The opcode of the same command without its usual replies; the same if it has no such form.
std::uint8_t quiet_opcode(std::uint8_t loud);

/// Whether a header is at the start of `text`.
inline bool is_request(std::string_view text) { return !text.empty() && static_cast<std::uint8_t>(text[0]) == kRequest; }
inline bool is_reply(std::string_view text) { return !text.empty() && static_cast<std::uint8_t>(text[0]) == kReply; }

}  // namespace smartswitch::memcached::binary
