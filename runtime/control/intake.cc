// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/intake.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/beast/http.hpp>
#include <cctype>

#include "runtime/control/take_in.h"

namespace smartswitch::runtime::control {
namespace {

namespace http = boost::beast::http;

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

struct Intake::Parser {
  explicit Parser(const Limits& limits) {
    parser.header_limit(static_cast<std::uint32_t>(limits.header));
    parser.body_limit(limits.body);
  }
  http::request_parser<http::string_body> parser;
};

Intake::Intake(const Limits& limits, std::function<bool(std::string_view)> admits)
    : limits_(limits), admits_(std::move(admits)), parser_(std::make_unique<Parser>(limits)) {}

Intake::~Intake() = default;

Intake::State Intake::refuse(unsigned status, const std::string& what, const std::string& hint) {
  fault_ = fault_response(status, what, hint);
  return State::kFault;
}

Intake::State Intake::refuse_syntax(const std::string& reason, unsigned status) {
  if (status == 431) return refuse(status, fmt::format("the headers take more than {} bytes", limits_.header), "send fewer");
  if (status == 413) return refuse(status, fmt::format("the body takes more than {} bytes", limits_.body), "send less");
  return refuse(status, "this is no HTTP/1.1 request: " + reason, "try `curl --unix-socket PATH http://switch/v1`");
}

// What can be said before the body comes.
Intake::State Intake::look_at_headers() {
  looked_ = true;
  const auto& head = parser_->parser.get();
  has_token_ = admits_(view(head[http::field::authorization]));
  const bool body = parser_->parser.chunked() || parser_->parser.content_length().value_or(0) > 0;
  if (!body) return State::kMore;
  if (!has_token_) return refuse(401, "a request with a body needs the token", "send `Authorization: Bearer TOKEN`");
  return http::token_list(head[http::field::expect]).exists("100-continue") ? State::kContinue : State::kMore;
}

Intake::State Intake::advance() {
  auto& parser = parser_->parser;
  while (!parser.is_done()) {
    if (pending_.empty()) return State::kMore;
    begun_ = true;
    const std::size_t before = pending_.size();
    const boost::beast::error_code error = take_in(parser, pending_);
    // Beast's own limit is one of what it looks at in one go, and there is none for chunks' extensions and trailers.
    if (!looked_) head_ += before - pending_.size();
    const std::size_t head = head_ + (error == http::error::need_more ? pending_.size() : 0);
    if (head > limits_.header || error == http::error::header_limit) return refuse_syntax({}, 431);
    if (error == http::error::need_more) return State::kMore;
    if (error == http::error::body_limit) return refuse_syntax({}, 413);
    if (error) return refuse_syntax(error.message(), 400);
    if (parser.is_header_done() && !looked_) {
      const State state = look_at_headers();
      if (state != State::kMore) return state;
    }
  }
  return State::kComplete;
}

Incoming Intake::take() {
  const bool keep_alive = parser_->parser.get().keep_alive();
  auto message = parser_->parser.release();
  Incoming incoming;
  incoming.keep_alive = keep_alive;
  incoming.has_token = has_token_;
  incoming.chunks_allowed = message.version() >= 11;
  incoming.target = view(message.target());
  incoming.request.method = view(message.method_string());
  for (const auto& field : message) incoming.request.headers.emplace(lower(view(field.name_string())), view(field.value()));
  incoming.request.body = std::move(message.body());
  parser_ = std::make_unique<Parser>(limits_);
  head_ = 0;
  begun_ = looked_ = has_token_ = false;
  return incoming;
}

}  // namespace smartswitch::runtime::control
