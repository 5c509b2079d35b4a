// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// A client that sends what it likes.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>
#include <string_view>

namespace smartswitch::runtime::control {

class RawClient {
 public:
  explicit RawClient(const std::string& path) : socket_(socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    EXPECT_EQ(connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0) << path;
    // Ample: only what never comes meets it.
    const timeval patience = {.tv_sec = 20, .tv_usec = 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  }
  ~RawClient() { close(socket_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  /// False if the other side has closed.
  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  /// Until `end` has come, or the connection ends; all of it.
  std::string read_until(std::string_view end) const {
    std::string text;
    std::array<char, 65536> buffer{};
    while (text.find(end) == std::string::npos) {
      const ssize_t n = recv(socket_, buffer.data(), buffer.size(), 0);
      if (n < 0) return text + "(nothing came)";
      if (n == 0) return text + "(end)";
      text.append(buffer.data(), static_cast<std::size_t>(n));
    }
    return text;
  }
  std::string read_to_end() const { return read_until("(there is no such text)"); }

 private:
  int socket_;
};

}  // namespace smartswitch::runtime::control
