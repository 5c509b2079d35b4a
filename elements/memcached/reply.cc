// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/reply.h"

#include <algorithm>
#include <charconv>

#include "elements/memcached/binary_protocol.h"
#include "elements/memcached/request.h"

namespace smartswitch::memcached {
namespace {

struct Answer {
  std::string_view word;
  ReplyKind kind;
};
constexpr Answer kAnswers[] = {
    {"VALUE", ReplyKind::kValue},
    {"END", ReplyKind::kEnd},
    {"STORED", ReplyKind::kDone},
    {"NOT_STORED", ReplyKind::kNotDone},
    {"EXISTS", ReplyKind::kNotDone},
    {"NOT_FOUND", ReplyKind::kNotFound},
    {"DELETED", ReplyKind::kDone},
    {"TOUCHED", ReplyKind::kDone},
    {"OK", ReplyKind::kDone},
    {"ERROR", ReplyKind::kError},
    {"CLIENT_ERROR", ReplyKind::kError},
    {"SERVER_ERROR", ReplyKind::kError},
    {"VERSION", ReplyKind::kInformation},
    {"STAT", ReplyKind::kInformation},
    {"VA", ReplyKind::kValue},
    {"HD", ReplyKind::kDone},
    {"EN", ReplyKind::kNotFound},
    {"NF", ReplyKind::kNotFound},
    {"NS", ReplyKind::kNotDone},
    {"EX", ReplyKind::kNotDone},
    {"MN", ReplyKind::kEnd},
    {"ME", ReplyKind::kInformation},
};

template <class Number>
bool read_number(std::string_view text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

void read_value_data(Reply& r, std::string_view text, std::size_t size) {
  r.body = size + 2;
  r.data = text.substr(r.head, size);
  r.whole = text.size() >= r.size() && text.substr(r.head + size, 2) == "\r\n";
}

// VALUE <key> <flags> <bytes> [<cas unique>]
void read_value(Reply& r, std::string_view words, std::string_view text) {
  r.key = next_key(words);
  const std::string_view flags = next_key(words);
  const std::string_view bytes = next_key(words);
  const std::string_view cas = next_key(words);
  std::size_t size = 0;
  r.has_cas = !cas.empty();
  if (r.key.size() > kLongestKey || !read_number(flags, r.client_flags) || !read_number(bytes, size) || size > kLongestData ||
      (r.has_cas && !read_number(cas, r.cas)) || !next_key(words).empty()) {
    r.kind = ReplyKind::kNone;
    return;
  }
  read_value_data(r, text, size);
}

// VA <size> <flags>*
void read_meta_value(Reply& r, std::string_view words, std::string_view text) {
  std::size_t size = 0;
  if (!read_number(next_key(words), size) || size > kLongestData) {
    r.kind = ReplyKind::kNone;
    return;
  }
  read_value_data(r, text, size);
  r.flags = words;
  r.has_cas = read_number(meta_flag(words, 'c'), r.cas);
  read_number(meta_flag(words, 'f'), r.client_flags);
  r.key = meta_flag(words, 'k');
}

Reply parse_text_reply(std::string_view text) {
  Reply r;
  const std::size_t newline = text.find('\n');
  if (newline == std::string_view::npos) return r;
  r.head = newline + 1;
  std::string_view words = text.substr(0, newline);
  if (words.ends_with('\r')) words.remove_suffix(1);
  const std::string_view word = next_key(words);
  const auto* answer = std::find_if(std::begin(kAnswers), std::end(kAnswers), [&](const Answer& a) { return a.word == word; });
  if (answer == std::end(kAnswers)) {
    r.kind = is_number(word) ? ReplyKind::kDone : ReplyKind::kNone;
    r.whole = r.kind != ReplyKind::kNone;
    return r;
  }
  r.kind = answer->kind;
  r.whole = true;
  if (word == "VALUE") {
    r.whole = false;
    read_value(r, words, text);
  } else if (word == "VA") {
    r.whole = false;
    read_meta_value(r, words, text);
  } else {
    r.flags = words;
  }
  return r;
}

ReplyKind kind_of(const binary::Header& h) {
  switch (rte_be_to_cpu_16(h.status)) {
    case binary::kOk:
      break;
    case binary::kKeyNotFound:
      return ReplyKind::kNotFound;
    case 0x0002:  // key exists
    case 0x0005:  // item not stored
      return ReplyKind::kNotDone;
    default:
      return ReplyKind::kError;
  }
  switch (binary::command(h.opcode).verb) {
    case Verb::kGet:
    case Verb::kGat:
      return ReplyKind::kValue;
    case Verb::kNoop:
      return ReplyKind::kEnd;
    case Verb::kVersion:
    case Verb::kStats:
      return ReplyKind::kInformation;
    default:
      return ReplyKind::kDone;
  }
}

Reply parse_binary_reply(std::string_view text) {
  Reply r;
  r.protocol = Protocol::kBinary;
  if (text.size() < sizeof(binary::Header)) return r;
  binary::Header h;
  std::memcpy(&h, text.data(), sizeof h);
  const std::size_t key = rte_be_to_cpu_16(h.key_length);
  const std::size_t all = rte_be_to_cpu_32(h.body_length);
  const std::size_t head = sizeof h + h.extras_length + key;
  if (h.extras_length + key > all || all > kLongestData || text.size() < head) return r;
  r.kind = kind_of(h);
  r.head = head;
  r.body = all - h.extras_length - key;
  r.key = text.substr(head - key, key);
  r.data = text.substr(head, r.body);
  r.whole = text.size() >= r.size();
  r.cas = rte_be_to_cpu_64(h.cas);
  r.has_cas = r.cas != 0;
  if (r.kind == ReplyKind::kValue && h.extras_length >= sizeof r.client_flags) {
    std::memcpy(&r.client_flags, text.data() + sizeof h, sizeof r.client_flags);
    r.client_flags = rte_be_to_cpu_32(r.client_flags);
  }
  return r;
}

}  // namespace

std::string_view meta_flag(std::string_view flags, char flag) {
  for (std::string_view word = next_key(flags); !word.empty(); word = next_key(flags)) {
    if (word.front() == flag) return word.substr(1);
  }
  return {};
}

Reply parse_reply(std::string_view text) { return binary::is_reply(text) ? parse_binary_reply(text) : parse_text_reply(text); }

}  // namespace smartswitch::memcached
