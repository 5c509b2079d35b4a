// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Operations of a history as memcached's protocols have them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/coherence/history.h"

namespace coherence {

/// The name of a key. Keys of different rounds are different keys.
std::string key_name(std::uint64_t round, std::uint32_t key);

/// The argument for a value of `size` bytes that checks itself (memcached_client/value.h); it stands for all of them.
std::string checked_value(std::uint64_t version, std::size_t size);

/// What is asked in one request: one command, a get of several keys, or several commands.
struct Request {
  std::vector<Operation> operations;
  bool one_command = true;  ///< with a key for each operation, which are alike otherwise
};

/// Whether there is a form of the command that asks for no answer.
bool can_be_quiet(Kind kind, Form form);

/// The text of a request.
std::string request_of(const Request& request, std::uint64_t round);

/// Reads the whole answer to a request: each operation gets its outcome and result. False if memcached has no such answer to it.
bool take_answer(std::string_view text, std::uint64_t round, Request& request);

}  // namespace coherence
