// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What a server answers, in any of memcached's protocols, one piece at a time: a get's VALUE and its END are two.
//
//   const Reply value = parse_reply("VALUE greeting 0 5\r\nhello\r\nEND\r\n");
//   value.kind == ReplyKind::kValue, value.data == "hello", value.size() == 30
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "elements/memcached/protocol.h"

namespace smartswitch::memcached {

enum class ReplyKind : std::uint8_t {
  kNone,         ///< no reply, or cut off before its head is over
  kValue,        ///< VALUE, VA, or binary data of a get: an item
  kEnd,          ///< END, MN, binary noop: nothing more comes
  kDone,         ///< STORED, DELETED, TOUCHED, OK, HD and the like, a number, or binary success: it was done
  kNotDone,      ///< NOT_STORED, EXISTS, NS, EX: refused, with the item as it was
  kNotFound,     ///< NOT_FOUND, EN, NF: there is no such item
  kError,        ///< ERROR, CLIENT_ERROR, SERVER_ERROR, and binary's others: whatever was asked may have changed the item or not
  kInformation,  ///< VERSION, STAT, ME
};

struct Reply {
  ReplyKind kind = ReplyKind::kNone;
  Protocol protocol = Protocol::kText;
  bool whole = false;      ///< the data is all there, and ended as it should be
  bool has_cas = false;    ///< `cas` is the item's version
  std::string_view key;    ///< where the reply names it
  std::string_view flags;  ///< meta: the words behind VA <size>, HD, ...
  std::string_view data;   ///< of kValue, as far as it is there
  std::uint32_t client_flags = 0;
  std::uint64_t cas = 0;
  std::size_t head = 0;  ///< bytes before the data
  std::size_t body = 0;  ///< bytes of data, with the CR LF that ends them
  [[nodiscard]] std::size_t size() const { return head + body; }
};

/// Looks at the first reply in `text`, or at a stream's next bytes. Never fails.
Reply parse_reply(std::string_view text);

/// The value of a meta reply's flag, e.g. "60" for 't' in "s5 t60 c7"; a null view if it is not there.
std::string_view meta_flag(std::string_view flags, char flag);

}  // namespace smartswitch::memcached
