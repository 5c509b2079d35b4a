// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <string>

#include "runtime/command/command.h"
#include "runtime/control/program.h"

namespace smartswitch::command {

/// Changes a running switch over to a configuration file, for the control API and for SIGHUP. On the thread that may change the switch.
class FileReloader {
 public:
  /// `input` is what the switch was started with: its variables and libraries hold for all later files as well.
  FileReloader(FileOptions input, runtime::control::CurrentConfiguration& current) : input_(std::move(input)), current_(current) {}
  /// Also logs what came of it.
  runtime::control::Response reload(runtime::Switch& live, const runtime::control::ReloadOrder& order);

 private:
  FileOptions input_;
  runtime::control::CurrentConfiguration& current_;
};

}  // namespace smartswitch::command
