// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/client.h"

#include <fmt/format.h>

#include <array>
#include <boost/beast/http.hpp>
#include <limits>
#include <nlohmann/json.hpp>

#include "elements/sdk/suggest.h"
#include "runtime/control/line.h"
#include "runtime/control/socket_file.h"
#include "runtime/control/take_in.h"
#include "runtime/control/token.h"

namespace smartswitch::runtime::control {
namespace {

namespace http = boost::beast::http;

constexpr std::string_view kHttps = "https://";
constexpr std::size_t kMostHead = 64U << 10;

bool succeeded(unsigned status) { return status >= 200 && status < 300; }

// "host:port" or "[::1]:port", with a `/` behind it at most.
std::optional<std::pair<std::string, std::string>> host_and_port(std::string_view text) {
  if (text.ends_with('/')) text.remove_suffix(1);
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == text.size()) return std::nullopt;
  std::string host(text.substr(0, colon));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return std::pair(host, std::string(text.substr(colon + 1)));
}

}  // namespace

std::string only_switch(Problems& problems) {
  const std::vector<std::string> folders = socket_folders();
  const std::vector<std::string> sockets = live_sockets(folders);
  if (sockets.size() == 1) return sockets.front();
  if (sockets.empty()) {
    problems.add({}, fmt::format("no switch runs here: nothing answers in {}", spoken_list(folders)),
                 "one that is elsewhere is named with `--control PATH` or `--control https://HOST:PORT`");
  } else {
    problems.add({}, "several switches run here", "say which: --control " + fmt::format("{}", fmt::join(sockets, " or --control ")));
  }
  return {};
}

Problem Client::Answer::problem() const {
  const nlohmann::json json = nlohmann::json::parse(body, nullptr, false);
  if (!json.is_object()) return {{}, fmt::format("the switch answers with status {}", status), ""};
  return {{}, json.value("error", ""), json.value("hint", "")};
}

Client::Client(std::unique_ptr<ClientLine> line, std::string authorization, std::string place)
    : line_(std::move(line)), authorization_(std::move(authorization)), place_(std::move(place)) {}

Client::~Client() = default;

std::unique_ptr<Client> Client::open(const Address& address, Problems& problems) {
  std::string authorization;
  std::unique_ptr<ClientLine> line;
  if (!address.place.starts_with(kHttps)) {
    line = ClientLine::to_socket(address.place, problems);
  } else if (const auto target = host_and_port(std::string_view(address.place).substr(kHttps.size()))) {
    if (!address.token_file.empty()) {
      const std::string token = read_token(address.token_file, problems);
      if (token.empty()) return nullptr;
      authorization = fmt::format("Authorization: Bearer {}\r\n", token);
    }
    line = ClientLine::to_host(address, target->first, target->second, problems);
  } else {
    problems.add({}, fmt::format("`{}` is no place of a switch", address.place), "write https://HOST:PORT");
  }
  if (!line) return nullptr;
  return std::unique_ptr<Client>(new Client(std::move(line), std::move(authorization), address.place));
}

std::optional<Client::Answer> Client::ask(const Question& question, Problems& problems, const std::function<bool(std::string_view)>& take) {
  const auto broken = [&](const std::string& why) {
    problems.add({}, fmt::format("{} {}: {}", question.method, question.path, why),
                 fmt::format("does the switch at {} still run?", place_));
    return std::nullopt;
  };
  line_->set_patience(question.patience);
  const std::string head = fmt::format("{} {} HTTP/1.1\r\nHost: switch\r\n{}Content-Length: {}\r\n\r\n", question.method, question.path,
                                       authorization_, question.body.size());
  // A server that refuses may close before it has read all; its answer is there nevertheless.
  const bool sent = line_->write(head + question.body);
  http::response_parser<http::string_body> parser;
  parser.header_limit(kMostHead);
  // Not boost::none: Beast (1.74) finds every length above that.
  parser.body_limit(std::numeric_limits<std::uint64_t>::max());
  std::array<char, 16384> buffer{};
  std::string pending;
  while (!parser.is_done()) {
    const long n = line_->read(buffer.data(), buffer.size());
    if (n < 0) return broken(sent ? "no answer came in time" : "it could not be sent");
    if (n == 0) {
      boost::beast::error_code error;
      parser.put_eof(error);
      if (error || !parser.is_done()) return broken("the connection ended in the midst of the answer");
      break;
    }
    pending.append(buffer.data(), static_cast<std::size_t>(n));
    boost::beast::error_code error;
    while (!error && !pending.empty() && !parser.is_done()) error = take_in(parser, pending);
    if (error && error != http::error::need_more) return broken("this is no answer in HTTP: " + error.message());
    std::string& body = parser.get().body();
    if (!take || !parser.is_header_done() || !succeeded(parser.get().result_int()) || body.empty()) continue;
    const bool more = take(body);
    body.clear();
    if (!more) break;
  }
  const auto& message = parser.get();
  const auto type = message[http::field::content_type];
  return Answer{message.result_int(), std::string(type.data(), type.size()), message.body()};
}

void Client::hang_up() const { line_->hang_up(); }

bool Client::wait_for_end(Duration patience) {
  line_->set_patience(patience);
  char byte = 0;
  return line_->read(&byte, 1) == 0;
}

}  // namespace smartswitch::runtime::control
