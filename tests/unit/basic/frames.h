// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "elements/sdk/testing/test_bench.h"
#include "tests/unit/nasty_packets.h"

namespace smartswitch::testing {

inline PacketBuilder frame() { return PacketBuilder().ether("02:00:00:00:00:01", "02:00:00:00:00:02"); }

/// A UDP packet that carries a number.
inline Bytes numbered(unsigned n) { return frame().ipv4("10.0.0.1", "10.0.0.2").udp(1000, 2000).payload(std::to_string(n)); }

inline std::vector<Bytes> numbered(unsigned from, unsigned to) {
  std::vector<Bytes> packets;
  for (unsigned n = from; n < to; ++n) packets.push_back(numbered(n));
  return packets;
}

/// The numbers that packets of numbered() carry, in their order.
inline std::vector<unsigned> numbers(const std::vector<Seen>& packets) {
  std::vector<unsigned> result;
  for (const Seen& seen : packets)
    result.push_back(static_cast<unsigned>(std::stoul(std::string(seen.bytes.begin() + 42, seen.bytes.end()))));
  return result;
}

inline std::vector<unsigned> upto(unsigned from, unsigned to) {
  std::vector<unsigned> result;
  for (unsigned n = from; n < to; ++n) result.push_back(n);
  return result;
}

inline TestBench::Options with_ports(unsigned n) {
  TestBench::Options options;
  options.numbered_ports = n;
  return options;
}

/// Gives one packet, in whatever segments it is.
inline void push_one(TestBench& bench, Packet packet) {
  Batch batch;
  batch.add(packet);
  bench.push(batch);
}

/// All messages of `problems`, with their hints.
inline std::string said(const Problems& problems) {
  std::string text;
  for (const Problem& problem : problems.list()) text += problem.message + " / " + problem.hint + "\n";
  return text;
}

}  // namespace smartswitch::testing
