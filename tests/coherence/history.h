// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What clients asked memcached and what came back, with times: a history, for linearizability.h to judge.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace coherence {

enum class Kind : std::uint8_t {
  kGet,
  kGets,
  kGat,
  kGats,
  kSet,
  kAdd,
  kReplace,
  kAppend,
  kPrepend,
  kCas,
  kDelete,
  kIncr,
  kDecr,
  kTouch,
  kFlush,
};
inline constexpr std::size_t kKinds = 15;

/// Gives back the value.
constexpr bool reads_value(Kind kind) { return kind <= Kind::kGats; }
/// And its version.
constexpr bool shows_version(Kind kind) { return kind == Kind::kGets || kind == Kind::kGats; }
/// Gives the item another time to live.
constexpr bool renews(Kind kind) { return kind == Kind::kGat || kind == Kind::kGats || kind == Kind::kTouch; }
/// Brings data.
constexpr bool stores(Kind kind) { return kind >= Kind::kSet && kind <= Kind::kCas; }

/// The words in which it is asked. They make no difference to what it does.
enum class Form : std::uint8_t { kText, kMeta, kMetaBase64, kBinary };

/// memcached's name of the command.
std::string_view name_of(Kind kind);

enum class Outcome : std::uint8_t {
  kOk,       ///< done as asked: a value, STORED, DELETED, TOUCHED, OK or a number
  kRefused,  ///< not done, though the item may be there: NOT_STORED, EXISTS, CLIENT_ERROR
  kMissing,  ///< there was no item: END, NOT_FOUND
  kUnknown,  ///< no answer in time, or none wanted: it takes effect at any later time, or never
};

/// The key of an operation that concerns all keys (flush_all).
inline constexpr std::uint32_t kEveryKey = UINT32_MAX;

/// What one process asks for, in a request of its own or in one with others, which is as if it asked for them all at once. After a request
/// that got no answer it asks no more.
struct Operation {
  std::uint32_t process = 0;
  std::uint32_t key = 0;
  Kind kind = Kind::kGet;
  Outcome outcome = Outcome::kUnknown;
  Form form = Form::kText;
  bool quiet = false;          ///< no answer is wanted (noreply, q, setq, ...)
  std::uint32_t flags = 0;     ///< that a storage command gives, or that came back with a value
  std::int32_t expiry = 0;     ///< seconds from now, as asked; 0: never, negative: at once
  std::uint64_t number = 0;    ///< cas, and a delete of one version: which; incr, decr: by how much; gets, gats: the version that came back
  std::string argument;        ///< data of a storage command
  std::string result;          ///< value that came back
  std::int64_t invoked = 0;    ///< monotonic ns, before the request was sent
  std::int64_t completed = 0;  ///< monotonic ns, after the answer came; of no meaning if the outcome is unknown
};

using History = std::vector<Operation>;

/// The question and the answer in one line, such as `set "4.7" -> STORED`.
std::string describe(const Operation& operation);

}  // namespace coherence
