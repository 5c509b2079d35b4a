// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What the elements on the kernel's sockets share: one socket for each client, and waiting for all of them.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "elements/sdk/timer.h"
#include "elements/sdk/units.h"
#include "elements/sdk/value.h"

namespace smartswitch::load {

class Socket {
 public:
  Socket() = default;
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  ~Socket() { close(); }
  Socket(Socket&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
  Socket& operator=(Socket&& other) noexcept;
  [[nodiscard]] int get() const { return descriptor_; }
  [[nodiscard]] bool open() const { return descriptor_ >= 0; }
  void close();

 private:
  int descriptor_ = -1;
};

/// A server's address for people: "10.0.0.1:11211".
std::string spoken_address(Ipv4Address address, std::uint16_t port);

/// Non-blocking sockets, connected to the server. With SOCK_STREAM, it waits until the connections stand, at most a few seconds. Faults go
/// to `problems`.
std::vector<Socket> connect_sockets(int type, std::size_t count, Ipv4Address address, std::uint16_t port, Problems& problems);

/// Waits until a socket is readable, or the worker has something else to do.
class Waiting {
 public:
  /// False, with the reason in errno, if the kernel has no room for one more.
  bool open();
  bool add(int socket, std::uint32_t index);
  /// What the socket is waited for: EPOLLIN, EPOLLOUT.
  void change(int socket, std::uint32_t index, std::uint32_t events);
  void remove(int socket);

  /// Sockets with something to say, `data.u32` being their index, without waiting.
  std::span<const epoll_event> look() { return wait(0); }
  /// The same, and waits in the kernel for them, but not beyond the worker's next timer. The kernel wakes a thread late, by some
  /// microseconds or tens of them: it is told to come so much earlier as it was late before, at most `early`, and the worker spins for that
  /// long.
  std::span<const epoll_event> wait_beside(const TimerQueue& timers, Duration early);

 private:
  std::span<const epoll_event> wait(std::int64_t ns);
  void learn_from(std::int64_t late);

  Socket epoll_;
  std::array<epoll_event, 64> events_;
  std::int64_t expected_late_ = 0;
};

}  // namespace smartswitch::load
