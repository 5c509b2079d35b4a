// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fmt/format.h>

#include "runtime/command/command.h"

namespace smartswitch::command {
namespace {

std::string count(std::size_t n, const std::string& what) { return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s"); }

}  // namespace

void add_check(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand("check", "Say whether a configuration is right; touches no device");
  auto options = std::make_shared<FileOptions>();
  options->add_to(*verb);
  verb->callback([options, &exit_code] {
    const std::optional<graph::Plan> plan = options->load(exit_code);
    if (!plan) return;
    fmt::print("ok: {}, {}, {}, {}, {}\n", count(plan->elements.size(), "element"), count(plan->connections.size(), "connection"),
               count(plan->states.size(), "state object"), count(plan->ports.size(), "port"), count(plan->workers.size(), "worker"));
  });
}

}  // namespace smartswitch::command
