// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// SpookyHash V2 (Jenkins, 2012: burtleburtle.net/bob/hash/spooky.html), little-endian.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "elements/memcached/ch3.h"

namespace smartswitch::memcached {
namespace {

constexpr std::uint64_t kFiller = 0xDEADBEEFDEADBEEFULL;
constexpr std::size_t kLongState = 12;
constexpr std::size_t kLongBlock = 8 * kLongState;

using ShortState = std::array<std::uint64_t, 4>;
using LongState = std::array<std::uint64_t, kLongState>;

// Up to eight bytes from `at` on; what is not there counts as 0.
std::uint64_t word_at(std::string_view text, std::size_t at) {
  std::uint64_t word = 0;
  if (at < text.size()) std::memcpy(&word, text.data() + at, std::min<std::size_t>(8, text.size() - at));
  return word;
}

void stir(ShortState& s) {
  constexpr std::array<int, 12> kTurns = {50, 52, 30, 41, 54, 48, 38, 37, 62, 34, 5, 36};
  for (std::size_t i = 0; i < kTurns.size(); ++i) {
    std::uint64_t& word = s[(i + 2) % 4];
    word = std::rotl(word, kTurns[i]) + s[(i + 3) % 4];
    s[i % 4] ^= word;
  }
}

void finish(ShortState& s) {
  constexpr std::array<int, 11> kTurns = {15, 52, 26, 51, 28, 9, 47, 54, 32, 25, 63};
  for (std::size_t i = 0; i < kTurns.size(); ++i) {
    std::uint64_t& word = s[(i + 2) % 4];
    std::uint64_t& next = s[(i + 3) % 4];
    next ^= word;
    word = std::rotl(word, kTurns[i]);
    next += word;
  }
}

std::uint64_t spooky_short(std::string_view text, std::uint64_t seed) {
  ShortState s = {seed, seed, kFiller, kFiller};
  const std::uint64_t length = text.size();
  for (; text.size() >= 32; text.remove_prefix(32)) {
    s[2] += word_at(text, 0);
    s[3] += word_at(text, 8);
    stir(s);
    s[0] += word_at(text, 16);
    s[1] += word_at(text, 24);
  }
  if (text.size() >= 16) {
    s[2] += word_at(text, 0);
    s[3] += word_at(text, 8);
    stir(s);
    text.remove_prefix(16);
  }
  s[2] += text.empty() ? kFiller : word_at(text, 0);
  s[3] += (length << 56) + (text.empty() ? kFiller : word_at(text, 8));
  finish(s);
  return s[0];
}

void stir(LongState& s, std::string_view block) {
  constexpr std::array<int, kLongState> kTurns = {11, 32, 43, 31, 17, 28, 39, 57, 55, 54, 22, 46};
  for (std::size_t i = 0; i < kLongState; ++i) {
    const auto at = [&](std::size_t behind) -> std::uint64_t& { return s[(i + behind) % kLongState]; };
    at(0) += word_at(block, 8 * i);
    at(2) ^= at(10);
    at(11) ^= at(0);
    at(0) = std::rotl(at(0), kTurns[i]);
    at(11) += at(1);
  }
}

void finish(LongState& s) {
  constexpr std::array<int, kLongState> kTurns = {44, 15, 34, 21, 38, 33, 10, 13, 38, 53, 42, 54};
  for (std::size_t i = 0; i < kLongState; ++i) {
    const auto at = [&](std::size_t behind) -> std::uint64_t& { return s[(i + behind) % kLongState]; };
    at(11) += at(1);
    at(2) ^= at(11);
    at(1) = std::rotl(at(1), kTurns[i]);
  }
}

std::uint64_t spooky_long(std::string_view text, std::uint64_t seed) {
  LongState s;
  for (std::size_t i = 0; i < kLongState; ++i) s[i] = i % 3 == 2 ? kFiller : seed;
  for (; text.size() >= kLongBlock; text.remove_prefix(kLongBlock)) stir(s, text);
  std::array<char, kLongBlock> rest{};
  text.copy(rest.data(), text.size());
  rest.back() = static_cast<char>(text.size());
  for (std::size_t i = 0; i < kLongState; ++i) s[i] += word_at({rest.data(), rest.size()}, 8 * i);
  for (int round = 0; round < 3; ++round) finish(s);
  return s[0];
}

}  // namespace

std::uint32_t spooky32(std::string_view text, std::uint32_t seed) {
  return static_cast<std::uint32_t>(text.size() < 2 * kLongBlock ? spooky_short(text, seed) : spooky_long(text, seed));
}

}  // namespace smartswitch::memcached
