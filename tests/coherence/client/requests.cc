// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "tests/coherence/client/requests.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "tests/integration/memcached_client/udp.h"
#include "tests/integration/memcached_client/value.h"

namespace coherence {
namespace {

template <class Number>
bool read_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

// The data that an argument stands for.
std::string data_of(const std::string& argument, std::string_view key) {
  const std::size_t colon = argument.find(':');
  std::uint64_t version = 0;
  std::size_t size = 0;
  if (colon == std::string::npos || !read_number(std::string_view(argument).substr(0, colon), version) ||
      !read_number(std::string_view(argument).substr(colon + 1), size)) {
    return argument;
  }
  return client::value_of(key, version, size);
}

// And back. What decr makes shorter, memcached may fill up with spaces (protocol.txt, "Increment/Decrement").
std::string argument_of(std::string_view data, std::string_view key) {
  if (const auto version = client::version_of(key, data)) return checked_value(*version, data.size());
  return std::string(data.substr(0, data.find_last_not_of(' ') + 1));
}

template <class Number>
bool take_number(std::string_view& line, Number& number) {
  return read_number(client::take_word(line), number);
}

// Takes a line off the front; nothing if there is no whole one.
std::optional<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find("\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 2);
  return line;
}

// Takes data, and the end of line behind it.
std::optional<std::string_view> take_data(std::string_view& text, std::size_t bytes) {
  if (text.size() < bytes + 2 || text.substr(bytes, 2) != "\r\n") return std::nullopt;
  const std::string_view data = text.substr(0, bytes);
  text.remove_prefix(bytes + 2);
  return data;
}

struct Value {
  std::string_view key;
  std::uint32_t flags = 0;
  std::uint64_t version = 0;
  std::string_view data;
};

void note(const Value& value, Operation& operation) {
  operation.outcome = Outcome::kOk;
  operation.result = argument_of(value.data, value.key);
  operation.flags = value.flags;
  if (shows_version(operation.kind)) operation.number = value.version;
}

bool counts(Kind kind) { return kind == Kind::kIncr || kind == Kind::kDecr; }

// ---- the text protocol

std::string text_request(const Operation& o, std::string_view key) {
  const std::string_view name = name_of(o.kind);
  const std::string_view quiet = o.quiet ? " noreply" : "";
  switch (o.kind) {
    case Kind::kGet:
    case Kind::kGets:
      return fmt::format("{} {}\r\n", name, key);
    case Kind::kDelete:
      return fmt::format("delete {}{}\r\n", key, quiet);
    case Kind::kGat:
    case Kind::kGats:
      return fmt::format("{} {} {}\r\n", name, o.expiry, key);
    case Kind::kTouch:
      return fmt::format("touch {} {}{}\r\n", key, o.expiry, quiet);
    case Kind::kIncr:
    case Kind::kDecr:
      return fmt::format("{} {} {}{}\r\n", name, key, o.number, quiet);
    case Kind::kFlush:
      return "flush_all\r\n";
    default:
      break;
  }
  const std::string data = data_of(o.argument, key);
  const std::string version = o.kind == Kind::kCas ? fmt::format(" {}", o.number) : "";
  return fmt::format("{} {} {} {} {}{}{}\r\n{}\r\n", name, key, o.flags, o.expiry, data.size(), version, quiet, data);
}

// "VALUE key flags bytes [version]", data.
bool take_value(std::string_view& text, Value& value) {
  if (!text.starts_with("VALUE ")) return false;
  auto line = take_line(text);
  if (!line) return false;
  client::take_word(*line);
  value.key = client::take_word(*line);
  std::size_t bytes = 0;
  if (!take_number(*line, value.flags) || !take_number(*line, bytes)) return false;
  if (!line->empty() && !read_number(*line, value.version)) return false;
  const auto data = take_data(text, bytes);
  if (data) value.data = *data;
  return data.has_value();
}

bool take_end(std::string_view& text) { return take_line(text) == "END"; }

std::optional<Outcome> text_outcome(std::string_view line, Operation& o) {
  if (line == "STORED" && stores(o.kind)) return Outcome::kOk;
  if (line == "NOT_STORED" && stores(o.kind) && o.kind != Kind::kSet && o.kind != Kind::kCas) return Outcome::kRefused;
  if (line == "EXISTS" && o.kind == Kind::kCas) return Outcome::kRefused;
  if (line == "NOT_FOUND" && (!stores(o.kind) || o.kind == Kind::kCas) && o.kind != Kind::kFlush) return Outcome::kMissing;
  if (line == "DELETED" && o.kind == Kind::kDelete) return Outcome::kOk;
  if (line == "TOUCHED" && o.kind == Kind::kTouch) return Outcome::kOk;
  if (line == "OK" && o.kind == Kind::kFlush) return Outcome::kOk;
  if (!counts(o.kind)) return std::nullopt;
  if (line.starts_with("CLIENT_ERROR cannot increment")) return Outcome::kRefused;
  std::uint64_t number = 0;
  if (!read_number(line, number)) return std::nullopt;
  o.result = line;
  return Outcome::kOk;
}

bool take_text_answer(std::string_view& text, std::string_view key, Operation& o) {
  if (reads_value(o.kind)) {
    Value value;
    if (text.starts_with("END\r\n")) {
      o.outcome = Outcome::kMissing;
    } else {
      if (!take_value(text, value) || value.key != key) return false;
      note(value, o);
    }
    return take_end(text);
  }
  const auto line = take_line(text);
  const auto outcome = line ? text_outcome(*line, o) : std::nullopt;
  if (outcome) o.outcome = *outcome;
  return outcome.has_value();
}

// ---- meta commands

std::string base64(std::string_view text) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string code;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t j = i; j < i + 3; ++j) bits = bits << 8 | (j < text.size() ? static_cast<unsigned char>(text[j]) : 0U);
    for (unsigned j = 0; j < 4; ++j) code += i + j > text.size() ? '=' : kDigits[bits >> (18 - 6 * j) & 63U];
  }
  return code;
}

std::string meta_key(const Operation& o, std::string_view key) { return o.form == Form::kMetaBase64 ? base64(key) : std::string(key); }

// The mode of a storage command.
char meta_mode(Kind kind) {
  switch (kind) {
    case Kind::kAdd:
      return 'E';
    case Kind::kReplace:
      return 'R';
    case Kind::kAppend:
      return 'A';
    case Kind::kPrepend:
      return 'P';
    default:
      return 'S';
  }
}

std::string meta_request(const Operation& o, std::string_view key) {
  const std::string name = meta_key(o, key) + (o.form == Form::kMetaBase64 ? " b" : "");
  const std::string_view quiet = o.quiet ? " q" : "";
  const std::string version = (o.kind == Kind::kCas || o.kind == Kind::kDelete) && o.number != 0 ? fmt::format(" C{}", o.number) : "";
  switch (o.kind) {
    case Kind::kGet:
      return fmt::format("mg {} k v f\r\n", name);
    case Kind::kGets:
      return fmt::format("mg {} k v f c\r\n", name);
    case Kind::kGat:
      return fmt::format("mg {} k v f T{}\r\n", name, o.expiry);
    case Kind::kGats:
      return fmt::format("mg {} k v f c T{}\r\n", name, o.expiry);
    case Kind::kTouch:
      return fmt::format("mg {} T{}{}\r\n", name, o.expiry, quiet);
    case Kind::kDelete:
      return fmt::format("md {}{}{}\r\n", name, version, quiet);
    case Kind::kIncr:
    case Kind::kDecr:
      return fmt::format("ma {} M{} D{} v{}\r\n", name, o.kind == Kind::kIncr ? 'I' : 'D', o.number, quiet);
    default:
      break;
  }
  const std::string data = data_of(o.argument, key);
  const std::size_t space = name.find(' ');  // the data's length comes behind the key
  return fmt::format("ms {} {}{} M{} F{} T{}{}{}\r\n{}\r\n", name.substr(0, space), data.size(),
                     space == std::string::npos ? "" : name.substr(space), meta_mode(o.kind), o.flags, o.expiry, version, quiet, data);
}

// "VA bytes", flags and data. The key comes back as the item was stored, whichever way it is asked for.
bool take_meta_value(std::string_view line, std::string_view& text, std::string_view key, Operation& o) {
  Value value;
  value.key = key;
  std::size_t bytes = 0;
  bool right_key = counts(o.kind);
  client::take_word(line);
  if (!take_number(line, bytes)) return false;
  while (!line.empty()) {
    const std::string_view word = client::take_word(line);
    if (word.empty()) continue;
    const std::string_view rest = word.substr(1);
    if (word[0] == 'k') right_key = rest == key || rest == base64(key);
    if (word[0] == 'f' && !read_number(rest, value.flags)) return false;
    if (word[0] == 'c' && !read_number(rest, value.version)) return false;
  }
  const auto data = take_data(text, bytes);
  if (!data || !right_key || (shows_version(o.kind) && value.version == 0)) return false;
  value.data = *data;
  if (counts(o.kind)) {
    o.outcome = Outcome::kOk;
    o.result = argument_of(value.data, key);
  } else {
    note(value, o);
  }
  return true;
}

std::optional<Outcome> meta_outcome(std::string_view line, const Operation& o) {
  const std::string_view code = client::take_word(line);
  const bool conditional = o.kind == Kind::kCas || (o.kind == Kind::kDelete && o.number != 0);
  if (code == "HD" && !reads_value(o.kind) && !counts(o.kind)) return Outcome::kOk;
  if (code == "NS" && stores(o.kind) && o.kind != Kind::kSet && o.kind != Kind::kCas) return Outcome::kRefused;
  if (code == "EX" && conditional) return Outcome::kRefused;
  if (code == "NF" && (o.kind == Kind::kCas || o.kind == Kind::kDelete || counts(o.kind))) return Outcome::kMissing;
  if (code == "EN" && (reads_value(o.kind) || o.kind == Kind::kTouch)) return Outcome::kMissing;
  if (code == "CLIENT_ERROR" && counts(o.kind) && line.starts_with("cannot increment")) return Outcome::kRefused;
  return std::nullopt;
}

bool take_meta_answer(std::string_view& text, std::string_view key, Operation& o) {
  const auto line = take_line(text);
  if (!line) return false;
  if (line->starts_with("VA ") && (reads_value(o.kind) || counts(o.kind))) return take_meta_value(*line, text, key, o);
  const auto outcome = meta_outcome(*line, o);
  if (outcome) o.outcome = *outcome;
  return outcome.has_value();
}

// ---- the binary protocol

template <class Number>
void put(std::string& text, Number number) {
  for (std::size_t i = sizeof number; i-- > 0;) text += static_cast<char>(number >> (8 * i) & 0xFFU);
}

std::uint64_t number_in(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char c : bytes) number = number << 8 | static_cast<unsigned char>(c);
  return number;
}

constexpr std::size_t kBinaryHeader = 24;

// With the quiet form of each; 0: it has none.
struct Opcodes {
  std::uint8_t loud, quiet;
};
Opcodes opcodes_of(Kind kind) {
  switch (kind) {
    case Kind::kGet:
    case Kind::kGets:
      return {0x00, 0};
    case Kind::kGat:
    case Kind::kGats:
      return {0x1D, 0};
    case Kind::kAdd:
      return {0x02, 0x12};
    case Kind::kReplace:
      return {0x03, 0x13};
    case Kind::kAppend:
      return {0x0E, 0x19};
    case Kind::kPrepend:
      return {0x0F, 0x1A};
    case Kind::kDelete:
      return {0x04, 0x14};
    case Kind::kIncr:
      return {0x05, 0x15};
    case Kind::kDecr:
      return {0x06, 0x16};
    case Kind::kTouch:
      return {0x1C, 0};
    default:
      return {0x01, 0x11};
  }
}

std::string binary_request(const Operation& o, std::string_view key) {
  constexpr std::uint32_t kOnlyIfThere = 0xFFFFFFFF;
  std::string extras;
  if (renews(o.kind)) {
    put(extras, static_cast<std::uint32_t>(o.expiry));
  } else if (counts(o.kind)) {
    put(extras, o.number);
    put(extras, std::uint64_t{0});
    put(extras, kOnlyIfThere);
  } else if (stores(o.kind) && o.kind != Kind::kAppend && o.kind != Kind::kPrepend) {
    put(extras, o.flags);
    put(extras, static_cast<std::uint32_t>(o.expiry));
  }
  const std::string data = stores(o.kind) ? data_of(o.argument, key) : "";
  const Opcodes opcodes = opcodes_of(o.kind);
  std::string text = "\x80";
  put(text, o.quiet ? opcodes.quiet : opcodes.loud);
  put(text, static_cast<std::uint16_t>(key.size()));
  put(text, static_cast<std::uint8_t>(extras.size()));
  text.append(3, '\0');
  put(text, static_cast<std::uint32_t>(extras.size() + key.size() + data.size()));
  put(text, o.key);  // comes back
  put(text, o.kind == Kind::kCas || o.kind == Kind::kDelete ? o.number : 0);
  return text + extras + std::string(key) + data;
}

std::optional<Outcome> binary_outcome(std::uint64_t status, const Operation& o) {
  switch (status) {
    case 0x00:
      return Outcome::kOk;
    case 0x01:  // of a replace too
      return o.kind == Kind::kReplace ? Outcome::kRefused : Outcome::kMissing;
    case 0x02:  // of an add too
      if (o.kind == Kind::kAdd || o.kind == Kind::kCas || (o.kind == Kind::kDelete && o.number != 0)) return Outcome::kRefused;
      return std::nullopt;
    case 0x05:
      if (o.kind == Kind::kAppend || o.kind == Kind::kPrepend) return Outcome::kRefused;
      return std::nullopt;
    case 0x06:
      if (counts(o.kind)) return Outcome::kRefused;
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

bool take_binary_answer(std::string_view& text, std::string_view key, Operation& o) {
  if (text.size() < kBinaryHeader || text[0] != '\x81' || static_cast<std::uint8_t>(text[1]) != opcodes_of(o.kind).loud) return false;
  const std::uint64_t key_bytes = number_in(text.substr(2, 2));
  const std::uint64_t extras = number_in(text.substr(4, 1));
  const std::uint64_t body = number_in(text.substr(8, 4));
  const auto outcome = binary_outcome(number_in(text.substr(6, 2)), o);
  if (!outcome || number_in(text.substr(12, 4)) != o.key || key_bytes != 0 || extras > body || text.size() < kBinaryHeader + body)
    return false;
  o.outcome = *outcome;
  const std::string_view data = text.substr(kBinaryHeader + extras, body - extras);
  if (*outcome == Outcome::kOk && reads_value(o.kind)) {
    if (extras != 4) return false;
    note({.key = key,
          .flags = static_cast<std::uint32_t>(number_in(text.substr(kBinaryHeader, 4))),
          .version = number_in(text.substr(16, 8)),
          .data = data},
         o);
  } else if (*outcome == Outcome::kOk && counts(o.kind)) {
    if (data.size() != 8) return false;
    o.result = std::to_string(number_in(data));
  }
  text.remove_prefix(kBinaryHeader + body);
  return true;
}

std::string request_of(const Operation& o, std::string_view key) {
  return o.form == Form::kText ? text_request(o, key) : o.form == Form::kBinary ? binary_request(o, key) : meta_request(o, key);
}

// The values of a get of several keys, and what is missing.
bool take_values(std::string_view& text, std::uint64_t round, std::vector<Operation>& operations) {
  while (text.starts_with("VALUE ")) {
    Value value;
    if (!take_value(text, value)) return false;
    const auto asked = std::ranges::find_if(operations, [&](const Operation& o) { return key_name(round, o.key) == value.key; });
    if (asked == operations.end() || asked->outcome == Outcome::kOk) return false;
    note(value, *asked);
  }
  if (!take_end(text)) return false;
  for (Operation& o : operations) {
    if (o.outcome != Outcome::kOk) o.outcome = Outcome::kMissing;
  }
  return true;
}

}  // namespace

std::string key_name(std::uint64_t round, std::uint32_t key) { return fmt::format("coherence-{}-{}", round, key); }

std::string checked_value(std::uint64_t version, std::size_t size) { return fmt::format("{}:{}", version, size); }

bool can_be_quiet(Kind kind, Form form) {
  if (reads_value(kind) || kind == Kind::kFlush) return false;
  return form != Form::kBinary || opcodes_of(kind).quiet != 0;
}

std::string request_of(const Request& request, std::uint64_t round) {
  if (request.one_command && request.operations.size() > 1) {
    std::string text = text_request(request.operations.front(), key_name(round, request.operations.front().key));
    for (std::size_t i = 1; i < request.operations.size(); ++i)
      text.insert(text.size() - 2, " " + key_name(round, request.operations[i].key));
    return text;
  }
  std::string text;
  for (const Operation& o : request.operations) text += request_of(o, key_name(round, o.key));
  return text;
}

bool take_answer(std::string_view text, std::uint64_t round, Request& request) {
  if (request.one_command && request.operations.size() > 1) return take_values(text, round, request.operations) && text.empty();
  for (Operation& o : request.operations) {
    const std::string key = o.key == kEveryKey ? "" : key_name(round, o.key);
    const bool whole = o.form == Form::kText     ? take_text_answer(text, key, o)
                       : o.form == Form::kBinary ? take_binary_answer(text, key, o)
                                                 : take_meta_answer(text, key, o);
    if (!whole) return false;
  }
  return text.empty();
}

}  // namespace coherence
