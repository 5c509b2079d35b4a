// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Connections that come in by one way, and how many there may be at once.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string_view>

#include "graph/plan.h"
#include "runtime/control/session.h"
#include "runtime/control/socket_file.h"

namespace smartswitch::runtime::control {

/// All on the server's thread.
class Listener {
 public:
  explicit Listener(Hall& hall) : hall_(hall) {}
  virtual ~Listener() = default;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  virtual void start() = 0;
  /// Accepts nothing more, and lets sessions come to their ends.
  virtual void stop() = 0;
  void close_all();
  [[nodiscard]] bool empty() const { return sessions_.empty(); }

 protected:
  /// True if there is room for one more session: if there is none, the one that has been idle longest makes way. What is refused is
  /// counted.
  bool make_room();
  void begin(std::unique_ptr<Channel> channel, std::function<bool(std::string_view)> admits);
  void end_sessions();
  Hall& hall() { return hall_; }

 private:
  Hall& hall_;
  std::set<std::shared_ptr<Session>> sessions_;
};

/// Everybody who may connect may do everything. Makes the socket again when its file is gone.
std::unique_ptr<Listener> unix_listener(Hall& hall, SocketFile file);
/// HTTP over TLS, as `control` says; who has the token may do everything. Null, with the reasons in `problems`, if that cannot be had.
/// `port` is the one it listens on.
std::unique_ptr<Listener> tcp_listener(Hall& hall, const graph::Control& control, std::uint16_t& port, Problems& problems);

}  // namespace smartswitch::runtime::control
