// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// From bytes to requests (RFC 9112), within bounds. Knows of no sockets: tests and the fuzzer feed it, too.
//
//   intake.feed(bytes);
//   switch (intake.advance()) { case Intake::State::kComplete: router.answer(intake.take(), ...); ... }
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/control/limits.h"
#include "runtime/control/message.h"

namespace smartswitch::runtime::control {

/// A request with what only the connection needs to know.
struct Incoming {
  Request request;
  std::string target;
  bool keep_alive = false;
  bool has_token = false;
  bool chunks_allowed = true;  ///< false for HTTP/1.0: then a streamed answer ends with the connection
};

class Intake {
 public:
  enum class State : std::uint8_t {
    kMore,      ///< feed() is needed
    kContinue,  ///< the same, and the client waits for `100 Continue` (RFC 9110 section 10.1.1); said once
    kComplete,  ///< take() the request
    kFault,     ///< answer fault(), and close: what follows cannot be told apart
  };

  /// `admits` is asked once a request, when its headers are there, with the value of `Authorization`. Who is not admitted may not send a
  /// body.
  Intake(const Limits& limits, std::function<bool(std::string_view authorization)> admits);
  ~Intake();
  Intake(const Intake&) = delete;
  Intake& operator=(const Intake&) = delete;

  void feed(std::string_view bytes) { pending_ += bytes; }
  State advance();
  /// After kComplete; the next request begins with what was fed beyond its end.
  Incoming take();
  /// After kFault.
  [[nodiscard]] const Response& fault() const { return fault_; }
  /// Whether something of a request is there.
  [[nodiscard]] bool begun() const { return begun_ || !pending_.empty(); }

 private:
  struct Parser;
  State refuse(unsigned status, const std::string& what, const std::string& hint);
  State look_at_headers();
  State refuse_syntax(const std::string& reason, unsigned status);

  Limits limits_;
  std::function<bool(std::string_view)> admits_;
  std::unique_ptr<Parser> parser_;
  std::string pending_;
  std::size_t head_ = 0;  // bytes of the request line and the headers taken so far
  bool begun_ = false;
  bool looked_ = false;
  bool has_token_ = false;
  Response fault_;
};

}  // namespace smartswitch::runtime::control
