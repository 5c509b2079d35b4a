// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fmt/format.h>

#include <algorithm>

#include "elements/sdk/units.h"
#include "runtime/command/command.h"
#include "runtime/command/new_configuration.h"

namespace smartswitch::command {
namespace {

struct NewConfigOptions {
  NewConfiguration wish;
  std::vector<std::string> servers;
  std::vector<std::string> settings;
};

/// NAME=DEV,MAC,ADDRESS. A device may have commas of its own.
NewServer parse_server(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::size_t address = text.rfind(',');
  const std::size_t mac = address == std::string::npos || address == 0 ? std::string::npos : text.rfind(',', address - 1);
  const auto refuse = [&text](const std::string& fault) {
    throw CLI::ValidationError("--server", fmt::format("`{}`: {}; write NAME=DEVICE,MAC,ADDRESS", text, fault));
  };
  if (equals == std::string::npos || equals == 0) refuse("a name is missing");
  if (mac == std::string::npos || mac <= equals + 1) refuse("a device, a MAC address and an IPv4 address are needed");
  NewServer server{text.substr(0, equals), text.substr(equals + 1, mac - equals - 1), text.substr(mac + 1, address - mac - 1),
                   text.substr(address + 1)};
  const auto in_names = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-'; };
  if (!std::all_of(server.name.begin(), server.name.end(), in_names)) refuse("a name has letters, digits, `.`, `_` and `-`");
  if (!parse_mac(server.mac)) refuse(fmt::format("`{}` is no MAC address", server.mac));
  if (!parse_ipv4(server.address)) refuse(fmt::format("`{}` is no IPv4 address", server.address));
  return server;
}

void list_kinds() {
  for (const KindOfConfiguration& kind : kinds_of_configurations()) fmt::print("{:<10} {}\n", kind.name, kind.about);
}

int new_config(NewConfigOptions& options) {
  if (options.wish.kind.empty()) {
    list_kinds();
    return kOk;
  }
  for (const std::string& server : options.servers) options.wish.servers.push_back(parse_server(server));
  for (const std::string& setting : options.settings) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0) throw CLI::ValidationError("--set", fmt::format("`{}` is not NAME=VALUE", setting));
    options.wish.settings[setting.substr(0, equals)] = setting.substr(equals + 1);
  }
  Problems problems;
  const std::string text = new_configuration(options.wish, problems);
  if (!problems.empty()) {
    show(problems);
    return kBadUsage;
  }
  graph::LoadOptions as_it_stands;
  as_it_stands.use_environment = false;
  const graph::Loaded loaded = graph::load_text(text, options.wish.kind + ".yaml", as_it_stands);
  for (const graph::Diagnostic& diagnostic : loaded.diagnostics) fmt::print(stderr, "{}", graph::render(diagnostic, false));
  if (!loaded.plan) return kBadConfiguration;
  fmt::print("{}", text);
  return kOk;
}

}  // namespace

void add_new_config(CLI::App& app, int& exit_code) {
  std::string kinds;
  for (const KindOfConfiguration& kind : kinds_of_configurations()) kinds += (kinds.empty() ? "" : "|") + kind.name;
  CLI::App* verb =
      app.add_subcommand("new-config", "Write a configuration of your own to start from; without KIND: say what kinds there are");
  auto options = std::make_shared<NewConfigOptions>();
  verb->add_option("kind", options->wish.kind, "What it is to be")->type_name(kinds);
  verb->add_option("--device,--client", options->wish.devices,
                   "A network interface or DPDK device, for the next of its ports that is no server's (may be repeated)")
      ->type_name("DEVICE")
      ->allow_extra_args(false);
  verb->add_option("--server", options->servers, "memswitch: a memcached server, and the device that it is behind (may be repeated)")
      ->type_name("NAME=DEVICE,MAC,ADDRESS")
      ->allow_extra_args(false);
  verb->add_option("--set", options->settings, "Another default for one of its variables (may be repeated)")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  verb->footer(
      "Example:\n"
      "  smartswitch new-config memswitch --client eth0 --server mc1=eth1,02:00:00:00:01:01,10.0.0.11 \\\n"
      "      --server mc2=0000:3b:00.0,02:00:00:00:01:02,10.0.0.12 --set SERVICE_ADDRESS=10.0.0.100 > my.yaml");
  verb->callback([options, &exit_code] { exit_code = new_config(*options); });
}

}  // namespace smartswitch::command
