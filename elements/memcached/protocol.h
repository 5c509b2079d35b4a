// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// memcached's text protocol over UDP, as far as a switch has to understand it: which command, which key, is the request whole. Source:
// memcached's protocol.txt, and what memcached 1.6 really does where the two differ.
//
//   const Request r = parse_request("set greeting 0 0 5\r\nhello\r\n");
//   r.verb == Verb::kSet, r.key == "greeting", r.status == Status::kWhole
#pragma once

#include <rte_byteorder.h>

#include <cstdint>
#include <cstring>
#include <string_view>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace smartswitch::memcached {

inline constexpr std::uint16_t kPort = 11211;
inline constexpr std::size_t kLongestKey = 250;  // protocol.txt, "Keys"

/// Goes before the text of every datagram (protocol.txt, "UDP protocol").
struct FrameHeader {
  rte_be16_t request_id;
  rte_be16_t sequence;
  rte_be16_t total;
  rte_be16_t reserved;
} __attribute__((packed));

enum class Verb : std::uint8_t {
  kNone,  ///< not looked at, or not memcached
  kGet,
  kGets,
  kSet,
  kAdd,
  kReplace,
  kAppend,
  kPrepend,
  kCas,
  kDelete,
  kIncr,
  kDecr,
  kTouch,
  kGat,
  kGats,
  kMetaGet,
  kMetaSet,
  kMetaDelete,
  kMetaArithmetic,
  kFlushAll,
  kControl,  ///< version, stats, verbosity and the like: no key, changes no item
  kUnknown,  ///< no command that memcached knows: it answers ERROR and changes nothing
};

/// Everything that may change an item, its expiry or its version; gat and mg count because they can set the expiry.
constexpr bool may_write(Verb verb) { return verb >= Verb::kSet && verb <= Verb::kFlushAll; }

enum class Status : std::uint8_t {
  kWhole,        ///< one command, complete, and nothing behind it
  kMoreBehind,   ///< one complete command with more bytes behind it: `rest` is where they start
  kIncomplete,   ///< cut off in the command line or in the data: memcached would take the next datagram for the rest
  kBadKey,       ///< no key, one longer than kLongestKey, or control characters in it: memcached refuses
  kUnsupported,  ///< a form that this parser does not follow (binary protocol, keys in base64)
};

struct Request {
  Verb verb = Verb::kNone;
  Status status = Status::kUnsupported;
  bool no_reply = false;
  unsigned keys = 0;           ///< how many keys a get names; 1 for other commands that have one
  std::string_view key;        ///< the first one; points into the text
  std::string_view more_keys;  ///< the text of the others, separated by spaces
  std::int64_t expiry = 0;     ///< as written: 0 never, up to 30 days relative, else Unix time; negative: at once
  std::size_t rest = 0;        ///< for kMoreBehind
};

/// Looks at the text behind the frame header. Never fails: what it cannot follow it says in `status`.
Request parse_request(std::string_view text);

/// How long the key is in "get <key>\r\n" with nothing before, between or behind; 0 if `text` is anything else.
inline std::size_t plain_get_key_length(std::string_view text);

/// How many leading bytes of `text` can be part of a key: neither space nor control character nor DEL.
inline std::size_t key_length(std::string_view text);

/// Takes the next key off `more_keys`; empty when there is none left.
std::string_view next_key(std::string_view& more_keys);

enum class ReplyKind : std::uint8_t {
  kValue,  ///< VALUE ... with its data whole, followed by END: one hit of a get of one key
  kOther,  ///< any other reply, or part of one
};

struct Reply {
  ReplyKind kind = ReplyKind::kOther;
  std::string_view key;
  std::string_view value;
  bool has_cas = false;  ///< it answers gets
};

/// Looks at the text of a reply datagram.
Reply parse_reply(std::string_view text);

inline std::size_t key_length(std::string_view text) {
  std::size_t i = 0;
#ifdef __SSE2__
  // Sixteen bytes at a time; unsigned: what is its own minimum with 0x20 is 0x00-0x20.
  const __m128i space = _mm_set1_epi8(0x20);
  const __m128i del = _mm_set1_epi8(0x7F);
  for (; i + 16 <= text.size(); i += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + i));
    const __m128i low = _mm_cmpeq_epi8(bytes, _mm_min_epu8(bytes, space));
    const auto ends = static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(low, _mm_cmpeq_epi8(bytes, del))));
    if (ends != 0) return i + static_cast<std::size_t>(__builtin_ctz(ends));
  }
#endif
  for (; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c <= 0x20 || c == 0x7F) break;
  }
  return i;
}

inline std::size_t plain_get_key_length(std::string_view text) {
  constexpr std::size_t kBefore = 4;  // "get "
  constexpr std::size_t kBehind = 2;  // CR LF
  if (text.size() <= kBefore + kBehind || std::memcmp(text.data(), "get ", kBefore) != 0) return 0;
  const std::size_t length = text.size() - kBefore - kBehind;
  if (length > kLongestKey || std::memcmp(text.data() + kBefore + length, "\r\n", kBehind) != 0) return 0;
  // Not substr(), whose check for a range that cannot be wrong GCC leaves as a call.
  return key_length({text.data() + kBefore, length}) == length ? length : 0;
}

}  // namespace smartswitch::memcached
