// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Replies that are put together from the replies to several requests, which may come in any order and on any worker:
//
//   const auto join = table->open(request_packet, 3, now);
//   ... send three requests, each with Errand{Purpose::kPart, join->part(i, rule)} ...
//   if (table->add(number, text, sequence, last) == JoinTable::Added::kComplete) table->take(number, assembled);
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "elements/memcached/reply.h"
#include "elements/memcached/request.h"
#include "elements/sdk/counter.h"
#include "elements/sdk/describe.h"
#include "elements/sdk/packet.h"
#include "elements/sdk/spin_lock.h"
#include "elements/sdk/state.h"
#include "elements/sdk/worker.h"

namespace smartswitch::memcached {

/// What of a part's reply goes into the whole.
enum class PartRule : std::uint8_t {
  kAsItIs,
  kWithoutEnd,    ///< a get's, if more keys of the same get follow
  kUnlessMissed,  ///< a quiet get's: nothing if there is no such item
  kUnlessDone,    ///< a quiet write's: nothing if it was done
  kOneOfMany,     ///< the same request went to several servers: one of the replies, an error if there is one
  kFirst,         ///< likewise: the first reply that is no error, without waiting for the others
  kMajority,      ///< likewise: what more than half say, as soon as they have; otherwise what most say, and of those the worst
};

/// A part's place in a reply: the 56 bits of an Errand.
struct PartNumber {
  std::uint32_t join = 0;  ///< 32 bits: place in the table and nonce
  std::uint16_t part = 0;  ///< in order of the reply
  PartRule rule = PartRule::kAsItIs;
  [[nodiscard]] std::uint64_t number() const {
    return std::uint64_t{join} << 24 | std::uint64_t{part} << 8 | static_cast<std::uint8_t>(rule);
  }
  static PartNumber from(std::uint64_t number) {
    return {static_cast<std::uint32_t>(number >> 24), static_cast<std::uint16_t>(number >> 8), static_cast<PartRule>(number & 0xFF)};
  }
};

/// All methods may be called by several workers at once.
class JoinTable final : public State {
 public:
  static constexpr std::string_view kClass = "JoinTable";
  static void describe(Describe<JoinTable>& d);
  void start(Problems& problems) override;

  enum class Added : std::uint8_t { kWaiting, kComplete, kUnknown, kNoRoom };

  /// A whole reply, and the headers of the request that it answers. To be kept and used again: its memory grows once.
  struct Assembled {
    std::string text;
    std::vector<std::uint32_t> pieces;  ///< where in the text a part starts: the best places to cut it
    std::vector<std::uint8_t> headers;  ///< of the request's packet, from Ethernet to memcached's frame header
    Headers located;                    ///< in these
  };

  /// The number of a join that waits for so many parts; nothing if there is no place for it. The packet is only looked at. `note` is kept
  /// for who asks, a key at most.
  std::optional<std::uint32_t> open(Packet request, unsigned parts, std::int64_t now, Random& random, std::string_view note = {});
  /// The note of a join that still waits; points into `buffer`.
  std::string_view note_of(std::uint32_t join, KeyBuffer& buffer) const;
  /// Takes the text of a datagram. `last` says that the part has come whole with it. With kComplete, take() is the caller's to call; what
  /// comes later of the same join is kUnknown.
  Added add(const PartNumber& number, std::string_view text, std::uint16_t sequence, bool last);
  /// Puts a complete join's reply together, and forgets it.
  void take(std::uint32_t join, Assembled& assembled);
  /// Forgets joins that have waited for longer than `timeout`. To be called now and then.
  void expire(std::int64_t now);

 private:
  static constexpr std::uint32_t kNoBlock = 0xFFFFFFFF;
  static constexpr std::uint16_t kAllParts = 0xFFFF;
  static constexpr std::size_t kKinds = static_cast<std::size_t>(ReplyKind::kInformation) + 1;
  static constexpr std::size_t kBlockBytes = 2048;
  static constexpr unsigned kTries = 16;
  static constexpr std::size_t kLongestHeaders = 14 + 2 * 4 + 40 + 8 + 8;  // Ethernet, two VLAN tags, IPv6, UDP, frame header

  struct Block {
    std::uint32_t next;
    std::uint16_t part;
    std::uint16_t sequence;
    std::uint16_t length;
    PartRule rule;
    std::uint8_t piece;  // of a datagram that is longer than a block
    char text[kBlockBytes - 12];
  };
  static_assert(sizeof(Block) == kBlockBytes);

  struct alignas(64) Join {
    mutable SpinLock lock;
    bool taken = false;
    bool complete = false;
    std::uint8_t header_bytes = 0;
    std::uint32_t name = 0;
    std::uint32_t parts = 0;
    std::uint32_t parts_left = 0;
    // Of parts that are votes: how many of each kind have come, and whose reply counts.
    std::uint16_t votes[kKinds];
    std::uint16_t elected = kAllParts;
    ReplyKind elected_kind = ReplyKind::kNone;
    std::uint32_t first_block = kNoBlock;
    std::uint32_t last_block = kNoBlock;
    std::int64_t opened = 0;  // ns
    Headers located;
    std::uint8_t headers[kLongestHeaders];
    std::uint8_t note_bytes = 0;
    char note[kLongestKey];
  };

  [[nodiscard]] ReplyKind kind_of(const Join& join, std::uint16_t part) const;
  bool elect(Join& join, const PartNumber& number) const;
  std::uint32_t take_block();
  void free_blocks(std::uint32_t first, std::uint32_t last);
  static void leave_out(ReplyKind kind, std::string& text, std::size_t start);
  static void apply(PartRule rule, std::string& text, std::size_t start, std::size_t& first_of_many);

  ByteSize memory_{16 << 20};
  std::uint32_t joins_count_ = 4096;
  Duration timeout_{1'000'000'000};

  std::unique_ptr<Join[]> joins_;
  std::uint32_t mask_ = 0;
  unsigned join_bits_ = 0;
  std::atomic<std::uint32_t> next_{0};
  std::unique_ptr<Block[]> blocks_;
  SpinLock blocks_lock_;
  std::uint32_t free_block_ = kNoBlock;
  SpinLock expiring_;
  std::uint32_t oldest_ = 0;  // guarded by expiring_

  SharedCounter joined_;
  SharedCounter timed_out_;
  SharedCounter no_room_;
};

}  // namespace smartswitch::memcached
