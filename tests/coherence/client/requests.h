// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Operations of a history as memcached's text protocol has them.
#pragma once

#include <string>
#include <string_view>

#include "tests/coherence/history.h"

namespace coherence {

/// The name of a key. Keys of different rounds are different keys.
std::string key_name(std::uint64_t round, std::uint32_t key);

/// The argument for a value of `size` bytes that checks itself (memcached_client/value.h); it stands for all of them.
std::string checked_value(std::uint64_t version, std::size_t size);

/// The text of a request.
std::string request_of(const Operation& operation, std::string_view key);

/// What an answer says of a request.
enum class Answer : std::uint8_t {
  kWhole,       ///< the operation has its outcome and result
  kPart,        ///< of a get of several keys: a value of one, and more to come
  kUnexpected,  ///< memcached has no such answer to this request
};

/// Reads the answer to a request with one key.
Answer take_answer(std::string_view text, std::string_view key, Operation& operation);

/// Reads a datagram of the answer to a get of several keys, of which `operations` has one each: the values that it brings.
Answer take_values(std::string_view text, std::uint64_t round, std::vector<Operation>& operations);

}  // namespace coherence
