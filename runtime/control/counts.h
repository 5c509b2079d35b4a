// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstdint>
#include <map>

namespace smartswitch::runtime::control {

/// What the server has done. Only its own thread touches it: where answers are made, too.
struct Counts {
  std::map<unsigned, std::uint64_t> answers;  ///< by status
  // What never became a request that is answered.
  std::uint64_t too_many_connections = 0;
  std::uint64_t failed_handshakes = 0;  ///< of TLS: no certificate, one that has expired or that nobody here trusts, or no TLS at all
  std::uint64_t slow_requests = 0;      ///< not complete in time
  std::uint64_t slow_readers = 0;       ///< did not take their answer in time
  std::uint64_t wrong_tokens = 0;       ///< requests without the token, or with another
  std::uint64_t malformed = 0;          ///< not HTTP, or too large
  std::uint64_t connections = 0;        ///< that are open now
};

}  // namespace smartswitch::runtime::control
