// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "elements/memcached/binary_protocol.h"
#include "elements/memcached/key_cache.h"

namespace smartswitch::memcached {

/// The reply that a server would give to a get, gets, mg or binary get, from an item of the cache: what is before the value, the value, and
/// what is behind it. As many bytes of it at a time as a datagram takes.
class CachedReply {
 public:
  /// `request` is what stands behind the frame header, whole and of one key, and the item's name is `key`. Both have to stay as they are.
  /// Nothing if a server has to answer: the request wants what the cache does not know, or the item has been changed meanwhile.
  static std::optional<CachedReply> make(std::string_view request, std::string_view key, const KeyCache::Hit& hit);

  [[nodiscard]] std::size_t size() const { return head_length_ + value_length_ + tail_.size(); }
  /// `n` bytes, from `from` on. False if the item has been changed: what is in `out` is of no use then.
  bool read(const KeyCache& cache, std::size_t from, std::size_t n, char* out) const;

 private:
  explicit CachedReply(const KeyCache::Hit& hit) : hit_(hit) {}
  bool make_text(std::string_view request, std::string_view key);
  bool make_absent(std::string_view request);
  bool make_meta(std::string_view flags, std::string_view key);
  bool add_meta_flag(std::string_view flag, std::string_view key);
  bool make_binary(std::string_view request, std::string_view key);
  bool add(std::string_view text);
  bool add_number(std::uint64_t number);

  KeyCache::Hit hit_;
  KeyCache::Details details_;
  std::size_t head_length_ = 0;
  std::size_t value_length_ = 0;
  std::string_view tail_;
  char head_[512];
};

}  // namespace smartswitch::memcached
