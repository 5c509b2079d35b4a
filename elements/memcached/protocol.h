// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What memcached's protocols have in common: text, meta and binary, over UDP as over TCP. Sources: memcached's protocol.txt and
// protocol_binary.txt, and what memcached 1.6 really does where they differ.
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
inline constexpr std::size_t kLongestKey = 250;          // protocol.txt, "Keys"
inline constexpr std::size_t kLongestData = 1ULL << 30;  // the largest that item_size_max (memcached -I) can be set to
inline constexpr std::size_t kReplyDatagram = 1400;      // UDP payload of memcached's replies: its UDP_MAX_PAYLOAD_SIZE

/// Goes before the text of every datagram (protocol.txt, "UDP protocol").
struct FrameHeader {
  rte_be16_t request_id;
  rte_be16_t sequence;
  rte_be16_t total;
  rte_be16_t reserved;
} __attribute__((packed));

enum class Protocol : std::uint8_t { kText, kBinary };

enum class Verb : std::uint8_t {
  kNone,  ///< not looked at, or not memcached
  kGet,
  kGets,
  kMetaGet,
  kMetaDebug,
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
  kMetaSet,
  kMetaDelete,
  kMetaArithmetic,
  kFlushAll,
  kVersion,
  kStats,
  kVerbosity,
  kNoop,
  kQuit,
  kAdmin,    ///< lru, slabs, watch, shutdown, SASL and the like: for operators, changes no item
  kUnknown,  ///< no command that memcached knows: it answers with an error and changes nothing
};

/// How many leading bytes of `text` can surely be part of a key: neither space nor control character nor DEL.
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

/// How long the key is in "get <key>\r\n" with nothing before, between or behind; 0 if `text` is anything else.
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
