// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <thread>

#include "runtime/command/command.h"
#include "runtime/command/remote.h"
#include "runtime/snapshot_json.h"
#include "runtime/summary.h"

namespace smartswitch::command {
namespace {

struct StatsOptions {
  RemoteOptions remote;
  bool json = false;
  bool watch = false;
  Duration interval{1'000'000'000};
};

int not_understood(const std::string& why) {
  Problems problems;
  problems.add({}, "the switch's answer is not what this program expects: " + why,
               "is it of another version? `smartswitch ctl GET /v1` says");
  show(problems);
  return kRefused;
}

int show_once(runtime::control::Client& client, const StatsOptions& options, bool clear) {
  int exit_code = kOk;
  const auto answer = ask(client, {.method = "GET", .path = "/v1/stats", .body = {}}, exit_code);
  if (!answer) return exit_code;
  std::string text = answer->body;
  if (!options.json) {
    try {
      text = runtime::summary_text(runtime::snapshot_from_json(runtime::Json::parse(text)), colour_on(STDOUT_FILENO));
    } catch (const nlohmann::json::exception& error) {
      return not_understood(error.what());
    }
  }
  fmt::print("{}{}", clear ? "\x1b[H\x1b[2J" : "", text);
  return std::fflush(stdout) == 0 ? kOk : kRefused;
}

int stats(const StatsOptions& options) {
  int exit_code = kOk;
  const auto client = options.remote.open(exit_code);
  if (!client) return exit_code;
  const bool clear = options.watch && !options.json && isatty(STDOUT_FILENO) == 1;
  exit_code = show_once(*client, options, clear);
  while (options.watch && exit_code == kOk) {
    std::this_thread::sleep_for(std::chrono::nanoseconds(options.interval.nanoseconds));
    exit_code = show_once(*client, options, clear);
  }
  return exit_code;
}

}  // namespace

void add_stats(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand("stats", "Show the counts of a running switch");
  auto options = std::make_shared<StatsOptions>();
  options->remote.add_to(*verb);
  verb->add_flag("--json", options->json, "As JSON");
  verb->add_flag("--watch", options->watch, "Again and again, until Ctrl-C");
  add_duration(*verb, "--every", options->interval, "How often with --watch");
  verb->callback([options, &exit_code] { exit_code = stats(*options); });
}

}  // namespace smartswitch::command
