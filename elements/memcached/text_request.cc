// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Requests in the text and meta protocols (protocol.txt). Where the document leaves open what a server does with a line that is not as it
// should be, what memcached 1.6 does decides: it splits at spaces only, looks at no more than 24 words, and after an error takes the next
// line for a command.
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "elements/memcached/binary_protocol.h"
#include "elements/memcached/binary_request.h"
#include "elements/memcached/request.h"

namespace smartswitch::memcached {
namespace {

constexpr CommandWord kWords[] = {{"get", Verb::kGet},
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
                                  {"me", Verb::kMetaDebug},
                                  {"mn", Verb::kNoop},
                                  {"flush_all", Verb::kFlushAll},
                                  {"bget", Verb::kGet},
                                  {"version", Verb::kVersion},
                                  {"stats", Verb::kStats},
                                  {"verbosity", Verb::kVerbosity},
                                  {"quit", Verb::kQuit},
                                  {"lru_crawler", Verb::kAdmin},
                                  {"lru", Verb::kAdmin},
                                  {"slabs", Verb::kAdmin},
                                  {"watch", Verb::kAdmin},
                                  {"cache_memlimit", Verb::kAdmin},
                                  {"extstore", Verb::kAdmin},
                                  {"refresh_certs", Verb::kAdmin},
                                  {"shutdown", Verb::kAdmin}};

Verb verb_of(std::string_view word) {
  const auto* at = std::find_if(std::begin(kWords), std::end(kWords), [&](const CommandWord& w) { return w.word == word; });
  return at == std::end(kWords) ? Verb::kUnknown : at->verb;
}

constexpr std::size_t kMostTokens = 24;

struct Tokens {
  std::array<std::string_view, kMostTokens> token;
  std::size_t count = 0;
  bool too_many = false;
  [[nodiscard]] std::string_view last() const { return token[count - 1]; }
};

Tokens split(std::string_view line) {
  Tokens tokens;
  for (std::string_view word = next_key(line); !word.empty(); word = next_key(line)) {
    if (tokens.count == kMostTokens) {
      tokens.too_many = true;
      break;
    }
    tokens.token[tokens.count++] = word;
  }
  return tokens;
}

std::optional<std::int64_t> number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);  // strtol() takes it
  std::int64_t v = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return v;
}

// memcached looks for nothing but spaces and line ends in a key.
bool good_key(std::string_view key) { return !key.empty() && key.size() <= kLongestKey; }

void read_keys(Request& r, std::string_view keys) {
  bool good = true;
  for (std::string_view key = next_key(keys); !key.empty(); key = next_key(keys)) {
    good = good && good_key(key);
    if (++r.keys == 1) {
      r.key = key;
      r.more_keys = keys;
    }
  }
  if (!good || r.keys == 0) r.status = Status::kBadLine;
}

// The data behind a command line: `bytes` of them and CR LF.
void read_data(Request& r, std::string_view text, std::string_view bytes) {
  const auto length = number(bytes);
  if (!length || *length < 0 || *length > static_cast<std::int64_t>(kLongestData)) {
    r.status = Status::kBadLine;
    return;
  }
  r.body = static_cast<std::size_t>(*length) + 2;
  if (r.size() > text.size()) {
    r.status = Status::kIncomplete;
  } else if (text.substr(r.size() - 2, 2) != "\r\n") {
    r.status = Status::kBadData;
  }
}

void read_storage(Request& r, const Tokens& t, std::string_view text) {
  // <command> <key> <flags> <exptime> <bytes> [cas] [noreply]
  const std::size_t plain = r.verb == Verb::kCas ? 6 : 5;
  const bool more = t.count == plain + 1;
  if (t.count != plain && !more) {
    r.status = Status::kNoCommand;
    return;
  }
  r.quiet = more && t.token[plain] == "noreply";
  const auto flags = number(t.token[2]);
  const auto expiry = number(t.token[3]);
  if (!flags || !expiry || (more && !r.quiet)) {
    r.status = Status::kBadLine;
    return;
  }
  r.expiry = *expiry;
  read_data(r, text, t.token[4]);
}

void read_meta(Request& r, const Tokens& t, std::string_view text) {
  const std::size_t first_flag = r.verb == Verb::kMetaSet ? 3 : 2;
  if (t.count > first_flag) {
    const char* const flags = t.token[first_flag].data();
    r.flags = {flags, static_cast<std::size_t>(t.last().end() - flags)};
  }
  for (std::size_t i = first_flag; i < t.count; ++i) {
    switch (t.token[i].front()) {
      case 'b':
        r.encoded_key = true;
        break;
      case 'q':
        r.quiet = true;
        break;
      case 'I':
        r.stale = r.verb == Verb::kMetaDelete;
        break;
      case 'N':  // creates what is not there
      case 'R':  // takes the right to renew
      case 'E':  // gives the item a version
      case 'T':
        if (r.verb == Verb::kMetaGet) r.writes = true;
        if (t.token[i].front() == 'T' || t.token[i].front() == 'N') r.expiry = number(t.token[i].substr(1)).value_or(1);
        break;
      default:
        break;
    }
  }
  if (r.encoded_key) {
    KeyBuffer buffer;
    if (decode_key(r.key, buffer).empty()) r.status = Status::kBadLine;
  }
  if (r.verb != Verb::kMetaSet) return;
  if (t.count < 3) {
    r.status = Status::kBadLine;
  } else {
    read_data(r, text, t.token[2]);
  }
}

void read_keyed(Request& r, const Tokens& t, std::string_view text) {
  const bool meta = r.verb == Verb::kMetaGet || r.verb == Verb::kMetaDebug || r.verb >= Verb::kMetaSet;
  if (t.count < 2 || t.too_many || !good_key(t.token[1])) {
    r.status = (t.count < 2 || t.too_many) && !meta ? Status::kNoCommand : Status::kBadLine;
    return;
  }
  r.key = t.token[1];
  r.keys = 1;
  switch (r.verb) {
    case Verb::kSet:
    case Verb::kAdd:
    case Verb::kReplace:
    case Verb::kAppend:
    case Verb::kPrepend:
    case Verb::kCas:
      read_storage(r, t, text);
      return;
    case Verb::kMetaGet:
    case Verb::kMetaSet:
    case Verb::kMetaDelete:
    case Verb::kMetaArithmetic:
      read_meta(r, t, text);
      return;
    case Verb::kTouch:
      r.expiry = t.count > 2 ? number(t.token[2]).value_or(1) : 0;
      break;
    default:
      break;
  }
  r.quiet = t.count > 2 && t.last() == "noreply";
}

void read_line(Request& r, const Tokens& t, std::string_view line, std::string_view text) {
  const auto behind = [&](std::size_t token) { return line.substr(static_cast<std::size_t>(t.token[token].end() - line.begin())); };
  switch (r.verb) {
    case Verb::kGet:
    case Verb::kGets:
      read_keys(r, behind(0));
      break;
    case Verb::kGat:
    case Verb::kGats:
      r.expiry = t.count > 1 ? number(t.token[1]).value_or(1) : 0;
      read_keys(r, t.count > 1 ? behind(1) : std::string_view());
      break;
    case Verb::kFlushAll:
      r.quiet = t.last() == "noreply";
      r.expiry = t.count > 1 ? number(t.token[1]).value_or(0) : 0;
      break;
    case Verb::kVerbosity:
      r.quiet = t.last() == "noreply";
      break;
    default:
      if (r.verb < Verb::kFlushAll) read_keyed(r, t, text);
  }
}

}  // namespace

std::span<const CommandWord> command_words() { return kWords; }

std::string_view next_key(std::string_view& more_keys) {
  while (more_keys.starts_with(' ')) more_keys.remove_prefix(1);
  const std::string_view key = more_keys.substr(0, more_keys.find(' '));
  more_keys.remove_prefix(key.size());
  return key;
}

std::string_view decode_key(std::string_view encoded, KeyBuffer& buffer) {
  if (encoded.empty() || encoded.size() % 4 != 0 || encoded.size() > kLongestKey || encoded.find_first_of("\t\n\v\f\r") != encoded.npos)
    return {};
  const std::size_t padding = encoded.size() - std::min(encoded.find('='), encoded.size());
  if (padding > 2) return {};
  const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(buffer.bytes), reinterpret_cast<const unsigned char*>(encoded.data()),
                                     static_cast<int>(encoded.size()));
  if (length < 0) return {};
  return {buffer.bytes, static_cast<std::size_t>(length) - padding};
}

Request parse_request(std::string_view text) {
  Request r;
  if (const std::size_t length = plain_get_key_length(text); length != 0) {
    r.verb = Verb::kGet;
    r.status = Status::kWhole;
    r.keys = 1;
    r.key = text.substr(4, length);
    r.head = text.size();
    return r;
  }
  if (binary::is_request(text)) return binary::parse_request(text);
  const std::size_t newline = text.find('\n');
  if (newline == std::string_view::npos) {
    r.verb = verb_of(text.substr(0, text.find(' ')));
    r.writes = r.verb >= Verb::kSet && r.verb <= Verb::kFlushAll;
    return r;
  }
  r.head = newline + 1;
  std::string_view line = text.substr(0, newline);
  if (line.ends_with('\r')) line.remove_suffix(1);
  const Tokens tokens = split(line);
  r.verb = tokens.count == 0 ? Verb::kUnknown : verb_of(tokens.token[0]);
  r.writes = r.verb >= Verb::kSet && r.verb <= Verb::kFlushAll;
  if (line.find('\0') != std::string_view::npos) {
    // There memcached stops reading the line: to it, "flush_all\0x" is a flush_all.
    r.status = Status::kBadLine;
    r.writes = true;
    return r;
  }
  r.status = Status::kWhole;
  read_line(r, tokens, line, text);
  // After a line that is wrong and has no data, memcached goes on with the next one.
  const bool goes_on = r.status == Status::kWhole || (r.status == Status::kBadLine && !r.writes);
  if (goes_on && r.size() < text.size()) r.status = Status::kMoreBehind;
  return r;
}

}  // namespace smartswitch::memcached
