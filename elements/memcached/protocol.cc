// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/protocol.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace smartswitch::memcached {
namespace {

struct Command {
  std::string_view word;
  Verb verb;
};
constexpr Command kCommands[] = {{"get", Verb::kGet},
                                 {"gets", Verb::kGets},
                                 {"set", Verb::kSet},
                                 {"add", Verb::kAdd},
                                 {"replace", Verb::kReplace},
                                 {"append", Verb::kAppend},
                                 {"prepend", Verb::kPrepend},
                                 {"cas", Verb::kCas},
                                 {"delete", Verb::kDelete},
                                 {"incr", Verb::kIncr},
                                 {"decr", Verb::kDecr},
                                 {"touch", Verb::kTouch},
                                 {"gat", Verb::kGat},
                                 {"gats", Verb::kGats},
                                 {"mg", Verb::kMetaGet},
                                 {"ms", Verb::kMetaSet},
                                 {"md", Verb::kMetaDelete},
                                 {"ma", Verb::kMetaArithmetic},
                                 {"flush_all", Verb::kFlushAll},
                                 {"bget", Verb::kGet},
                                 {"mn", Verb::kControl},
                                 {"version", Verb::kControl},
                                 {"stats", Verb::kControl},
                                 {"verbosity", Verb::kControl},
                                 {"quit", Verb::kControl},
                                 {"me", Verb::kControl},
                                 {"lru_crawler", Verb::kControl},
                                 {"lru", Verb::kControl},
                                 {"slabs", Verb::kControl},
                                 {"watch", Verb::kControl},
                                 {"cache_memlimit", Verb::kControl},
                                 {"extstore", Verb::kControl},
                                 {"shutdown", Verb::kControl}};

Verb verb_of(std::string_view word) {
  const auto* at = std::find_if(std::begin(kCommands), std::end(kCommands), [&](const Command& c) { return c.word == word; });
  return at == std::end(kCommands) ? Verb::kUnknown : at->verb;
}

// memcached's tokenizer splits at single spaces and skips empty tokens; 8 of them and a rest are all that any command but get looks at.
constexpr std::size_t kMostTokens = 24;

struct Tokens {
  std::array<std::string_view, kMostTokens> token;
  std::size_t count = 0;
  bool too_many = false;
};

Tokens split(std::string_view line) {
  Tokens tokens;
  while (!line.empty()) {
    const std::size_t space = line.find(' ');
    const std::string_view word = line.substr(0, space);
    line = space == std::string_view::npos ? std::string_view() : line.substr(space + 1);
    if (word.empty()) continue;
    if (tokens.count == kMostTokens) {
      tokens.too_many = true;
      break;
    }
    tokens.token[tokens.count++] = word;
  }
  return tokens;
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t v = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return v;
}

bool good_key(std::string_view key) { return !key.empty() && key.size() <= kLongestKey && key_length(key) == key.size(); }

// Everything up to here is the command itself; says what lies behind it.
void set_end(Request& r, std::string_view text, std::size_t end) {
  r.status = end == text.size() ? Status::kWhole : Status::kMoreBehind;
  r.rest = end;
}

void parse_gets(Request& r, std::string_view keys) {
  const std::string_view all = keys;
  bool good = true;
  for (std::string_view key = next_key(keys); !key.empty(); key = next_key(keys)) {
    good = good && good_key(key);
    if (++r.keys == 1) {
      r.key = key;
      r.more_keys = keys;
    }
  }
  if (!good || r.keys == 0 || all.empty()) r.status = Status::kBadKey;
}

// What follows a command line with data: `bytes` of them and CR LF. A length that is no number makes memcached answer with an error and
// swallow nothing or everything, depending on its version: such a request is not followed.
void parse_data(Request& r, std::string_view text, std::size_t line_end, std::string_view bytes) {
  const auto length = number(bytes);
  if (!length || *length < 0 || *length > (std::int64_t{1} << 30)) {
    r.status = Status::kUnsupported;
    return;
  }
  const std::size_t end = line_end + static_cast<std::size_t>(*length) + 2;
  if (end > text.size()) {
    r.status = Status::kIncomplete;
  } else if (text.substr(end - 2, 2) != "\r\n") {
    r.status = Status::kUnsupported;  // memcached answers "bad data chunk" and looks for the next line on its own
  } else {
    set_end(r, text, end);
  }
}

void parse_classic_storage(Request& r, const Tokens& t, std::string_view text, std::size_t line_end) {
  // <command> <key> <flags> <exptime> <bytes> [cas] [noreply]
  const std::size_t plain = r.verb == Verb::kCas ? 6 : 5;
  if (t.count < plain || t.count > plain + 1) {
    r.status = Status::kUnsupported;
    return;
  }
  r.no_reply = t.count == plain + 1 && t.token[plain] == "noreply";
  const auto expiry = number(t.token[3]);
  if (!expiry) {
    r.status = Status::kUnsupported;
    return;
  }
  r.expiry = *expiry;
  parse_data(r, text, line_end, t.token[4]);
}

void parse_meta(Request& r, const Tokens& t, std::string_view text, std::size_t line_end) {
  const std::size_t first_flag = r.verb == Verb::kMetaSet ? 3 : 2;
  for (std::size_t i = first_flag; i < t.count; ++i) {
    const char flag = t.token[i].front();
    if (flag == 'b') {
      r.status = Status::kUnsupported;
      return;
    }
    if (flag == 'q') r.no_reply = true;
    if (flag == 'T' || flag == 'N') r.expiry = number(t.token[i].substr(1)).value_or(1);
  }
  if (r.verb != Verb::kMetaSet) return;
  if (t.count < 3) {
    r.status = Status::kUnsupported;
    return;
  }
  parse_data(r, text, line_end, t.token[2]);
}

void parse_keyed(Request& r, const Tokens& t, std::string_view text, std::size_t line_end) {
  if (t.count < 2 || !good_key(t.token[1])) {
    r.status = Status::kBadKey;
    return;
  }
  r.key = t.token[1];
  r.keys = 1;
  const std::string_view last = t.token[t.count - 1];
  switch (r.verb) {
    case Verb::kSet:
    case Verb::kAdd:
    case Verb::kReplace:
    case Verb::kAppend:
    case Verb::kPrepend:
    case Verb::kCas:
      parse_classic_storage(r, t, text, line_end);
      return;
    case Verb::kMetaGet:
    case Verb::kMetaSet:
    case Verb::kMetaDelete:
    case Verb::kMetaArithmetic:
      parse_meta(r, t, text, line_end);
      return;
    case Verb::kTouch:
      r.expiry = t.count > 2 ? number(t.token[2]).value_or(1) : 0;
      break;
    default:
      break;
  }
  r.no_reply = t.count > 2 && last == "noreply";
}

}  // namespace

std::string_view next_key(std::string_view& more_keys) {
  while (more_keys.starts_with(' ')) more_keys.remove_prefix(1);
  const std::string_view key = more_keys.substr(0, more_keys.find(' '));
  more_keys.remove_prefix(key.size());
  return key;
}

Request parse_request(std::string_view text) {
  Request r;
  if (const std::size_t length = plain_get_key_length(text); length != 0) {
    r.verb = Verb::kGet;
    r.status = Status::kWhole;
    r.keys = 1;
    r.key = text.substr(4, length);
    return r;
  }
  if (text.starts_with('\x80')) return r;  // binary protocol's request magic (protocol_binary.h)
  const std::size_t newline = text.find('\n');
  if (newline == std::string_view::npos) {
    r.verb = verb_of(text.substr(0, text.find(' ')));
    r.status = Status::kIncomplete;
    return r;
  }
  const std::size_t line_end = newline + 1;
  std::string_view line = text.substr(0, newline);
  if (line.ends_with('\r')) line.remove_suffix(1);
  const Tokens tokens = split(line);
  r.verb = tokens.count == 0 ? Verb::kUnknown : verb_of(tokens.token[0]);
  set_end(r, text, line_end);
  switch (r.verb) {
    case Verb::kUnknown:
    case Verb::kControl:
      break;
    case Verb::kFlushAll:
      r.no_reply = tokens.count > 1 && tokens.token[tokens.count - 1] == "noreply";
      r.expiry = tokens.count > 1 ? number(tokens.token[1]).value_or(0) : 0;
      break;
    case Verb::kGet:
    case Verb::kGets:
      parse_gets(r, line.substr(static_cast<std::size_t>(tokens.token[0].end() - line.begin())));
      break;
    case Verb::kGat:
    case Verb::kGats:
      r.expiry = tokens.count > 1 ? number(tokens.token[1]).value_or(1) : 0;
      if (tokens.count < 3) {
        r.status = Status::kBadKey;
      } else {
        parse_gets(r, line.substr(static_cast<std::size_t>(tokens.token[1].end() - line.begin())));
      }
      break;
    default:
      if (tokens.too_many) {
        r.status = Status::kUnsupported;
      } else {
        parse_keyed(r, tokens, text, line_end);
      }
  }
  return r;
}

Reply parse_reply(std::string_view text) {
  Reply reply;
  constexpr std::string_view kValue = "VALUE ";
  constexpr std::string_view kEnd = "\r\nEND\r\n";
  if (!text.starts_with(kValue) || !text.ends_with(kEnd)) return reply;
  const std::size_t line_end = text.find("\r\n");
  const Tokens tokens = split(text.substr(0, line_end));
  if (tokens.count < 4 || tokens.count > 5) return reply;
  const auto length = number(tokens.token[3]);
  if (!length || *length < 0 || static_cast<std::uint64_t>(*length) != text.size() - line_end - 2 - kEnd.size()) return reply;
  reply.kind = ReplyKind::kValue;
  reply.key = tokens.token[1];
  reply.value = text.substr(line_end + 2, static_cast<std::size_t>(*length));
  reply.has_cas = tokens.count == 5;
  return reply;
}

}  // namespace smartswitch::memcached
