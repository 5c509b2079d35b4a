// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/load/sockets.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "elements/load/clock.h"

namespace smartswitch::load {
namespace {

constexpr int kBufferBytes = 4 << 20;
constexpr int kConnectPatienceMs = 5000;
// So that a worker that waits sees soon that it is to stop.
constexpr std::int64_t kLongestWait = 20'000'000;
constexpr std::int64_t kLatestWake = 200'000;

sockaddr_in socket_address(Ipv4Address address, std::uint16_t port) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(address.host_order);
  return to;
}

void enlarge(int socket, int what, int forced) {
  // Root may go beyond net.core.rmem_max.
  if (setsockopt(socket, SOL_SOCKET, forced, &kBufferBytes, sizeof kBufferBytes) == 0) return;
  setsockopt(socket, SOL_SOCKET, what, &kBufferBytes, sizeof kBufferBytes);
}

// 0, or why the connection does not stand.
int await_connection(int socket) {
  pollfd waiting{.fd = socket, .events = POLLOUT, .revents = 0};
  const int ready = ::poll(&waiting, 1, kConnectPatienceMs);
  if (ready == 0) return ETIMEDOUT;
  if (ready < 0) return errno;
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

std::string hint_of(int error) {
  switch (error) {
    case ECONNREFUSED:
      return "nothing listens there: start the server, or look at address and port";
    case ETIMEDOUT:
      return "no answer: look at the address, and whether a firewall is in between";
    case ENETUNREACH:
    case EHOSTUNREACH:
      return "this host has no way there: look at `ip route get`";
    case EMFILE:
      return "raise the limit of open files: `ulimit -n`";
    default:
      return {};
  }
}

}  // namespace

Socket& Socket::operator=(Socket&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

void Socket::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

std::string spoken_address(Ipv4Address address, std::uint16_t port) { return fmt::format("{}:{}", to_string(address), port); }

std::vector<Socket> connect_sockets(int type, std::size_t count, Ipv4Address address, std::uint16_t port, Problems& problems) {
  const sockaddr_in to = socket_address(address, port);
  std::vector<Socket> sockets;
  for (std::size_t i = 0; i < count; ++i) {
    Socket made(socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    int error = made.open() ? 0 : errno;
    if (error == 0) {
      const int on = 1;
      if (type == SOCK_STREAM) setsockopt(made.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      if (type == SOCK_DGRAM) {
        enlarge(made.get(), SO_RCVBUF, SO_RCVBUFFORCE);
        enlarge(made.get(), SO_SNDBUF, SO_SNDBUFFORCE);
      }
      if (connect(made.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) error = errno;
      if (error == EINPROGRESS) error = await_connection(made.get());
    }
    if (error != 0) {
      problems.add({},
                   fmt::format("no socket to {} (number {} of {}): {}", spoken_address(address, port), i + 1, count, std::strerror(error)),
                   hint_of(error));
      return {};
    }
    sockets.push_back(std::move(made));
  }
  return sockets;
}

bool Waiting::open() {
  epoll_ = Socket(epoll_create1(EPOLL_CLOEXEC));
  return epoll_.open();
}

bool Waiting::add(int socket, std::uint32_t index) {
  epoll_event event{.events = EPOLLIN, .data = {.u32 = index}};
  return epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket, &event) == 0;
}

void Waiting::change(int socket, std::uint32_t index, std::uint32_t events) {
  epoll_event event{.events = events, .data = {.u32 = index}};
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, socket, &event);
}

void Waiting::remove(int socket) { epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, socket, nullptr); }

std::span<const epoll_event> Waiting::wait(std::int64_t ns) {
  const timespec patience = {.tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000};
  const int ready = epoll_pwait2(epoll_.get(), events_.data(), static_cast<int>(events_.size()), &patience, nullptr);
  return {events_.data(), static_cast<std::size_t>(std::max(ready, 0))};
}

std::span<const epoll_event> Waiting::wait_beside(const TimerQueue& timers, Duration early) {
  const std::int64_t now = clock_now();
  const std::int64_t until = std::min(timers.next_due() - std::min(expected_late_, early.nanoseconds), now + kLongestWait);
  if (until <= now) return look();
  const std::span<const epoll_event> ready = wait(until - now);
  if (ready.empty()) learn_from(clock_now() - until);
  return ready;
}

// Rises fast and falls slowly: to be late is worse than to spin. What is later than a few wake-ups can be was not the kernel's waking.
void Waiting::learn_from(std::int64_t late) {
  late = std::min(late, kLatestWake);
  expected_late_ += (late - expected_late_) / (late > expected_late_ ? 2 : 16);
}

}  // namespace smartswitch::load
