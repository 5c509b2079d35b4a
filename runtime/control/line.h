// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// A client's connection: a Unix socket, or TCP with TLS.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "elements/sdk/units.h"
#include "runtime/control/client.h"

namespace smartswitch::runtime::control {

class ClientLine {
 public:
  virtual ~ClientLine() = default;
  /// False if not all could be written.
  virtual bool write(std::string_view bytes) = 0;
  /// How many bytes came; 0 at the end; negative if it failed or took longer than the patience.
  virtual long read(char* into, std::size_t most) = 0;
  virtual void set_patience(Duration patience) = 0;
  /// A read that waits, and each one after it, finds the end. From any thread, and in a signal handler.
  virtual void hang_up() const = 0;

  static std::unique_ptr<ClientLine> to_socket(const std::string& path, Problems& problems);
  static std::unique_ptr<ClientLine> to_host(const Address& address, const std::string& host, const std::string& port, Problems& problems);
};

}  // namespace smartswitch::runtime::control
