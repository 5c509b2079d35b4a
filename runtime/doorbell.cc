// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/doorbell.h"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "runtime/clock.h"

namespace smartswitch::runtime {

Doorbell::Doorbell() : ring_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (ring_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  add(ring_);
}

Doorbell::~Doorbell() { close(ring_); }

void Doorbell::add(int descriptor) { bells_.push_back({.fd = descriptor, .events = POLLIN, .revents = 0}); }

void Doorbell::remove_all() { bells_.resize(1); }

bool Doorbell::sleep(std::int64_t until, Listen listen) {
  const std::int64_t left = std::max<std::int64_t>(until - monotonic_ns(), 0);
  const timespec timeout = {.tv_sec = left / 1'000'000'000, .tv_nsec = left % 1'000'000'000};
  const nfds_t count = listen == Listen::kBells ? bells_.size() : 1;
  if (ppoll(bells_.data(), count, until == INT64_MAX ? nullptr : &timeout, nullptr) <= 0) return false;
  bool rang = false;
  for (nfds_t i = 1; i < count; ++i) {
    if (bells_[i].revents == 0) continue;
    rang = true;
    // A socket keeps the error of an interface that went down until somebody asks, and would end every sleep with it.
    int error = 0;
    socklen_t size = sizeof(error);
    if ((bells_[i].revents & POLLERR) != 0) getsockopt(bells_[i].fd, SOL_SOCKET, SO_ERROR, &error, &size);
  }
  return rang;
}

void Doorbell::silence() {
  std::uint64_t times = 0;
  // Fails only if nobody has rung.
  [[maybe_unused]] const ssize_t got = read(ring_, &times, sizeof(times));
}

void Doorbell::ring() {
  const std::uint64_t one = 1;
  // Fails only when the count is at its end: then it has been rung, too.
  [[maybe_unused]] const ssize_t written = write(ring_, &one, sizeof(one));
}

}  // namespace smartswitch::runtime
