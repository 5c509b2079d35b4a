// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "tests/coherence/client/requests.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

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

// "VALUE key flags bytes [version]", data.
struct Value {
  std::string_view key;
  std::uint32_t flags = 0;
  std::uint64_t version = 0;
  std::string_view data;
};

bool take_value(std::string_view& text, Value& value) {
  const std::size_t line_end = text.find("\r\n");
  if (!text.starts_with("VALUE ") || line_end == std::string_view::npos) return false;
  std::string_view line = text.substr(0, line_end);
  client::take_word(line);
  value.key = client::take_word(line);
  std::size_t bytes = 0;
  if (!read_number(client::take_word(line), value.flags) || !read_number(client::take_word(line), bytes)) return false;
  if (!line.empty() && !read_number(line, value.version)) return false;
  text.remove_prefix(line_end + 2);
  if (text.size() < bytes + 2 || text.substr(bytes, 2) != "\r\n") return false;
  value.data = text.substr(0, bytes);
  text.remove_prefix(bytes + 2);
  return true;
}

void note(const Value& value, Operation& operation) {
  operation.outcome = Outcome::kOk;
  operation.result = argument_of(value.data, value.key);
  operation.flags = value.flags;
  if (operation.kind == Kind::kGets) operation.number = value.version;
}

}  // namespace

std::string key_name(std::uint64_t round, std::uint32_t key) { return fmt::format("coherence-{}-{}", round, key); }

std::string checked_value(std::uint64_t version, std::size_t size) { return fmt::format("{}:{}", version, size); }

std::string request_of(const Operation& o, std::string_view key) {
  const std::string_view name = name_of(o.kind);
  switch (o.kind) {
    case Kind::kGet:
    case Kind::kGets:
    case Kind::kDelete:
      return fmt::format("{} {}\r\n", name, key);
    case Kind::kGat:
      return fmt::format("gat {} {}\r\n", o.expiry, key);
    case Kind::kTouch:
      return fmt::format("touch {} {}\r\n", key, o.expiry);
    case Kind::kIncr:
    case Kind::kDecr:
      return fmt::format("{} {} {}\r\n", name, key, o.number);
    case Kind::kFlush:
      return "flush_all\r\n";
    default:
      break;
  }
  const std::string data = data_of(o.argument, key);
  const std::string version = o.kind == Kind::kCas ? fmt::format(" {}", o.number) : "";
  return fmt::format("{} {} {} {} {}{}\r\n{}\r\n", name, key, o.flags, o.expiry, data.size(), version, data);
}

Answer take_answer(std::string_view text, std::string_view key, Operation& o) {
  const bool reads = o.kind == Kind::kGet || o.kind == Kind::kGets || o.kind == Kind::kGat;
  const bool counts = o.kind == Kind::kIncr || o.kind == Kind::kDecr;
  const auto is = [&o](Outcome outcome) {
    o.outcome = outcome;
    return Answer::kWhole;
  };
  if (reads) {
    Value value;
    if (text == "END\r\n") return is(Outcome::kMissing);
    if (!take_value(text, value) || value.key != key || text != "END\r\n") return Answer::kUnexpected;
    note(value, o);
    return Answer::kWhole;
  }
  if (!text.ends_with("\r\n")) return Answer::kUnexpected;
  text.remove_suffix(2);
  const bool stores = o.kind >= Kind::kSet && o.kind <= Kind::kCas;
  if (text == "STORED" && stores) return is(Outcome::kOk);
  if (text == "NOT_STORED" && stores && o.kind != Kind::kSet && o.kind != Kind::kCas) return is(Outcome::kRefused);
  if (text == "EXISTS" && o.kind == Kind::kCas) return is(Outcome::kRefused);
  if (text == "NOT_FOUND" && (!stores || o.kind == Kind::kCas) && o.kind != Kind::kFlush) return is(Outcome::kMissing);
  if (text == "DELETED" && o.kind == Kind::kDelete) return is(Outcome::kOk);
  if (text == "TOUCHED" && o.kind == Kind::kTouch) return is(Outcome::kOk);
  if (text == "OK" && o.kind == Kind::kFlush) return is(Outcome::kOk);
  if (text.starts_with("CLIENT_ERROR cannot increment") && counts) return is(Outcome::kRefused);
  std::uint64_t number = 0;
  if (!counts || !read_number(text, number)) return Answer::kUnexpected;
  o.result = text;
  return is(Outcome::kOk);
}

Answer take_values(std::string_view text, std::uint64_t round, std::vector<Operation>& operations) {
  while (text.starts_with("VALUE ")) {
    Value value;
    if (!take_value(text, value)) return Answer::kUnexpected;
    const auto asked = std::ranges::find_if(operations, [&](const Operation& o) { return key_name(round, o.key) == value.key; });
    if (asked == operations.end()) return Answer::kUnexpected;
    note(value, *asked);
  }
  if (text.empty()) return Answer::kPart;
  return text == "END\r\n" ? Answer::kWhole : Answer::kUnexpected;
}

}  // namespace coherence
