// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/command/service_manager.h"

#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

namespace smartswitch::command {
namespace {

constexpr std::int64_t kNsPerUs = 1000;

std::string take(const char* name) {
  const char* value = std::getenv(name);
  std::string text = value == nullptr ? "" : value;
  unsetenv(name);
  return text;
}

std::optional<std::int64_t> number_of(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

/// A connected datagram socket, or -1. A name that starts with @ is in the abstract namespace (unix(7)).
int connect_to(const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name.size() >= sizeof(address.sun_path) || (name[0] != '/' && name[0] != '@')) {
    spdlog::warn("NOTIFY_SOCKET is `{}`, which is no socket's name: the service manager is not told anything", name);
    return -1;
  }
  std::memcpy(address.sun_path, name.data(), name.size());
  if (name[0] == '@') address.sun_path[0] = '\0';
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  // It takes what comes at once; if it does not, a second is lost, not the switch.
  const timeval patience = {.tv_sec = 1, .tv_usec = 0};
  if (socket >= 0) setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  if (socket >= 0 && connect(socket, reinterpret_cast<const sockaddr*>(&address), length) == 0) return socket;
  spdlog::warn("the service manager's socket `{}` does not answer: {}", name, std::strerror(errno));
  if (socket >= 0) close(socket);
  return -1;
}

}  // namespace

ServiceManager ServiceManager::of_environment() {
  const std::string name = take("NOTIFY_SOCKET");
  const std::optional<std::int64_t> interval = number_of(take("WATCHDOG_USEC"));
  const std::string process = take("WATCHDOG_PID");
  ServiceManager manager;
  if (name.empty()) return manager;
  manager.socket_ = connect_to(name);
  const bool for_us = process.empty() || process == std::to_string(getpid());
  if (manager.socket_ >= 0 && interval && for_us && *interval < INT64_MAX / kNsPerUs) manager.watchdog_ = *interval * kNsPerUs;
  return manager;
}

ServiceManager::ServiceManager(ServiceManager&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), watchdog_(std::exchange(other.watchdog_, 0)) {}

ServiceManager::~ServiceManager() {
  if (socket_ >= 0) close(socket_);
}

void ServiceManager::send(const std::string& text) const {
  if (socket_ < 0) return;
  // If nobody is there any more, there is nobody to tell.
  [[maybe_unused]] const ssize_t sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
}

}  // namespace smartswitch::command
