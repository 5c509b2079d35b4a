// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <utility>

namespace smartswitch::runtime::control {

/// Accepts one connection after another, whatever happens: out of descriptors, say, it waits for some connection to end.
class AcceptLoop {
 public:
  explicit AcceptLoop(boost::asio::io_context& context) : retry_(context) {}

  /// Until the acceptor is closed. `take` is called with each socket.
  template <class Acceptor, class Take>
  void run(Acceptor& acceptor, Take take) {
    acceptor.async_accept([this, &acceptor, take](boost::system::error_code error, typename Acceptor::protocol_type::socket socket) {
      // Closed, or replaced by another one since.
      if (error == boost::asio::error::operation_aborted || !acceptor.is_open()) return;
      if (!error) {
        take(std::move(socket));
        return run(acceptor, take);
      }
      retry_.expires_after(kRetry);
      retry_.async_wait([this, &acceptor, take](boost::system::error_code stopped) {
        if (!stopped) run(acceptor, take);
      });
    });
  }
  void stop() { retry_.cancel(); }

 private:
  static constexpr std::chrono::milliseconds kRetry{100};
  boost::asio::steady_timer retry_;
};

}  // namespace smartswitch::runtime::control
