// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// MD5 without OpenSSL's EVP: that takes memory for each digest, and this is on the packet path.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "elements/memcached/key_hashes.h"

#include <openssl/md5.h>

#include <bit>
#include <cstring>

#include "elements/sdk/hash.h"

namespace smartswitch::memcached {
namespace {

using CrcTable = std::array<std::uint32_t, 256>;

// The polynomial of Ethernet, bits reversed.
constexpr CrcTable kCrc32Table = [] {
  CrcTable table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xEDB88320U : 0);
    table[i] = crc;
  }
  return table;
}();

// The polynomial of XMODEM.
constexpr CrcTable kCrc16Table = [] {
  CrcTable table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc << 1 ^ ((crc & 0x8000) != 0 ? 0x1021U : 0)) & 0xFFFF;
    table[i] = crc;
  }
  return table;
}();

std::uint32_t crc32(std::string_view key) {
  std::uint32_t crc = ~0U;
  for (const char c : key) crc = crc >> 8 ^ kCrc32Table[(crc ^ static_cast<std::uint8_t>(c)) & 0xFF];
  return ~crc;
}

// What is shifted out of the 16 bits stays: TwemProxy's accumulator has 32, and its result is all of them.
std::uint32_t crc16(std::string_view key) {
  std::uint32_t crc = 0;
  for (const char c : key) crc = crc << 8 ^ kCrc16Table[(crc >> 8 ^ static_cast<std::uint8_t>(c)) & 0xFF];
  return crc;
}

// A byte above 127 as x86's signed `char` becomes a 32-bit number. Hashes that were written in C with plain `char` depend on it.
constexpr std::uint32_t signed_byte(char c) { return static_cast<std::uint32_t>(static_cast<signed char>(c)); }

constexpr std::uint32_t kFnvBasis32 = 0x811C9DC5;
constexpr std::uint32_t kFnvPrime32 = 0x01000193;
// The lower halves of the 64-bit constants: only 32 bits of the result are used, and those depend on no others.
constexpr std::uint32_t kFnvBasis64 = 0x84222325;
constexpr std::uint32_t kFnvPrime64 = 0x000001B3;

constexpr std::uint32_t fnv1(std::string_view key, std::uint32_t basis, std::uint32_t prime) {
  for (const char c : key) basis = (basis * prime) ^ signed_byte(c);
  return basis;
}

constexpr std::uint32_t fnv1a(std::string_view key, std::uint32_t basis, std::uint32_t prime) {
  for (const char c : key) basis = (basis ^ signed_byte(c)) * prime;
  return basis;
}

// Jenkins, Dr. Dobb's Journal, September 1997.
constexpr std::uint32_t one_at_a_time(std::string_view key) {
  std::uint32_t h = 0;
  for (const char c : key) {
    h += signed_byte(c);
    h += h << 10;
    h ^= h >> 6;
  }
  h += h << 3;
  h ^= h >> 11;
  return h + (h << 15);
}

std::uint32_t load(std::string_view text, std::size_t bytes) {
  std::uint32_t word = 0;
  std::memcpy(&word, text.data(), bytes);
  return word;
}

// Hsieh's SuperFastHash. Unlike the original it starts with 0, not with the length.
std::uint32_t hsieh(std::string_view key) {
  std::uint32_t h = 0;
  for (; key.size() >= 4; key.remove_prefix(4)) {
    h += load(key, 2);
    h = h << 16 ^ load(key.substr(2), 2) << 11 ^ h;
    h += h >> 11;
  }
  if (key.size() == 3) {
    h += load(key, 2);
    h ^= h << 16 ^ signed_byte(key[2]) << 18;
    h += h >> 11;
  } else if (key.size() == 2) {
    h += load(key, 2);
    h ^= h << 11;
    h += h >> 17;
  } else if (key.size() == 1) {
    h += load(key, 1);
    h ^= h << 10;
    h += h >> 1;
  }
  h ^= h << 3;
  h += h >> 5;
  h ^= h << 4;
  h += h >> 17;
  h ^= h << 25;
  return h + (h >> 6);
}

// Appleby's MurmurHash2, with a seed made of the length.
std::uint32_t murmur(std::string_view key) {
  constexpr std::uint32_t kMultiplier = 0x5BD1E995;
  const auto length = static_cast<std::uint32_t>(key.size());
  std::uint32_t h = 0xDEADBEEF * length ^ length;
  for (; key.size() >= 4; key.remove_prefix(4)) {
    std::uint32_t k = load(key, 4) * kMultiplier;
    k = (k ^ k >> 24) * kMultiplier;
    h = (h * kMultiplier) ^ k;
  }
  if (!key.empty()) h = (h ^ load(key, key.size())) * kMultiplier;
  h = (h ^ h >> 13) * kMultiplier;
  return h ^ h >> 15;
}

// Jenkins' lookup3 (2006), little-endian, with the initial value 13.
std::uint32_t jenkins(std::string_view key) {
  std::array<std::uint32_t, 3> w;
  w.fill(0xDEADBEEF + static_cast<std::uint32_t>(key.size()) + 13);
  if (key.empty()) return w[2];
  const auto add = [&w](std::string_view block) {
    std::array<std::uint32_t, 3> words{};
    std::memcpy(words.data(), block.data(), block.size());
    for (std::size_t i = 0; i < 3; ++i) w[i] += words[i];
  };
  for (; key.size() > 12; key.remove_prefix(12)) {
    add(key.substr(0, 12));
    constexpr int kMix[] = {4, 6, 8, 16, 19, 4};
    for (std::size_t i = 0; i < 6; ++i) {
      std::uint32_t& before = w[(i + 2) % 3];
      w[i % 3] = (w[i % 3] - before) ^ std::rotl(before, kMix[i]);
      before += w[(i + 1) % 3];
    }
  }
  add(key);
  constexpr int kFinal[] = {14, 11, 25, 16, 4, 14, 24};
  for (std::size_t i = 0; i < 7; ++i) {
    const std::uint32_t before = w[(i + 1) % 3];
    w[(i + 2) % 3] = (w[(i + 2) % 3] ^ before) - std::rotl(before, kFinal[i]);
  }
  return w[2];
}

std::uint32_t short_hash(KeyHash hash, std::string_view key) {
  switch (hash) {
    case KeyHash::kXxh3:
      break;
    case KeyHash::kOneAtATime:
      return one_at_a_time(key);
    case KeyHash::kMd5:
      return md5_words(key)[0];
    case KeyHash::kCrc16:
      return crc16(key);
    case KeyHash::kCrc32:
      return crc32(key) >> 16 & 0x7FFF;
    case KeyHash::kCrc32a:
      return crc32(key);
    case KeyHash::kFnv1_64:
      return fnv1(key, kFnvBasis64, kFnvPrime64);
    case KeyHash::kFnv1a_64:
      return fnv1a(key, kFnvBasis64, kFnvPrime64);
    case KeyHash::kFnv1_32:
      return fnv1(key, kFnvBasis32, kFnvPrime32);
    case KeyHash::kFnv1a_32:
      return fnv1a(key, kFnvBasis32, kFnvPrime32);
    case KeyHash::kHsieh:
      return hsieh(key);
    case KeyHash::kMurmur:
      return murmur(key);
    case KeyHash::kJenkins:
      return jenkins(key);
    case KeyHash::kMcrouterCrc32:
      return crc32(key) & 0x7FFFFFFF;
  }
  return 0;
}

}  // namespace

std::uint64_t key_hash(KeyHash hash, std::string_view key) {
  if (hash == KeyHash::kXxh3) return hash_key(key);
  return short_hash(hash, key) * 0x1'0000'0001ULL;
}

std::array<std::uint32_t, 4> md5_words(std::string_view text) {
  static_assert(std::endian::native == std::endian::little);
  std::array<std::uint32_t, 4> words;
  MD5(reinterpret_cast<const unsigned char*>(text.data()), text.size(), reinterpret_cast<unsigned char*>(words.data()));
  return words;
}

}  // namespace smartswitch::memcached
