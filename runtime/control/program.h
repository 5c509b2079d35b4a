// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "runtime/control/message.h"
#include "runtime/switch.h"

namespace smartswitch::runtime::control {

/// Where a running configuration came from.
struct Configuration {
  std::string file;
  std::map<std::string, std::string> settings;  ///< --set NAME=VALUE
};

/// The present one. Any thread.
class CurrentConfiguration {
 public:
  [[nodiscard]] Configuration get() const {
    const std::lock_guard alone(mutex_);
    return configuration_;
  }
  void set(Configuration configuration) {
    const std::lock_guard alone(mutex_);
    configuration_ = std::move(configuration);
  }

 private:
  mutable std::mutex mutex_;
  Configuration configuration_;
};

struct ReloadOrder {
  std::string file;  ///< empty: the one that runs, read again
  bool dry_run = false;
};

/// What the API tells of the program around the switch, and asks it to do.
struct Program {
  std::string name;     ///< of this switch, among others on the machine
  std::string version;  ///< of the program
  CurrentConfiguration configuration;
  // Called on the server's thread; they only ask, and return at once.
  std::function<void()> stop;
  std::function<void()> drain;
  std::function<void(ReloadOrder, Reply)> reload;
  /// Runs `task` on the thread that may change the switch.
  std::function<void(std::function<void(Switch&)> task)> change;
};

}  // namespace smartswitch::runtime::control
