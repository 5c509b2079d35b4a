// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>
#include <utility>

#include "elements/load/sockets.h"

namespace smartswitch::load {

/// A socket on 127.0.0.1, at a port of the kernel's choice.
class LoopbackServer {
 public:
  explicit LoopbackServer(int type) : socket_(::socket(AF_INET, type, 0)) {
    EXPECT_EQ(bind(socket_.get(), reinterpret_cast<sockaddr*>(&address_), sizeof address_), 0);
    socklen_t size = sizeof address_;
    EXPECT_EQ(getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address_), &size), 0);
    EXPECT_TRUE(type != SOCK_STREAM || listen(socket_.get(), 8) == 0);
  }
  [[nodiscard]] std::string port() const { return std::to_string(ntohs(address_.sin_port)); }
  [[nodiscard]] int socket() const { return socket_.get(); }
  void close() { socket_.close(); }

  /// The next connection.
  Socket accept() { return Socket(::accept(socket_.get(), nullptr, nullptr)); }

  /// The next datagram, and who sent it.
  std::pair<std::string, sockaddr_in> receive() {
    std::string bytes(65536, ' ');
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const ssize_t got = recvfrom(socket_.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    EXPECT_GE(got, 0);
    bytes.resize(static_cast<std::size_t>(got));
    return {bytes, from};
  }
  void send(const std::string& bytes, const sockaddr_in& to) {
    EXPECT_EQ(sendto(socket_.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to),
              static_cast<ssize_t>(bytes.size()));
  }

 private:
  sockaddr_in address_{AF_INET, 0, {htonl(INADDR_LOOPBACK)}, {}};
  Socket socket_;
};

}  // namespace smartswitch::load
