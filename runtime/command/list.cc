// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "elements/sdk/registry.h"
#include "runtime/command/command.h"

namespace smartswitch::command {
namespace {

template <class Info>
void print_by_room(const std::vector<const Info*>& infos, const std::string& kind) {
  std::map<std::string, std::vector<const Info*>> rooms;
  std::size_t width = 0;
  for (const Info* info : infos) {
    rooms[info->room].push_back(info);
    width = std::max(width, info->name.size());
  }
  const bool colour = colour_on(STDOUT_FILENO);
  for (const auto& [room, members] : rooms) {
    fmt::print("{}{} ({}){}\n", colour ? "\x1b[1m" : "", room, kind, colour ? "\x1b[0m" : "");
    for (const Info* info : members) fmt::print("  {:<{}}  {}\n", info->name, width, info->summary);
  }
}

}  // namespace

void add_list(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand("list", "Name the element and state classes there are");
  auto modules = std::make_shared<ModuleOptions>();
  auto what = std::make_shared<std::string>("all");
  modules->add_to(*verb);
  verb->add_option("what", *what, "elements, states or all")->check(CLI::IsMember({"elements", "states", "all"}))->capture_default_str();
  verb->callback([modules, what, &exit_code] {
    if (!modules->load()) {
      exit_code = kRefused;
      return;
    }
    if (*what != "states") print_by_room(Registry::instance().elements(), "elements");
    if (*what != "elements") print_by_room(Registry::instance().states(), "states");
  });
}

}  // namespace smartswitch::command
