// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/session.h"

#include <spdlog/spdlog.h>

#include <boost/asio/post.hpp>

namespace smartswitch::runtime::control {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// How long a client has to take leave, and how much of what it still sends is read meanwhile: a connection that is closed with bytes unread
// is reset, and the client may lose the answer that says why.
constexpr milliseconds kLeave{1000};
constexpr std::size_t kMostDrained = 4U << 20;
// A streamed body is asked again after this time when it has nothing.
constexpr milliseconds kStreamPause{20};
constexpr std::size_t kStreamPiece = 64U << 10;

}  // namespace

Session::Session(Hall& hall, std::unique_ptr<Channel> channel, std::function<bool(std::string_view)> admits, std::function<void()> on_end)
    : hall_(hall),
      channel_(std::move(channel)),
      on_end_(std::move(on_end)),
      intake_(hall.limits, std::move(admits)),
      deadline_(hall.context),
      pause_(hall.context) {}

void Session::start() {
  set_deadline(hall_.limits.request, Step::kOpening);
  channel_->open([self = shared_from_this()](boost::system::error_code error) {
    if (self->step_ == Step::kClosed) return;
    if (error) {
      ++self->hall_.counts.failed_handshakes;
      spdlog::debug("control: no handshake: {}", error.message());
      return self->close();
    }
    self->set_deadline(self->hall_.limits.request, Step::kReading);
    self->read();
  });
}

void Session::set_deadline(milliseconds time, Step step) {
  step_ = step;
  deadline_.expires_after(time);
  deadline_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    // A wait that had ended already when a new deadline was set.
    if (error || self->deadline_.expiry() > steady_clock::now()) return;
    self->on_deadline();
  });
}

void Session::on_deadline() {
  switch (step_) {
    case Step::kReading:
      ++hall_.counts.slow_requests;
      if (!intake_.begun()) return close();
      keep_alive_ = false;
      return send(fault_response(408, "the request did not come to its end in time", "send it at once"));
    case Step::kAnswering:
      ++answers_;
      keep_alive_ = false;
      return send(fault_response(504, "this takes longer than a client can wait for", "it goes on; look at `/v1` later"));
    case Step::kWriting:
    case Step::kStreaming:
      ++hall_.counts.slow_readers;
      return close();
    case Step::kOpening:
      ++hall_.counts.failed_handshakes;
      return close();
    case Step::kIdle:
    case Step::kFinishing:
    case Step::kClosed:
      return close();
  }
}

// Goes on until something comes, whatever step it is then.
void Session::read() {
  if (reading_) return;
  reading_ = true;
  channel_->read(boost::asio::buffer(buffer_), [self = shared_from_this()](boost::system::error_code error, std::size_t n) {
    self->reading_ = false;
    self->on_bytes(error, n);
  });
}

void Session::on_bytes(boost::system::error_code error, std::size_t n) {
  switch (step_) {
    case Step::kIdle:
    case Step::kReading:
      if (error) return close();
      intake_.feed({buffer_.data(), n});
      if (step_ == Step::kIdle) set_deadline(hall_.limits.request, Step::kReading);
      return consider();
    case Step::kStreaming:
      // A client that waits for more has nothing to say but that it leaves.
      return error ? close() : read();
    case Step::kFinishing:
      drained_ += n;
      return error || drained_ > kMostDrained ? close() : read();
    case Step::kOpening:
    case Step::kAnswering:
    case Step::kWriting:
    case Step::kClosed:
      return;
  }
}

// What the bytes so far amount to.
void Session::consider() {
  switch (intake_.advance()) {
    case Intake::State::kMore:
      return read();
    case Intake::State::kContinue:
      out_ = "HTTP/1.1 100 Continue\r\n\r\n";
      return channel_->write(boost::asio::buffer(out_), [self = shared_from_this()](boost::system::error_code error) {
        if (self->step_ != Step::kReading) return;
        error ? self->close() : self->consider();
      });
    case Intake::State::kComplete:
      return answer();
    case Intake::State::kFault:
      intake_.fault().status == 401 ? ++hall_.counts.wrong_tokens : ++hall_.counts.malformed;
      keep_alive_ = false;
      return send(intake_.fault());
  }
}

void Session::answer() {
  Incoming incoming = intake_.take();
  keep_alive_ = incoming.keep_alive && !ending_;
  chunks_allowed_ = incoming.chunks_allowed;
  head_only_ = incoming.request.method == "HEAD";
  set_deadline(hall_.limits.handler, Step::kAnswering);
  const std::uint64_t number = ++answers_;
  const std::weak_ptr<Session> self = weak_from_this();
  const auto reply = [self, number, &context = hall_.context](Response response) {
    // A source need not be touched by the thread that replies any more: it goes with the answer.
    boost::asio::post(context, [self, number, response = std::move(response)]() mutable {
      if (const auto session = self.lock()) session->on_answer(number, std::move(response));
    });
  };
  hall_.router.answer(std::move(incoming.request), incoming.target, incoming.has_token, reply);
}

void Session::on_answer(std::uint64_t number, Response response) {
  if (step_ != Step::kAnswering || number != answers_) return;
  if (response.status == 401) ++hall_.counts.wrong_tokens;
  send(std::move(response));
}

void Session::send(Response response) {
  ++hall_.counts.answers[response.status];
  if (response.source && !head_only_) return begin_stream(response);
  if (ending_) keep_alive_ = false;
  write(encode(response, head_only_ ? Framing::kHead : Framing::kLength, keep_alive_),
        [this] { keep_alive_ && !ending_ ? wait_for_request() : finish(); });
}

void Session::write(std::string bytes, std::function<void()> then) {
  out_ = std::move(bytes);
  set_deadline(hall_.limits.answer, step_ == Step::kStreaming ? Step::kStreaming : Step::kWriting);
  channel_->write(boost::asio::buffer(out_), [self = shared_from_this(), then = std::move(then)](boost::system::error_code error) {
    if (self->step_ == Step::kClosed) return;
    error ? self->close() : then();
  });
}

void Session::wait_for_request() {
  idle_since_ = steady_clock::now();
  if (!intake_.begun()) {
    set_deadline(hall_.limits.idle, Step::kIdle);
    return read();
  }
  set_deadline(hall_.limits.request, Step::kReading);
  consider();
}

void Session::begin_stream(const Response& response) {
  source_ = response.source;
  framing_ = chunks_allowed_ ? Framing::kChunks : Framing::kClose;
  step_ = Step::kStreaming;
  read();
  write(encode(response, framing_, false), [this] { stream(); });
}

void Session::stream() {
  if (ending_) return end_stream();
  std::optional<std::string> piece;
  try {
    piece = source_->next(kStreamPiece);
  } catch (const std::exception& error) {
    spdlog::error("control: a streamed answer ends early: {}", error.what());
    return close();
  }
  if (!piece) return end_stream();
  if (!piece->empty()) return write(framing_ == Framing::kChunks ? chunk(*piece) : std::move(*piece), [this] { stream(); });
  deadline_.cancel();  // nothing is to be taken
  pause_.expires_after(kStreamPause);
  pause_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    if (!error && self->step_ == Step::kStreaming) self->stream();
  });
}

void Session::end_stream() {
  source_.reset();
  if (framing_ == Framing::kClose) return finish();
  write(std::string(kLastChunk), [this] { finish(); });
}

// Takes leave: says that nothing more comes, and waits for the other side to say so.
void Session::finish() {
  set_deadline(kLeave, Step::kFinishing);
  channel_->finish([self = shared_from_this()](boost::system::error_code error) {
    if (self->step_ == Step::kClosed) return;
    error ? self->close() : self->read();
  });
}

void Session::end_soon() {
  ending_ = true;
  if (step_ == Step::kIdle || step_ == Step::kOpening || step_ == Step::kReading || step_ == Step::kFinishing) close();
}

void Session::close() {
  if (step_ == Step::kClosed) return;
  step_ = Step::kClosed;
  deadline_.cancel();
  pause_.cancel();
  source_.reset();
  channel_->close();
  on_end_();
}

}  // namespace smartswitch::runtime::control
