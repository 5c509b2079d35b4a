// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/fetched_values.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <span>

namespace smartswitch::memcached {

FetchedValues::FetchedValues(KeyCache& cache) : cache_(cache), values_(std::make_unique<Value[]>(kAtOnce)) {}

bool FetchedValues::add(const Datagram& datagram, std::int64_t now) {
  if (datagram.total <= 1 || datagram.sequence == 0) return begin(datagram, now);
  const std::span<Value> values(values_.get(), kAtOnce);
  const auto value = std::find_if(values.begin(), values.end(), [&](const Value& v) { return v.fetch == datagram.fetch; });
  return value != values.end() && go_on(*value, datagram, now);
}

std::optional<FetchedValues::Found> FetchedValues::read(const Reply& reply, const KeyCache::Permit& permit, std::string_view key) {
  // The name is another one where memcached holds the key in base64. What was marked as stale is between two clients and their server.
  if (reply.kind != ReplyKind::kValue || reply.key != key || !reply.has_cas) return std::nullopt;
  for (const char flag : {'W', 'X', 'Z'}) {
    if (meta_flag(reply.flags, flag).data() != nullptr) return std::nullopt;
  }
  const std::string_view t = meta_flag(reply.flags, 't');
  std::int64_t seconds = 0;
  if (std::from_chars(t.data(), t.data() + t.size(), seconds).ec != std::errc{}) return std::nullopt;
  Found found;
  found.item.flags = reply.client_flags;
  found.item.cas = reply.cas;
  if (seconds < 0) {
    found.item.expiry = Item::kNeverExpires;
    found.deadline = std::numeric_limits<std::int64_t>::max();
  } else {
    // memcached's clock ticks once a second: of the last one that it speaks of, any part may be over.
    constexpr std::int64_t kSecond = 1'000'000'000;
    if (seconds <= 1 || seconds > std::numeric_limits<std::int32_t>::max()) return std::nullopt;
    found.deadline = KeyCache::sent_at(permit) + (seconds - 1) * kSecond;
    found.item.expiry = static_cast<std::uint32_t>(KeyCache::sent_at(permit) / kSecond + seconds);
  }
  return found;
}

bool FetchedValues::begin(const Datagram& datagram, std::int64_t now) {
  const auto permit = cache_.answered(datagram.ticket, now);
  if (!permit) return false;
  KeyBuffer buffer;
  const std::string_view key = cache_.fetches().key_of(datagram.fetch, buffer);
  if (key.empty()) return false;
  const Reply reply = parse_reply(datagram.text);
  if (reply.kind == ReplyKind::kNotFound) {
    if (cache_.absent(*permit, key, now)) cache_.fetches().close(datagram.fetch);
    return false;
  }
  const auto found = read(reply, *permit, key);
  if (!found) return false;
  if (datagram.total <= 1) {
    Item item = found->item;
    item.key = key;
    item.value = reply.data;
    return reply.whole && over(datagram.fetch, cache_.fill(*permit, item, found->deadline, now));
  }
  const auto draft = KeyCache::draft(reply.body - 2);
  if (!draft || datagram.total > kMostDatagrams) return false;
  const std::span<Value> values(values_.get(), kAtOnce);
  Value& value = *std::min_element(values.begin(), values.end(), [](const Value& a, const Value& b) { return a.began < b.began; });
  value.fetch = datagram.fetch;
  value.began = now;
  value.permit = *permit;
  value.item = found->item;
  value.deadline = found->deadline;
  value.draft = *draft;
  value.head = reply.head;
  value.datagram = datagram.text.size();
  value.total = datagram.total;
  value.has.reset();
  return go_on(value, datagram, now);
}

bool FetchedValues::go_on(Value& value, const Datagram& datagram, std::int64_t now) {
  const bool last = datagram.sequence + 1 == value.total;
  const bool fits = datagram.total == value.total && datagram.sequence < value.total &&
                    (last ? datagram.text.size() <= value.datagram : datagram.text.size() == value.datagram);
  if (!fits || value.has[datagram.sequence]) return false;
  value.has.set(datagram.sequence);
  if (!write(value, datagram, now)) {
    value = Value();
    return false;
  }
  return value.has.count() == value.total && finish(value, now);
}

// The value's part of a datagram; what is behind it has to be the end of a line.
bool FetchedValues::write(Value& value, const Datagram& datagram, std::int64_t now) {
  constexpr std::string_view kEnd = "\r\n";
  std::string_view text = datagram.text;
  std::size_t at = datagram.sequence * value.datagram;
  if (datagram.sequence == 0) {
    text.remove_prefix(std::min(value.head, text.size()));
  } else {
    at -= value.head;
  }
  const std::size_t size = value.draft.value_length;
  const std::string_view data = text.substr(0, at < size ? size - at : 0);
  const std::string_view behind = text.substr(data.size());
  const std::size_t behind_at = at + data.size();
  if (!behind.empty() && (behind_at < size || behind_at - size > kEnd.size() || kEnd.substr(behind_at - size, behind.size()) != behind)) {
    return false;
  }
  const bool is_last = datagram.sequence + 1 == value.total;
  if (is_last && at + text.size() != size + kEnd.size()) return false;
  return cache_.write(value.permit, value.draft, std::min(at, size), data, now);
}

bool FetchedValues::finish(Value& value, std::int64_t now) {
  KeyBuffer buffer;
  value.item.key = cache_.fetches().key_of(value.fetch, buffer);
  const bool filled = !value.item.key.empty() && cache_.fill(value.permit, value.item, value.draft, value.deadline, now);
  const std::uint64_t fetch = value.fetch;
  value = Value();
  return over(fetch, filled);
}

// What a write came between may be fetched again at once.
bool FetchedValues::over(std::uint64_t fetch, bool filled) {
  cache_.fetches().close(fetch);
  return filled;
}

}  // namespace smartswitch::memcached
