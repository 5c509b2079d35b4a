// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <bit>
#include <cstdint>

#include "elements/sdk/packet.h"

namespace smartswitch::load {

/// The datagrams of an answer that has come in part, in order. It owns their packets until they are taken; a packet's annotations say which
/// is next. Copies are handles on the same packets.
class PartialAnswer {
 public:
  /// Takes ownership of datagram `sequence` of `total`; false, and nothing done, if it cannot be one that is missing.
  bool add(Packet packet, std::uint16_t sequence, std::uint16_t total) {
    if (sequence >= total || (have_ > 0 && total != total_)) return false;
    rte_mbuf* before = nullptr;
    rte_mbuf* after = first_;
    while (after != nullptr && sequence_of(after) < sequence) {
      before = after;
      after = next_of(after);
    }
    if (after != nullptr && sequence_of(after) == sequence) return false;
    packet.annotations().request_id = sequence;
    link(packet.mbuf(), after);
    if (before == nullptr) {
      first_ = packet.mbuf();
    } else {
      link(before, packet.mbuf());
    }
    total_ = total;
    ++have_;
    return true;
  }
  [[nodiscard]] bool whole() const { return have_ > 0 && have_ == total_; }
  [[nodiscard]] bool empty() const { return have_ == 0; }

  /// Gives the packets away, in order.
  template <class Take>
  void take_all(Take&& take) {
    for (rte_mbuf* part = first_; part != nullptr;) {
      rte_mbuf* next = next_of(part);
      take(Packet(part));
      part = next;
    }
    *this = PartialAnswer();
  }

 private:
  static std::uint16_t sequence_of(rte_mbuf* part) { return Packet(part).annotations().request_id; }
  static rte_mbuf* next_of(rte_mbuf* part) { return std::bit_cast<rte_mbuf*>(Packet(part).annotations().context); }
  static void link(rte_mbuf* part, rte_mbuf* next) { Packet(part).annotations().context = std::bit_cast<std::uint64_t>(next); }

  rte_mbuf* first_ = nullptr;
  std::uint16_t total_ = 0;
  std::uint16_t have_ = 0;
};

}  // namespace smartswitch::load
