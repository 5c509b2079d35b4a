// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fmt/format.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "runtime/control/accept_loop.h"
#include "runtime/control/listener.h"
#include "runtime/control/secrets.h"
#include "runtime/control/tls.h"
#include "runtime/control/token.h"

namespace smartswitch::runtime::control {
namespace {

using boost::asio::ip::tcp;

class TcpListener final : public Listener {
 public:
  TcpListener(Hall& all, std::unique_ptr<Secrets> secrets)
      : Listener(all), secrets_(std::move(secrets)), acceptor_(all.context), look_(all.context), loop_(all.context) {}

  boost::system::error_code listen(const graph::ListenAddress& where) {
    boost::system::error_code error;
    const tcp::endpoint endpoint(boost::asio::ip::make_address(where.address, error), where.port);
    if (!error) acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(boost::asio::socket_base::max_listen_connections, error);
    return error;
  }
  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

  void start() override {
    accept();
    look_after_files();
  }
  void stop() override {
    stopped_ = true;
    look_.cancel();
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    loop_.stop();
    end_sessions();
  }

 private:
  void accept() {
    loop_.run(acceptor_, [this](tcp::socket socket) {
      // Nothing can be said before a handshake, which would be work.
      if (!make_room()) return;
      boost::system::error_code ignored;
      socket.set_option(tcp::no_delay(true), ignored);
      // So that a client that vanished while it waited for a stream's next piece is noticed.
      socket.set_option(boost::asio::socket_base::keep_alive(true), ignored);
      begin(tls_channel(std::move(socket), secrets_->tls()),
            [this](std::string_view authorization) { return carries_token(authorization, secrets_->token()); });
    });
  }

  void look_after_files() {
    look_.expires_after(hall().limits.look);
    look_.async_wait([this](boost::system::error_code error) {
      // A look that was due already when stop() came is called all the same.
      if (error || stopped_) return;
      secrets_->look();
      look_after_files();
    });
  }

  std::unique_ptr<Secrets> secrets_;
  tcp::acceptor acceptor_;
  boost::asio::steady_timer look_;
  AcceptLoop loop_;
  bool stopped_ = false;
};

}  // namespace

std::unique_ptr<Listener> tcp_listener(Hall& hall, const graph::Control& control, std::uint16_t& port, Problems& problems) {
  auto secrets = Secrets::read(control, problems);
  if (!secrets) return nullptr;
  auto listener = std::make_unique<TcpListener>(hall, std::move(secrets));
  const boost::system::error_code error = listener->listen(*graph::parse_listen_address(control.listen));
  if (error) {
    problems.add(control.where, fmt::format("control: cannot listen on {}: {}", control.listen, error.message()),
                 "choose another address or port");
    return nullptr;
  }
  port = listener->port();
  return listener;
}

}  // namespace smartswitch::runtime::control
