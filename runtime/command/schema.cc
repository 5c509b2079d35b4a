// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "graph/schema.h"

#include <fmt/format.h>

#include "runtime/command/command.h"

namespace smartswitch::command {

void add_schema(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand("schema", "Write a JSON Schema of configurations, by which editors complete and check them");
  auto modules = std::make_shared<ModuleOptions>();
  modules->add_to(*verb);
  verb->callback([modules, &exit_code] {
    if (!modules->load()) {
      exit_code = kRefused;
      return;
    }
    fmt::print("{}", graph::configuration_schema());
  });
}

}  // namespace smartswitch::command
