// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "tests/integration/memcached_client/udp.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace client {
namespace {

constexpr std::size_t kFrameBytes = 8;  // id, sequence, total, reserved

std::uint16_t read16(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[at]) << 8U | static_cast<unsigned char>(bytes[at + 1]));
}

}  // namespace

int open_udp(const std::string& server, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (inet_pton(AF_INET, server.c_str(), &address.sin_addr) != 1) {
    throw std::system_error(EINVAL, std::generic_category(), fmt::format("`{}` is no IPv4 address", server));
  }
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "can't make a UDP socket");
  const int receive_bytes = 4 << 20;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int error = errno;
    close(fd);
    throw std::system_error(error, std::generic_category(), fmt::format("can't reach {}:{}", server, port));
  }
  return fd;
}

std::string framed(std::uint16_t id, std::string_view text) {
  std::string datagram = {static_cast<char>(id >> 8U), static_cast<char>(id), 0, 0, 0, 1, 0, 0};
  return datagram += text;
}

std::optional<Frame> take_frame(std::string_view& datagram) {
  if (datagram.size() < kFrameBytes) return std::nullopt;
  const Frame frame{.id = read16(datagram, 0), .sequence = read16(datagram, 2), .total = read16(datagram, 4)};
  datagram.remove_prefix(kFrameBytes);
  return frame;
}

std::string_view take_word(std::string_view& line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view first = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return first;
}

}  // namespace client
