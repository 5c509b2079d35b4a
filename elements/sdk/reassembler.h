// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The base of elements that put together what was sent in several packets: IP fragments, datagrams of one request. It keeps the pieces,
// tells when all are there, and drops what never gets whole, in bounded memory and time. The element says what belongs together and makes
// the whole:
//
//   Assembly* assembly = add(key, piece, end);     // takes the packet
//   if (assembly != nullptr) ...                   // all is there: copy it from assembly->pieces(), then finish(*assembly)
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "elements/sdk/element.h"
#include "elements/sdk/headers.h"

namespace smartswitch {

class Reassembler : public Element {
 public:
  ~Reassembler() override;
  void validate(Problems& problems) const override;
  void start(Problems& problems) override;
  [[nodiscard]] std::uint64_t held() const override { return held_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t may_hold() const override { return std::uint64_t{incomplete_} * kMostPieces; }
  [[nodiscard]] std::uint64_t large_packets() const override { return large_packets_; }

 protected:
  /// The largest IP datagram in fragments for an MTU of 1280 (RFC 8200 section 5) has 54.
  static constexpr unsigned kMostPieces = 64;
  static constexpr std::uint32_t kUnknown = UINT32_MAX;

  /// What belongs together. IPv4 addresses are written as IPv6 (RFC 4291 section 2.5.5.2).
  struct Key {
    std::array<std::uint8_t, 16> source{};
    std::array<std::uint8_t, 16> destination{};
    std::uint64_t number = 0;
    bool operator==(const Key&) const = default;
  };

  /// A packet that has [begin, end) of the whole, in a unit of the element's choosing; its bytes stand `at` from its start.
  struct Piece {
    Packet packet;
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    std::uint32_t at = 0;
    std::uint32_t length = 0;
    [[nodiscard]] const std::uint8_t* bytes() const { return packet.data() + at; }
  };

  class Assembly {
   public:
    /// In the order of the whole.
    [[nodiscard]] std::span<const Piece> pieces() const { return {pieces_.data(), count_}; }
    /// Of all pieces.
    [[nodiscard]] std::uint32_t bytes() const { return bytes_; }

   private:
    friend class Reassembler;
    Key key_;
    std::int64_t opened_ = 0;
    std::int64_t last_piece_ = 0;
    std::uint32_t end_ = kUnknown;
    std::uint32_t covered_ = 0;
    std::uint32_t bytes_ = 0;
    std::uint32_t count_ = 0;
    bool abandoned_ = false;
    std::uint32_t same_bucket_ = 0;
    std::uint32_t older_ = 0;
    std::uint32_t newer_ = 0;
    std::array<Piece, kMostPieces> pieces_;
  };

  /// The key of a packet's addresses and VLAN tags, with `number` (40 bits) to tell its sender's assemblies apart.
  static Key key_of(Packet packet, const Headers& headers, std::uint64_t number);

  /// Takes the packet: keeps it, or drops it with a reason. `end` is where the whole ends, if the piece tells; one that does not is not the
  /// last. Returns the assembly if nothing is missing any more; it is to be finished or given up at once.
  Assembly* add(const Key& key, const Piece& piece, std::uint32_t end);
  /// The bytes have gone on in a whole: frees the pieces.
  void finish(Assembly& assembly);
  /// Drops the pieces, and forgets that there were any.
  void give_up(Assembly& assembly, DropReason& reason);

  /// Declares what all reassemblers have. `wholes` is what they make, in words, such as "datagrams".
  template <class T>
  static void describe_assembling(Describe<T>& d, const std::string& wholes);

  /// Where a whole ends at the latest, in the element's unit.
  std::uint32_t longest_ = kLargestPacket;
  std::uint32_t incomplete_ = 64;
  std::uint32_t per_source_ = 16;
  Duration timeout_{1'000'000'000};
  std::uint32_t large_packets_ = 128;
  DropReason malformed_;
  DropReason too_long_;
  DropReason no_buffer_;

 private:
  Assembly* find(const Key& key);
  Assembly* open(const Key& key, Packet packet);
  bool make_room(const Key& key, Packet packet);
  /// Drops the pieces and `packet`, and until the time is over all that comes for it.
  void abandon(Assembly& assembly, Packet packet, DropReason& reason);
  void close(Assembly& assembly);
  void drop_pieces(Assembly& assembly, DropReason& reason);
  std::uint32_t& bucket(const Key& key);
  std::uint32_t index_of(const Assembly& assembly) const { return static_cast<std::uint32_t>(&assembly - assemblies_.get()); }
  void on_timer();

  std::unique_ptr<Assembly[]> assemblies_;
  std::vector<std::uint32_t> buckets_;
  std::vector<std::uint32_t> free_;
  std::uint32_t oldest_ = kUnknown;
  std::uint32_t newest_ = kUnknown;
  std::uint64_t seed_ = 0;
  Timer timer_;
  std::atomic<std::uint64_t> held_{0};
  DropReason timed_out_;
  DropReason conflict_;
  DropReason abandoned_;
  DropReason duplicate_;
  DropReason table_full_;
  DropReason over_share_;
};

template <class T>
void Reassembler::describe_assembling(Describe<T>& d, const std::string& wholes) {
  d.parameter("incomplete", static_cast<std::uint32_t T::*>(&Reassembler::incomplete_), wholes + " that may be incomplete at once")
      .between(1, 1024);
  d.parameter("per_source", static_cast<std::uint32_t T::*>(&Reassembler::per_source_), "of these, those of one sender's address")
      .between(1, 1024);
  d.parameter("timeout", static_cast<Duration T::*>(&Reassembler::timeout_), "how long the rest of one may take after the first piece")
      .between(Duration{1'000'000}, Duration{60'000'000'000});
  d.parameter("large_packets", static_cast<std::uint32_t T::*>(&Reassembler::large_packets_),
              "buffers of 64 KiB for whole " + wholes + " on their way through the graph: more if Queues keep them")
      .between(1, 1U << 16);
  d.drop("timed_out", &Reassembler::timed_out_, "pieces whose rest did not come within `timeout`");
  d.drop("conflict", &Reassembler::conflict_, "pieces of " + wholes + " in which they overlap or contradict each other");
  d.drop("abandoned", &Reassembler::abandoned_, "pieces that came when the rest had been dropped for `conflict` or `too_long`");
  d.drop("duplicate", &Reassembler::duplicate_, "pieces that came again");
  d.drop("table_full", &Reassembler::table_full_,
         "pieces without a place among the `incomplete`, or that gave theirs to others because no more came");
  d.drop("over_share", &Reassembler::over_share_, "the same, because their sender had `per_source`");
  d.drop("too_long", &Reassembler::too_long_, "pieces of " + wholes + " of more than 64 pieces, or too long for one packet of the switch");
  d.drop("malformed", &Reassembler::malformed_, "pieces that no honest sender makes");
  d.drop("no_buffer", &Reassembler::no_buffer_, "pieces of " + wholes + " for which no packet was free");
}

}  // namespace smartswitch
