// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// A request in any of memcached's protocols, as far as a switch has to understand it: which command, which key, is it whole.
//
//   const Request r = parse_request("set greeting 0 0 5\r\nhello\r\n");
//   r.verb == Verb::kSet, r.key == "greeting", r.status == Status::kWhole
//
// It is for streams too: a command is understood as soon as its `head` is there; `body` says how many bytes of data follow, which
// whoever reads a stream passes on as they come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "elements/memcached/protocol.h"

namespace smartswitch::memcached {

enum class Status : std::uint8_t {
  kWhole,       ///< one command, complete, and nothing behind it
  kMoreBehind,  ///< one complete command, or a get that is wrong, with more bytes behind it: from size() on
  kIncomplete,  ///< cut off. In the data if `head` is not 0, then size() bytes are needed; otherwise before the end of the head
  kNoCommand,   ///< words are missing or too many: memcached takes neither the line nor what follows for the command
  kBadLine,     ///< memcached answers with an error and may take what follows for a command: missing or overlong key, wrong numbers
  kBadData,     ///< the data does not end where the command says: memcached answers with an error
};

struct Request {
  Verb verb = Verb::kNone;
  Protocol protocol = Protocol::kText;
  Status status = Status::kIncomplete;
  bool writes = false;         ///< may change an item, its expiry or its version, or take something (a lease) that others see gone
  bool quiet = false;          ///< noreply, meta's q, binary's quiet commands: no reply where nothing went wrong (or nothing was found)
  bool encoded_key = false;    ///< the key is in base64 here; the item's own name is what decode_key() gives
  bool stale = false;          ///< meta delete with I: the item stays, for somebody to renew
  unsigned keys = 0;           ///< how many keys a get names; 1 for other commands that have one
  std::string_view key;        ///< the first one; points into the text
  std::string_view more_keys;  ///< the text of the others, separated by spaces
  std::string_view flags;      ///< meta: the words behind the key, or behind the value's size
  std::int64_t expiry = 0;     ///< as written: 0 never, up to 30 days relative, else Unix time; negative: at once
  std::size_t head = 0;        ///< bytes of the command line with its end, or of binary header, extras and key; 0 if it is not whole
  std::size_t body = 0;        ///< bytes of data behind it, with the CR LF that ends them
  [[nodiscard]] std::size_t size() const { return head + body; }
  [[nodiscard]] std::size_t value_size() const { return protocol == Protocol::kText && body >= 2 ? body - 2 : body; }
};

/// Looks at what stands behind the frame header, or at a stream's next bytes. Never fails: what is wrong it says in `status`.
Request parse_request(std::string_view text);

/// A command of the text or meta protocol.
struct CommandWord {
  std::string_view word;
  Verb verb;
};
/// All that memcached 1.6 knows.
std::span<const CommandWord> command_words();

/// Takes the next key off `more_keys`; empty when there is none left.
std::string_view next_key(std::string_view& more_keys);

/// Room for a decoded key.
struct KeyBuffer {
  char bytes[kLongestKey + 2];
};
/// The item's name for a key in base64: points into `buffer`. Empty if it is no base64.
std::string_view decode_key(std::string_view encoded, KeyBuffer& buffer);
/// The item's name for a request's first key.
inline std::string_view item_key(const Request& request, KeyBuffer& buffer) {
  return request.encoded_key ? decode_key(request.key, buffer) : request.key;
}

}  // namespace smartswitch::memcached
