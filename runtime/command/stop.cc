// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fmt/format.h>

#include "runtime/command/command.h"
#include "runtime/command/remote.h"

namespace smartswitch::command {
namespace {

// Stopping takes 0.1 s and whatever the devices take.
constexpr Duration kEndPatience{30'000'000'000};

int stop(const RemoteOptions& remote) {
  int exit_code = kOk;
  const auto client = remote.open(exit_code);
  if (!client || !ask(*client, {.method = "POST", .path = "/v1/stop", .body = {}}, exit_code)) return exit_code;
  if (client->wait_for_end(kEndPatience)) return kOk;
  Problems problems;
  problems.add({}, "the switch has been told to stop, and still runs", "its log may say why; a second SIGTERM ends it at once");
  show(problems);
  return kRefused;
}

int drain(const RemoteOptions& remote) {
  int exit_code = kOk;
  const auto client = remote.open(exit_code);
  if (client) ask(*client, {.method = "POST", .path = "/v1/drain", .body = {}}, exit_code);
  return exit_code;
}

void add(CLI::App& app, int& exit_code, const char* name, const char* help, int (*order)(const RemoteOptions&)) {
  CLI::App* verb = app.add_subcommand(name, help);
  auto options = std::make_shared<RemoteOptions>();
  options->add_to(*verb);
  verb->callback([options, order, &exit_code] { exit_code = order(*options); });
}

}  // namespace

void add_stop(CLI::App& app, int& exit_code) {
  add(app, exit_code, "stop", "End a running switch as Ctrl-C does, and wait until it has", &stop);
}

void add_drain(CLI::App& app, int& exit_code) {
  add(app, exit_code, "drain", "Let a running switch take in nothing new; only `stop` comes after it", &drain);
}

}  // namespace smartswitch::command
