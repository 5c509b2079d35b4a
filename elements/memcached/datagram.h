// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <optional>
#include <string_view>

#include "elements/memcached/request.h"
#include "elements/memcached/request_table.h"
#include "elements/memcached/ticket_table.h"
#include "elements/sdk/headers.h"
#include "elements/sdk/packet.h"

namespace smartswitch::memcached {

/// What Annotations::flags says in this room.
inline constexpr std::uint8_t kSeveral = 1;     ///< several keys or several commands: can't be answered or filled as one item
inline constexpr std::uint8_t kBinary = 2;      ///< the binary protocol
inline constexpr std::uint8_t kEncodedKey = 4;  ///< the key stands in the packet in base64: key_of() gives the item's name
inline constexpr std::uint8_t kQuiet = 8;       ///< noreply and the like: a reply may not come
inline constexpr std::uint8_t kOwn = 16;        ///< made by the switch, with an Errand in Annotations::context
inline constexpr std::uint8_t kLast = 32;       ///< a reply's last datagram
inline constexpr std::uint8_t kWrites = 64;     ///< may change an item

/// The item's name for the key that a MemcachedClassifier has found; empty if there is none. Points into the packet or into `buffer`.
inline std::string_view key_of(Packet packet, KeyBuffer& buffer) {
  const Annotations& a = packet.annotations();
  const std::string_view key(reinterpret_cast<const char*>(packet.data()) + a.key_offset, a.key_length);
  return (a.flags & kEncodedKey) != 0 ? decode_key(key, buffer) : key;
}

/// A UDP datagram of memcached's: points into the packet.
struct Datagram {
  const FrameHeader* frame;
  std::string_view text;
};

/// Nothing if the packet is no whole UDP datagram, or too short for a frame header.
[[gnu::always_inline]] inline std::optional<Datagram> read_datagram(Packet packet, const Headers& headers) {
  if (headers.l4_protocol != ip_protocol::kUdp || headers.fragment || headers.payload == 0) return std::nullopt;
  if (headers.payload_length < sizeof(FrameHeader)) return std::nullopt;
  const std::uint8_t* payload = packet.data() + headers.payload;
  return Datagram{reinterpret_cast<const FrameHeader*>(payload),
                  {reinterpret_cast<const char*>(payload) + sizeof(FrameHeader), headers.payload_length - sizeof(FrameHeader)}};
}

/// How far a datagram of a reply brings it: memcached sends each hit of a get as a datagram of its own, 1 of 1; only the last has END.
inline RequestTable::Progress progress_of(const Datagram& reply) {
  return {rte_be_to_cpu_16(reply.frame->total), !reply.text.starts_with("VALUE ") || reply.text.ends_with("END\r\n")};
}

/// Notes what is known of a request in its packet's annotations: what MemcachedClassifier leaves there.
void annotate(Packet packet, const Datagram& datagram, const Request& request);

/// What stands before the text in a request of the switch's own.
inline constexpr std::size_t kRequestHeaders = 14 + 20 + 8 + sizeof(FrameHeader);

/// Makes an empty packet one that a RequestSender can send: Ethernet, IPv4 and UDP headers without addresses, frame header, `text` (one
/// request), annotations. False, and nothing done, if it does not fit.
bool write_request(Packet packet, std::string_view text, Errand errand);

/// The ticket of a request, and the same one of its reply: by who asks whom and the request id, or by the Errand of what the switch asks.
/// `headers` must be those of a UDP packet.
Ticket ticket_of_request(Packet packet, const Headers& headers, rte_be16_t request_id);
Ticket ticket_of_reply(Packet packet, const Headers& headers, rte_be16_t request_id);

}  // namespace smartswitch::memcached
