// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What systemd wants to hear of a service with Type=notify (sd_notify(3)): datagrams to the socket that NOTIFY_SOCKET names.
#pragma once

#include <cstdint>
#include <string>

namespace smartswitch::command {

/// For one thread. Says nothing, and costs nothing, when nobody asked.
class ServiceManager {
 public:
  /// Takes its variables (NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID) out of the environment: they are not meant for children.
  static ServiceManager of_environment();
  ServiceManager() = default;
  ServiceManager(ServiceManager&& other) noexcept;
  ServiceManager& operator=(ServiceManager&&) = delete;
  ~ServiceManager();

  [[nodiscard]] bool listens() const { return socket_ >= 0; }
  /// Nanoseconds within which it wants a sign of life; 0: it wants none.
  [[nodiscard]] std::int64_t watchdog() const { return watchdog_; }

  /// The start is over.
  void ready(const std::string& status) const { send("READY=1\nSTATUS=" + status); }
  void status(const std::string& status) const { send("STATUS=" + status); }
  void alive() const { send("WATCHDOG=1"); }
  void stopping() const { send("STOPPING=1\nSTATUS=stopping"); }

 private:
  void send(const std::string& text) const;
  int socket_ = -1;
  std::int64_t watchdog_ = 0;
};

}  // namespace smartswitch::command
