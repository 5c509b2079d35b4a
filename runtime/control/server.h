// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The HTTP server of a switch: one thread for all connections, which is no worker's.
//
//   control::Server server({});
//   control::add_switch_routes(server.router(), live, program, server.counts());
//   server.serve(control::SocketFile::listen("/run/smartswitch/x.sock", false, problems));
//   server.start();
#pragma once

#include <memory>
#include <vector>

#include "graph/plan.h"
#include "runtime/control/counts.h"
#include "runtime/control/limits.h"
#include "runtime/control/router.h"
#include "runtime/control/socket_file.h"

namespace smartswitch::runtime::control {

/// Its methods are for one thread.
class Server {
 public:
  explicit Server(const Limits& limits);
  /// Stops.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Filled before start().
  [[nodiscard]] Router& router();
  /// For handlers, which run on the server's thread.
  [[nodiscard]] const Counts& counts() const;
  /// Before start(). A socket file that disappears while the server runs is made again.
  void serve(SocketFile file);
  /// Before start(). Also serves HTTP over TLS where `control.listen` says, and returns its port; 0, with the reasons in `problems`, if
  /// that cannot be.
  std::uint16_t serve_tcp(const graph::Control& control, Problems& problems);

  /// Starts the thread. It gives way to whatever it has to share a core with.
  void start();
  /// After start(). The thread keeps off these cores from now on, if others are left to it.
  void keep_off(std::vector<unsigned> busy_cores);
  /// Answers what has been asked (for at most a second), closes all connections, removes the socket and ends the thread.
  void stop();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace smartswitch::runtime::control
