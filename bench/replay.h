// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The two ends of a pipeline under measurement: Replay gives out the same packets again and again, Collect takes them back.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "elements/sdk/element.h"

namespace smartswitch::bench {

using Bytes = std::vector<std::uint8_t>;
using Key = std::array<char, 16>;

/// A set of packets that stay where they are. Each time one is given out, its next key is written into it, as a device would write a new
/// packet: so a few packets, which stay in the processor's cache as a device's ring does, ask for millions of keys.
class PacketRing {
 public:
  static constexpr unsigned kPackets = 2048;

  /// Every packet is a copy of one of `templates`. The packets belong to `pool` and are never given back.
  void fill(const std::vector<Bytes>& templates, rte_mempool* pool);
  /// `keys` (not owned) are written at `offset`, one after the other, from the `first` on.
  void set_keys(const std::vector<Key>* keys, unsigned offset, std::size_t first = 0) {
    keys_ = keys;
    key_offset_ = offset;
    next_key_ = first;
  }
  /// From now on each packet gets a request id and a client's port of its own, written at these offsets.
  void number_requests(unsigned id_offset, unsigned port_offset) {
    id_offset_ = id_offset;
    port_offset_ = port_offset;
  }
  /// From now on each packet comes from the next of so many ports of the client, which stands at `port_offset`.
  void set_flows(unsigned port_offset, std::uint16_t flows) {
    flow_offset_ = port_offset;
    flows_ = flows;
  }
  /// From now on every packet gets back the bytes of its template each time: for elements that change or drop packets.
  void restore_always() { restore_ = true; }

  /// Puts the next `n` packets into `batch`.
  void take(Batch& batch, unsigned n);
  /// Whether this packet is one of a ring's, and so not to be freed.
  static bool owns(const rte_mbuf* mbuf) { return mbuf->hash.usr == kMark; }

 private:
  static constexpr std::uint32_t kMark = 0x52494E47;
  void restore(Packet packet, unsigned index) const;

  std::vector<rte_mbuf*> packets_;
  std::vector<Bytes> templates_;
  unsigned next_ = 0;
  const std::vector<Key>* keys_ = nullptr;
  std::size_t next_key_ = 0;
  unsigned key_offset_ = 0;
  unsigned id_offset_ = 0;
  unsigned port_offset_ = 0;
  std::uint32_t next_request_ = 0;
  unsigned flow_offset_ = 0;
  std::uint16_t flows_ = 0;
  std::uint16_t next_flow_ = 0;
  bool restore_ = false;
};

class Replay final : public Element {
 public:
  static void describe(Describe<Replay>& d);
  unsigned poll();
  PacketRing& ring() { return ring_; }
  void set_burst(unsigned burst) { burst_ = burst; }

 private:
  PacketRing ring_;
  unsigned burst_ = 32;
  Output out_;
};

class Collect final : public Element {
 public:
  static void describe(Describe<Collect>& d);
  void push(Batch& batch);
  [[nodiscard]] std::uint64_t packets() const { return packets_.value(); }

 private:
  Counter packets_;
};

}  // namespace smartswitch::bench
