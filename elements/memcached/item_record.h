// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "elements/memcached/protocol.h"

namespace smartswitch::memcached {

/// What is kept of a key: what goes into the cache.
struct Item {
  static constexpr std::uint32_t kExpiryUnknown = 0;
  static constexpr std::uint32_t kNeverExpires = 0xFFFFFFFF;

  std::string_view key;
  std::string_view value;
  std::uint32_t flags = 0;                ///< the client's
  std::uint64_t cas = 0;                  ///< 0: not known
  std::uint32_t expiry = kExpiryUnknown;  ///< when the server's item is gone, in seconds of the switch's clock
  bool absent = false;                    ///< that there is no such item is what is kept
};

/// An item as it lies in memory. Readers may look at it while it is being given to another key; so all of it is read and written in atomic
/// words, and whoever reads has to check afterwards (ItemStore: the bucket's version) that what he read was still his.
///
/// Two words of head, then the text of a reply from the key to the end of the value, "greeting 0 5\r\nhello": a reply to `get` is one copy
/// of it between "VALUE " and the end, and everything else can be made from its parts. Then, in words of their own, what few items have:
/// cas; flags and expiry. A text longer than kLongestText is in pieces: the record has all but the value, and where that is.
class ItemRecord {
 public:
  /// A record's place: units from the start of the memory. 0: none; what lies there is zeros.
  using Ref = std::uint32_t;
  static constexpr std::size_t kUnit = 16;
  static constexpr std::size_t kLargest = 4096;
  static constexpr std::size_t kHead = 16;
  static constexpr std::size_t kLongestText = kLargest - kHead - 16;  // so that what few items have fits too
  static constexpr std::size_t kPieceBytes = kLargest - kHead;
  static constexpr std::size_t kLongestValue = std::size_t{1} << 20;
  static constexpr std::size_t kMostPieces = (kLongestValue + kPieceBytes - 1) / kPieceBytes;
  static constexpr std::string_view kBefore = "VALUE ";
  static constexpr std::string_view kBehind = "\r\nEND\r\n";

  enum class Kind : std::uint8_t { kNone, kWhole, kInPieces, kPiece };

  /// The head's two words, taken apart.
  class Head {
   public:
    Head() = default;
    Head(std::uint64_t first, std::uint64_t second) : first_(first), second_(second) {}
    [[nodiscard]] std::uint64_t deadline() const { return first_ >> 24; }  ///< deadline_ticks()
    [[nodiscard]] std::size_t key_length() const { return first_ >> 16 & 0xFF; }
    [[nodiscard]] std::uint16_t sum() const { return static_cast<std::uint16_t>(first_); }  ///< of a whole reply to `get`
    [[nodiscard]] std::uint32_t generation() const { return static_cast<std::uint32_t>(second_ >> 32); }
    [[nodiscard]] Kind kind() const { return static_cast<Kind>(second_ >> 30 & 3); }
    [[nodiscard]] bool has_cas() const { return (second_ >> 29 & 1) != 0; }
    [[nodiscard]] bool has_flags() const { return (second_ >> 28 & 1) != 0; }  ///< or an expiry
    [[nodiscard]] std::size_t suffix_length() const { return second_ >> 21 & 0x7F; }
    [[nodiscard]] std::size_t value_length() const { return second_ & 0x1FFFFF; }
    /// A value's first line always ends in a suffix.
    [[nodiscard]] bool absent() const { return suffix_length() == 0; }
    [[nodiscard]] std::size_t value_at() const { return key_length() + suffix_length(); }
    [[nodiscard]] std::size_t text_length() const { return value_at() + value_length(); }
    /// Of a kPiece, which is the key's hash and where in the value it belongs.
    [[nodiscard]] std::uint64_t hash() const { return first_; }
    [[nodiscard]] std::uint32_t piece() const { return static_cast<std::uint32_t>(second_ >> 32); }

    [[nodiscard]] std::size_t pieces() const { return (value_length() + kPieceBytes - 1) / kPieceBytes; }
    /// Where the words of few items are, and those that say where the pieces are.
    [[nodiscard]] std::size_t cas_at() const { return ((kind() == Kind::kInPieces ? value_at() : text_length()) + 7) / 8; }
    [[nodiscard]] std::size_t flags_at() const { return cas_at() + (has_cas() ? 1 : 0); }
    [[nodiscard]] std::size_t serial_at() const { return flags_at() + (has_flags() ? 1 : 0); }
    [[nodiscard]] std::size_t pieces_at() const { return serial_at() + 1; }
    /// The whole record.
    [[nodiscard]] std::uint32_t units() const {
      std::size_t words = serial_at();
      if (kind() == Kind::kInPieces) words = pieces_at() + (pieces() + 1) / 2;
      if (kind() == Kind::kPiece) words = (value_length() + 7) / 8;
      return static_cast<std::uint32_t>((kHead + words * 8 + kUnit - 1) / kUnit);
    }
    /// The same, but for its generation. Not of a kPiece.
    [[nodiscard]] Head in_generation(std::uint32_t generation) const {
      return {first_, std::uint64_t{generation} << 32 | static_cast<std::uint32_t>(second_)};
    }
    [[nodiscard]] std::uint64_t first() const { return first_; }
    [[nodiscard]] std::uint64_t second() const { return second_; }

   private:
    std::uint64_t first_ = 0;
    std::uint64_t second_ = 0;
  };

  /// The clock of deadlines: about a millisecond a tick, for 36 years.
  static std::int64_t deadline_ns(std::uint64_t ticks) { return static_cast<std::int64_t>(ticks << 20); }
  static std::uint64_t deadline_ticks(std::int64_t ns) { return static_cast<std::uint64_t>(ns) >> 20; }

  [[nodiscard]] Head head() const { return {first_.load(std::memory_order_acquire), second_.load(std::memory_order_acquire)}; }
  [[nodiscard]] std::uint64_t word(std::size_t i) const { return words()[i].load(std::memory_order_acquire); }
  /// `n` bytes behind the head, from `from` on.
  void read(std::size_t from, std::size_t n, std::uint8_t* out) const;
  [[nodiscard]] bool has_key(std::string_view key) const;
  [[nodiscard]] Ref piece(const Head& h, std::size_t i) const { return static_cast<Ref>(word(h.pieces_at() + i / 2) >> (i % 2 * 32)); }

  // Only by who alone may change the record.
  void set_head(const Head& h) {
    first_.store(h.first(), std::memory_order_release);
    second_.store(h.second(), std::memory_order_release);
  }
  void set_word(std::size_t i, std::uint64_t value) { words()[i].store(value, std::memory_order_release); }
  void set_piece(const Head& h, std::size_t i, Ref ref);
  /// The bytes before and behind them in their words stay.
  void write(std::size_t from, std::string_view bytes);
  void copy_from(const ItemRecord& other, std::uint32_t units);

 private:
  std::atomic<std::uint64_t>* words() { return reinterpret_cast<std::atomic<std::uint64_t>*>(this + 1); }
  [[nodiscard]] const std::atomic<std::uint64_t>* words() const { return reinterpret_cast<const std::atomic<std::uint64_t>*>(this + 1); }
  std::atomic<std::uint64_t> first_;   // deadline << 24 | key length << 16 | sum
  std::atomic<std::uint64_t> second_;  // generation << 32 | kind << 30 | has cas, has flags | suffix length << 21 | value length
};
static_assert(sizeof(ItemRecord) == ItemRecord::kHead);

/// An item that is about to be stored: its head, and its text put together.
class ItemText {
 public:
  /// Whether the record has the value too.
  static bool fits(const Item& item, std::size_t value_length);
  /// If it has not, `serial` tells this filling from others, and `item.value` does not count.
  ItemText(const Item& item, std::size_t value_length, std::uint32_t generation, std::int64_t deadline, std::uint64_t serial);
  [[nodiscard]] const ItemRecord::Head& head() const { return head_; }
  void store(ItemRecord& record) const;

 private:
  ItemRecord::Head head_;
  Item item_;
  std::uint64_t serial_;
  std::size_t length_ = 0;                                   // of what is stored of the text
  alignas(8) std::uint8_t text_[ItemRecord::kLargest + 16];  // "VALUE " ends at kTextAt
  static constexpr std::size_t kTextAt = 8;
};

// The key starts a word. A last part of a word is compared by the key's last eight bytes.
inline bool ItemRecord::has_key(std::string_view key) const {
  const auto load = [](const char* at) {
    std::uint64_t value;
    std::memcpy(&value, at, 8);
    return value;
  };
  const std::size_t whole = key.size() / 8;
  const std::size_t rest = key.size() % 8;
  for (std::size_t i = 0; i < whole; ++i) {
    if (word(i) != load(key.data() + 8 * i)) return false;
  }
  if (rest == 0) return true;
  const std::uint64_t last = word(whole) << (64 - 8 * rest);
  if (whole > 0) return (word(whole - 1) >> (8 * rest) | last) == load(key.data() + key.size() - 8);
  std::uint64_t short_key = 0;
  std::memcpy(&short_key, key.data(), rest);
  return last == short_key << (64 - 8 * rest);
}

}  // namespace smartswitch::memcached
