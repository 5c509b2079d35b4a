// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The Unix sockets that switches answer on: where they are, and how one comes to be in spite of what another left behind.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "elements/sdk/value.h"

namespace smartswitch::runtime::control {

/// Where switches of this user may have sockets: /run/smartswitch, and $XDG_RUNTIME_DIR/smartswitch.
std::vector<std::string> socket_folders();
/// The first of them that can be had (made with mode 0700 if need be). Empty, with the reasons in `problems`, if there is none.
std::string own_socket_folder(Problems& problems);
/// "memswitch" for "configs/memswitch.yaml": what the switch is called if nobody says otherwise.
std::string name_from_file(const std::string& file);

/// Whether something accepts connections there.
bool answers(const std::string& path);
/// Sockets in these folders that answer.
std::vector<std::string> live_sockets(const std::vector<std::string>& folders);

/// A listening Unix socket of mode 0600.
class SocketFile {
 public:
  /// Takes over a socket that nobody answers on: it is left from a process that was killed. If somebody does, `path` is used with the
  /// process's number in its name, provided that it `may_differ`; else it is a fault. What is no socket is never removed.
  static SocketFile listen(std::string path, bool may_differ, Problems& problems);
  SocketFile() = default;
  SocketFile(SocketFile&& other) noexcept;
  SocketFile& operator=(SocketFile&& other) noexcept;
  /// Closes the socket and removes the file, if it is still its own.
  ~SocketFile();

  [[nodiscard]] bool good() const { return descriptor_ >= 0; }
  [[nodiscard]] const std::string& path() const { return path_; }
  /// The listening socket, for whoever accepts; whoever takes it closes it.
  int release() { return std::exchange(descriptor_, -1); }
  enum class Presence : std::uint8_t { kThere, kGone, kOthers };
  /// Whether the file is there, and still the one that was made.
  [[nodiscard]] Presence look() const;
  void remove();

 private:
  std::string path_;
  int descriptor_ = -1;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace smartswitch::runtime::control
