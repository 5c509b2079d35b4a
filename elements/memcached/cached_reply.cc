// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/cached_reply.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <iterator>

#include "elements/memcached/request.h"

namespace smartswitch::memcached {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

}  // namespace

std::optional<CachedReply> CachedReply::make(std::string_view request, std::string_view key, const KeyCache::Hit& hit) {
  std::optional<CachedReply> reply(CachedReply{hit});
  if (hit.length == 0) return reply->make_absent(request) && KeyCache::unchanged(hit) ? reply : std::nullopt;
  const auto details = KeyCache::details(hit);
  if (!details) return std::nullopt;
  reply->details_ = *details;
  reply->value_length_ = details->value_length;
  const bool made = binary::is_request(request) ? reply->make_binary(request, key) : reply->make_text(request, key);
  return made ? reply : std::nullopt;
}

bool CachedReply::make_absent(std::string_view request) {
  if (request.starts_with("get")) return add("END\r\n");
  // With flags, versions of memcached differ in what they repeat.
  const Request r = parse_request(request);
  return r.verb == Verb::kMetaGet && r.flags.find_first_of("kObq") == std::string_view::npos && add("EN\r\n");
}

bool CachedReply::make_text(std::string_view request, std::string_view key) {
  const Request r = parse_request(request);
  if (r.verb == Verb::kMetaGet) return make_meta(r.flags, key);
  if (r.verb == Verb::kGets && details_.cas == 0) return false;
  tail_ = "\r\nEND\r\n";
  return add("VALUE ") && add(key) && add(" ") && add_number(details_.flags) && add(" ") && add_number(details_.value_length) &&
         (r.verb != Verb::kGets || (add(" ") && add_number(details_.cas))) && add(kLineEnd);
}

bool CachedReply::make_meta(std::string_view flags, std::string_view key) {
  bool with_value = false;
  for (std::string_view rest = flags, flag = next_key(rest); !flag.empty(); flag = next_key(rest)) with_value = with_value || flag == "v";
  if (!(with_value ? add("VA ") && add_number(details_.value_length) : add("HD"))) return false;
  std::uint64_t seen = 0;
  for (std::string_view rest = flags, flag = next_key(rest); !flag.empty(); flag = next_key(rest)) {
    const std::uint64_t bit = std::uint64_t{1} << (static_cast<unsigned char>(flag.front()) & 63);
    if ((seen & bit) != 0) return false;  // a flag twice is an error, which a server may tell
    seen |= bit;
    if (!add_meta_flag(flag, key)) return false;
  }
  if (with_value) {
    tail_ = kLineEnd;
  } else {
    value_length_ = 0;
  }
  return add(kLineEnd);
}

bool CachedReply::add_meta_flag(std::string_view flag, std::string_view key) {
  constexpr std::size_t kLongestOpaque = 32;
  if (flag == "v" || flag == "q") return true;
  if (flag == "f") return add(" f") && add_number(details_.flags);
  if (flag == "s") return add(" s") && add_number(details_.value_length);
  if (flag == "c") return details_.cas != 0 && add(" c") && add_number(details_.cas);
  // If the item was stored under a base64 key, memcached says it in base64, which only a fetch finds out.
  if (flag == "k") return details_.expiry != Item::kExpiryUnknown && add(" k") && add(key);
  // The time that is left is the server's to tell: its clock ticks when it likes.
  if (flag == "t") return details_.expiry == Item::kNeverExpires && add(" t-1");
  return flag.starts_with('O') && flag.size() <= kLongestOpaque && add(" ") && add(flag);
}

bool CachedReply::make_binary(std::string_view request, std::string_view key) {
  binary::Header h;
  if (request.size() < sizeof h || details_.cas == 0) return false;
  std::memcpy(&h, request.data(), sizeof h);
  if (h.extras_length != 0 || rte_be_to_cpu_32(h.body_length) != rte_be_to_cpu_16(h.key_length)) return false;  // it breaks the protocol
  const bool with_key = h.opcode == binary::kGetK || h.opcode == binary::kGetKQ;
  const rte_be32_t flags = rte_cpu_to_be_32(details_.flags);
  h.magic = binary::kReply;
  h.key_length = rte_cpu_to_be_16(static_cast<std::uint16_t>(with_key ? key.size() : 0));
  h.extras_length = sizeof flags;
  h.data_type = 0;
  h.status = rte_cpu_to_be_16(binary::kOk);
  h.body_length = rte_cpu_to_be_32(static_cast<std::uint32_t>(sizeof flags + (with_key ? key.size() : 0) + value_length_));
  h.cas = rte_cpu_to_be_64(details_.cas);
  return add({reinterpret_cast<const char*>(&h), sizeof h}) && add({reinterpret_cast<const char*>(&flags), sizeof flags}) &&
         (!with_key || add(key));
}

bool CachedReply::add(std::string_view text) {
  if (text.size() > sizeof head_ - head_length_) return false;
  std::copy(text.begin(), text.end(), head_ + head_length_);
  head_length_ += text.size();
  return true;
}

bool CachedReply::add_number(std::uint64_t number) {
  char digits[20];
  const char* const end = std::to_chars(std::begin(digits), std::end(digits), number).ptr;
  return add({digits, static_cast<std::size_t>(end - digits)});
}

bool CachedReply::read(const KeyCache& cache, std::size_t from, std::size_t n, char* out) const {
  // What of a part of the reply lies in [from, from + n): where in the part, and how much.
  const auto take = [&](std::size_t size, auto&& copy) {
    if (n == 0) return true;
    if (from >= size) {
      from -= size;
      return true;
    }
    const std::size_t bytes = std::min(n, size - from);
    const bool good = copy(from, bytes);
    out += bytes;
    n -= bytes;
    from = 0;
    return good;
  };
  const auto text = [&](std::string_view from_text) {
    return [&out, from_text](std::size_t at, std::size_t bytes) {
      std::memcpy(out, from_text.data() + at, bytes);
      return true;
    };
  };
  return take(head_length_, text({head_, head_length_})) &&
         take(value_length_,
              [&](std::size_t at, std::size_t bytes) { return cache.read_value(hit_, at, bytes, reinterpret_cast<std::uint8_t*>(out)); }) &&
         take(tail_.size(), text(tail_));
}

}  // namespace smartswitch::memcached
