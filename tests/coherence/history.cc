// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "tests/coherence/history.h"

#include <fmt/format.h>

#include <array>

namespace coherence {
namespace {

constexpr std::array<std::string_view, kKinds> kNames{"get",     "gets", "gat",    "set",  "add",  "replace", "append",
                                                      "prepend", "cas",  "delete", "incr", "decr", "touch",   "flush_all"};

std::string question(const Operation& o) {
  std::string text(name_of(o.kind));
  const std::string expiry = o.expiry == 0 ? "" : fmt::format(" for {} s", o.expiry);
  switch (o.kind) {
    case Kind::kSet:
    case Kind::kAdd:
    case Kind::kReplace:
      return fmt::format("{} {:?} flags {}{}", text, o.argument, o.flags, expiry);
    case Kind::kAppend:
    case Kind::kPrepend:
      return fmt::format("{} {:?}", text, o.argument);
    case Kind::kCas:
      return fmt::format("{} {:?} flags {} if version {}{}", text, o.argument, o.flags, o.number, expiry);
    case Kind::kIncr:
    case Kind::kDecr:
      return fmt::format("{} by {}", text, o.number);
    case Kind::kTouch:
    case Kind::kGat:
      return expiry.empty() ? text + " for ever" : text + expiry;
    default:
      return text;
  }
}

std::string answer(const Operation& o) {
  const bool stores = o.kind >= Kind::kSet && o.kind <= Kind::kCas;
  switch (o.outcome) {
    case Outcome::kUnknown:
      return "no answer";
    case Outcome::kMissing:
      return o.kind <= Kind::kGat ? "not there" : "NOT_FOUND";
    case Outcome::kRefused:
      return o.kind == Kind::kCas ? "EXISTS" : stores ? "NOT_STORED" : "CLIENT_ERROR";
    case Outcome::kOk:
      break;
  }
  if (stores) return "STORED";
  switch (o.kind) {
    case Kind::kGets:
      return fmt::format("{:?} flags {} version {}", o.result, o.flags, o.number);
    case Kind::kGet:
    case Kind::kGat:
      return fmt::format("{:?} flags {}", o.result, o.flags);
    case Kind::kDelete:
      return "DELETED";
    case Kind::kTouch:
      return "TOUCHED";
    case Kind::kFlush:
      return "OK";
    default:
      return o.result;
  }
}

}  // namespace

std::string_view name_of(Kind kind) { return kNames[static_cast<std::size_t>(kind)]; }

std::string describe(const Operation& operation) { return question(operation) + " -> " + answer(operation); }

}  // namespace coherence
