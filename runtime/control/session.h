// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// One connection: requests come in one after another, and each is answered before the next is read. Every wait has an end.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>

#include "runtime/control/channel.h"
#include "runtime/control/counts.h"
#include "runtime/control/encode.h"
#include "runtime/control/intake.h"
#include "runtime/control/router.h"

namespace smartswitch::runtime::control {

/// What sessions have in common. Outlives them.
struct Hall {
  boost::asio::io_context& context;
  const Router& router;
  const Limits& limits;
  Counts& counts;
};

/// Lives as long as something is under way. All on the server's thread.
class Session : public std::enable_shared_from_this<Session> {
 public:
  /// `admits`: whether that value of `Authorization` is good enough.
  Session(Hall& hall, std::unique_ptr<Channel> channel, std::function<bool(std::string_view)> admits, std::function<void()> on_end);

  void start();
  /// Between two requests, so that closing it loses nothing; since when.
  [[nodiscard]] bool idle() const { return step_ == Step::kIdle; }
  [[nodiscard]] std::chrono::steady_clock::time_point idle_since() const { return idle_since_; }
  /// Answers what it is at, and ends; at once if it is at nothing, or streams.
  void end_soon();
  void close();

 private:
  enum class Step : std::uint8_t { kOpening, kIdle, kReading, kAnswering, kWriting, kStreaming, kFinishing, kClosed };

  void wait_for_request();
  void read();
  void on_bytes(boost::system::error_code error, std::size_t n);
  void consider();
  void answer();
  void on_answer(std::uint64_t number, Response response);
  void send(Response response);
  void write(std::string bytes, std::function<void()> then);
  void begin_stream(const Response& response);
  void stream();
  void end_stream();
  void finish();
  void set_deadline(std::chrono::milliseconds time, Step step);
  void on_deadline();

  Hall& hall_;
  std::unique_ptr<Channel> channel_;
  std::function<void()> on_end_;
  Intake intake_;
  Step step_ = Step::kOpening;
  boost::asio::steady_timer deadline_;
  boost::asio::steady_timer pause_;
  std::chrono::steady_clock::time_point idle_since_{};
  std::array<char, 4096> buffer_{};
  std::string out_;
  std::shared_ptr<BodySource> source_;
  Framing framing_ = Framing::kLength;
  bool reading_ = false;
  bool head_only_ = false;
  bool keep_alive_ = false;
  bool chunks_allowed_ = true;
  bool ending_ = false;
  std::uint64_t answers_ = 0;  // so that an answer that comes too late is not taken for the next one
  std::size_t drained_ = 0;
};

}  // namespace smartswitch::runtime::control
