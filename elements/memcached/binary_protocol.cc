// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/binary_protocol.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "elements/memcached/binary_request.h"

namespace smartswitch::memcached::binary {
namespace {

constexpr std::array<Command, 256> make_commands() {
  std::array<Command, 256> all{};
  for (unsigned opcode = 0; opcode < all.size(); ++opcode) all[opcode].loud = static_cast<std::uint8_t>(opcode);
  struct Pair {
    std::uint8_t loud;
    std::uint8_t quiet;
    Verb verb;
    bool keyed;
    std::uint8_t extras;
  };
  constexpr Pair kPairs[] = {
      {0x00, 0x09, Verb::kGet, true, 0},       {0x0C, 0x0D, Verb::kGet, true, 0},     {0x01, 0x11, Verb::kSet, true, 8},
      {0x02, 0x12, Verb::kAdd, true, 8},       {0x03, 0x13, Verb::kReplace, true, 8}, {0x04, 0x14, Verb::kDelete, true, 0},
      {0x05, 0x15, Verb::kIncr, true, 20},     {0x06, 0x16, Verb::kDecr, true, 20},   {0x07, 0x17, Verb::kQuit, false, 0},
      {0x08, 0x18, Verb::kFlushAll, false, 0}, {0x0E, 0x19, Verb::kAppend, true, 0},  {0x0F, 0x1A, Verb::kPrepend, true, 0},
      {0x1D, 0x1E, Verb::kGat, true, 4},       {0x23, 0x24, Verb::kGat, true, 4},
  };
  for (const Pair& p : kPairs) {
    all[p.loud] = {p.verb, p.loud, false, p.keyed, p.extras};
    all[p.quiet] = {p.verb, p.loud, true, p.keyed, p.extras};
  }
  all[kNoop].verb = Verb::kNoop;
  all[kVersion].verb = Verb::kVersion;
  all[kStat].verb = Verb::kStats;
  all[0x1B] = {Verb::kVerbosity, 0x1B, false, false, 4};
  all[0x1C] = {Verb::kTouch, 0x1C, false, true, 4};
  for (const std::uint8_t sasl : {0x20, 0x21, 0x22}) all[sasl].verb = Verb::kAdmin;
  return all;
}
constexpr auto kCommands = make_commands();

std::uint32_t read32(const char* at) {
  std::uint32_t value;
  std::memcpy(&value, at, sizeof value);
  return rte_be_to_cpu_32(value);
}

// Where the extras have an expiry: 32 bits, signed as memcached takes them.
std::int64_t expiry_of(Verb verb, std::string_view extras) {
  switch (verb) {
    case Verb::kSet:
    case Verb::kAdd:
    case Verb::kReplace:
      return static_cast<std::int32_t>(read32(extras.data() + 4));
    case Verb::kTouch:
    case Verb::kGat:
      return static_cast<std::int32_t>(read32(extras.data()));
    case Verb::kFlushAll:
      return extras.size() == 4 ? static_cast<std::int32_t>(read32(extras.data())) : 0;
    case Verb::kIncr:
    case Verb::kDecr: {
      const std::uint32_t expiry = read32(extras.data() + 16);
      return expiry == 0xFFFFFFFF ? 0 : static_cast<std::int32_t>(expiry);  // all ones: fail rather than create
    }
    default:
      return 0;
  }
}

}  // namespace

const Command& command(std::uint8_t opcode) { return kCommands[opcode]; }

std::uint8_t quiet_opcode(std::uint8_t loud) {
  const auto* at = std::find_if(kCommands.begin(), kCommands.end(), [&](const Command& c) { return c.quiet && c.loud == loud; });
  return at == kCommands.end() ? loud : static_cast<std::uint8_t>(at - kCommands.begin());
}

Request parse_request(std::string_view text) {
  Request r;
  r.protocol = Protocol::kBinary;
  if (text.size() < sizeof(Header)) return r;
  Header h;
  std::memcpy(&h, text.data(), sizeof h);
  const Command& c = command(h.opcode);
  r.verb = c.verb;
  r.quiet = c.quiet;
  r.writes = (c.verb >= Verb::kSet && c.verb <= Verb::kFlushAll);
  const std::size_t key = rte_be_to_cpu_16(h.key_length);
  const std::size_t all = rte_be_to_cpu_32(h.body_length);
  const std::size_t head = sizeof(Header) + h.extras_length + key;
  // A delay is all that a flush may have, and need not.
  const bool extras_right = c.verb == Verb::kUnknown || c.verb == Verb::kAdmin || h.extras_length == c.extras ||
                            (c.verb == Verb::kFlushAll && h.extras_length == 4);
  if (h.extras_length + key > all || all > kLongestData || !extras_right || (c.keyed && (key == 0 || key > kLongestKey))) {
    r.status = Status::kBadLine;
    return r;
  }
  if (text.size() < head) return r;
  r.head = head;
  r.body = all - h.extras_length - key;
  r.expiry = expiry_of(c.verb, text.substr(sizeof(Header), h.extras_length));
  if (c.keyed) {
    r.key = text.substr(head - key, key);
    r.keys = 1;
  }
  if (text.size() < r.size()) return r;
  r.status = text.size() == r.size() ? Status::kWhole : Status::kMoreBehind;
  return r;
}

}  // namespace smartswitch::memcached::binary
