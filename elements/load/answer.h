// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstdint>
#include <string_view>

namespace smartswitch::load {

enum class AnswerKind : std::uint8_t {
  kHit,        ///< VALUE, whole, and END behind it
  kMiss,       ///< END
  kStored,     ///< STORED
  kNotStored,  ///< NOT_STORED
  kError,      ///< ERROR, CLIENT_ERROR, SERVER_ERROR
  kMalformed,  ///< nothing that memcached would say to a get of one key or a set
};

struct Answer {
  AnswerKind kind = AnswerKind::kMalformed;
  std::string_view key;
  std::string_view value;
};

/// Reads the whole answer to one request, in memcached's text protocol. Points into `text`.
Answer parse_answer(std::string_view text);

/// How long the answer that `text` begins with is, as far as that can be told: 0 if its end has not been seen and cannot be calculated.
/// May be more than there is.
std::size_t answer_length(std::string_view text);

}  // namespace smartswitch::load
