// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/item_record.h"

#include <rte_ip.h>

#include <algorithm>
#include <charconv>
#include <iterator>

namespace smartswitch::memcached {

void ItemRecord::read(std::size_t from, std::size_t n, std::uint8_t* out) const {
  std::size_t i = from / 8;
  const std::size_t skip = from % 8;
  if (skip != 0) {
    const std::uint64_t first = word(i++) >> (8 * skip);
    const std::size_t part = std::min(8 - skip, n);
    std::memcpy(out, &first, part);
    out += part;
    n -= part;
  }
  for (; n >= 8; n -= 8, out += 8) {
    const std::uint64_t whole = word(i++);
    std::memcpy(out, &whole, 8);
  }
  if (n == 0) return;
  const std::uint64_t last = word(i);
  std::memcpy(out, &last, n);
}

void ItemRecord::write(std::size_t from, std::string_view bytes) {
  std::size_t i = from / 8;
  std::size_t skip = from % 8;
  while (!bytes.empty()) {
    const std::size_t part = std::min(8 - skip, bytes.size());
    std::uint64_t value = part == 8 ? 0 : word(i);
    std::memcpy(reinterpret_cast<char*>(&value) + skip, bytes.data(), part);
    set_word(i++, value);
    bytes.remove_prefix(part);
    skip = 0;
  }
}

void ItemRecord::set_piece(const Head& h, std::size_t i, Ref ref) {
  const std::size_t at = h.pieces_at() + i / 2;
  const unsigned shift = i % 2 * 32;
  set_word(at, (word(at) & ~(std::uint64_t{0xFFFFFFFF} << shift)) | std::uint64_t{ref} << shift);
}

void ItemRecord::copy_from(const ItemRecord& other, std::uint32_t units) {
  set_head(other.head());
  for (std::size_t i = 0; i < (units * kUnit - kHead) / 8; ++i) set_word(i, other.word(i));
}

namespace {

// What is behind the key of a reply's first line.
struct Suffix {
  Suffix(std::uint32_t flags, std::size_t value_length) {
    char* at = text;
    *at++ = ' ';
    at = std::to_chars(at, std::end(text), flags).ptr;
    *at++ = ' ';
    at = std::to_chars(at, std::end(text), value_length).ptr;
    *at++ = '\r';
    *at++ = '\n';
    length = static_cast<std::size_t>(at - text);
  }
  char text[40];
  std::size_t length;
};

}  // namespace

bool ItemText::fits(const Item& item, std::size_t value_length) {
  return item.key.size() + Suffix(item.flags, value_length).length + value_length <= ItemRecord::kLongestText;
}

ItemText::ItemText(const Item& item, std::size_t value_length, std::uint32_t generation, std::int64_t deadline, std::uint64_t serial)
    : item_(item), serial_(serial) {
  using Kind = ItemRecord::Kind;
  char* const text = reinterpret_cast<char*>(text_) + kTextAt;
  char* end = std::copy(item.key.begin(), item.key.end(), text);
  Suffix suffix(item.flags, value_length);
  if (item.absent) suffix.length = 0;
  end = std::copy(suffix.text, suffix.text + suffix.length, end);
  Kind kind = Kind::kInPieces;
  std::uint16_t sum = 0;
  if (static_cast<std::size_t>(end - text) + value_length <= ItemRecord::kLongestText) {
    kind = Kind::kWhole;
    end = std::copy(item.value.begin(), item.value.end(), end);
    char* const begin = text - ItemRecord::kBefore.size();
    std::copy(ItemRecord::kBefore.begin(), ItemRecord::kBefore.end(), begin);
    const char* const behind = std::copy(ItemRecord::kBehind.begin(), ItemRecord::kBehind.end(), end);
    sum = rte_raw_cksum(begin, static_cast<std::size_t>(behind - begin));
  }
  length_ = static_cast<std::size_t>(end - text);
  const bool has_flags = item.flags != 0 || item.expiry != Item::kExpiryUnknown;
  head_ = ItemRecord::Head(ItemRecord::deadline_ticks(deadline) << 24 | std::uint64_t{item.key.size()} << 16 | sum,
                           std::uint64_t{generation} << 32 | std::uint64_t{static_cast<std::uint8_t>(kind)} << 30 |
                               std::uint64_t{item.cas != 0} << 29 | std::uint64_t{has_flags} << 28 | std::uint64_t{suffix.length} << 21 |
                               value_length);
}

void ItemText::store(ItemRecord& record) const {
  record.set_head(head_);
  for (std::size_t i = 0; i < length_; i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text_ + kTextAt + i, std::min<std::size_t>(8, length_ - i));
    record.set_word(i / 8, word);
  }
  if (head_.has_cas()) record.set_word(head_.cas_at(), item_.cas);
  if (head_.has_flags()) record.set_word(head_.flags_at(), std::uint64_t{item_.expiry} << 32 | item_.flags);
  if (head_.kind() == ItemRecord::Kind::kInPieces) record.set_word(head_.serial_at(), serial_);
}

}  // namespace smartswitch::memcached
