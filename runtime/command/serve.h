// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The control API of a run.
#pragma once

#include <memory>
#include <string>

#include "runtime/command/command.h"
#include "runtime/control/program.h"
#include "runtime/control/server.h"
#include "runtime/switch.h"

namespace smartswitch::command {

/// Options: --control and --name.
struct ControlOptions {
  std::string place;  ///< a path, "none", or empty: the usual place
  std::string name;   ///< empty: after the file
  void add_to(CLI::App& verb);
};

/// Fills in what the API tells of this run, but not what it may order.
void describe_program(runtime::control::Program& program, const FileOptions& input, const ControlOptions& options);

/// Opens what the API is served on; null if it is not served. Faults in `problems` are such that there should be no run. `live` and
/// `program` outlive the server.
std::unique_ptr<runtime::control::Server> open_server(runtime::Switch& live, const runtime::control::Program& program,
                                                      const ControlOptions& options, Problems& problems);
/// Keeps its thread off the workers' cores. After start(), and whenever workers may have come or moved.
void keep_off_workers(runtime::control::Server& server, const runtime::Switch& live);

}  // namespace smartswitch::command
