// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "tests/coherence/history.h"

#include <fmt/format.h>

#include <array>

namespace coherence {
namespace {

constexpr std::array<std::string_view, kKinds> kNames{"get",     "gets", "gat",    "gats", "set",  "add",   "replace",  "append",
                                                      "prepend", "cas",  "delete", "incr", "decr", "touch", "flush_all"};

constexpr std::array<std::string_view, 4> kForms{"", "meta ", "meta base64 ", "binary "};

std::string question_of_kind(const Operation& o) {
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
    case Kind::kGats:
      return expiry.empty() ? text + " for ever" : text + expiry;
    case Kind::kDelete:
      return o.number == 0 ? text : fmt::format("{} if version {}", text, o.number);
    default:
      return text;
  }
}

std::string question(const Operation& o) {
  return fmt::format("{}{}{}", kForms[static_cast<std::size_t>(o.form)], o.quiet ? "quiet " : "", question_of_kind(o));
}

std::string answer(const Operation& o) {
  switch (o.outcome) {
    case Outcome::kUnknown:
      return o.quiet ? "no answer wanted" : "no answer";
    case Outcome::kMissing:
      return reads_value(o.kind) ? "not there" : "NOT_FOUND";
    case Outcome::kRefused:
      return o.kind == Kind::kCas || o.kind == Kind::kDelete ? "EXISTS" : stores(o.kind) ? "NOT_STORED" : "CLIENT_ERROR";
    case Outcome::kOk:
      break;
  }
  if (stores(o.kind)) return "STORED";
  switch (o.kind) {
    case Kind::kGets:
    case Kind::kGats:
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
