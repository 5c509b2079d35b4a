// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What the verbs of `smartswitch` share.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "elements/sdk/units.h"
#include "graph/load.h"

namespace smartswitch::command {

/// Documented in --help: scripts may rely on them.
enum Exit : int {
  kOk = 0,
  kBadConfiguration = 1,
  kBadUsage = 2,
  kRefused = 3,
  kInternal = 4,
};

/// Each adds its verb, which stores the exit code when it is run.
void add_run(CLI::App& app, int& exit_code);
void add_check(CLI::App& app, int& exit_code);
void add_graph(CLI::App& app, int& exit_code);
void add_list(CLI::App& app, int& exit_code);
void add_describe(CLI::App& app, int& exit_code);
void add_schema(CLI::App& app, int& exit_code);
void add_completion(CLI::App& app, int& exit_code);
void add_complete(CLI::App& app, int& exit_code);
void add_new_config(CLI::App& app, int& exit_code);
void add_where(CLI::App& app, int& exit_code);
void add_explain(CLI::App& app, int& exit_code);
void add_trace(CLI::App& app, int& exit_code);
void add_tap(CLI::App& app, int& exit_code);
void add_import_twemproxy(CLI::App& app, int& exit_code);
void add_load(CLI::App& app, int& exit_code);
void add_reload(CLI::App& app, int& exit_code);
void add_set(CLI::App& app, int& exit_code);
void add_call(CLI::App& app, int& exit_code);
void add_top(CLI::App& app, int& exit_code);
void add_stats(CLI::App& app, int& exit_code);
void add_drain(CLI::App& app, int& exit_code);
void add_stop(CLI::App& app, int& exit_code);
void add_ctl(CLI::App& app, int& exit_code);

/// Adds an option that is a duration of 1 ms or more, or 0 if that `may_be_zero`.
CLI::Option* add_duration(CLI::App& verb, const std::string& name, Duration& target, const std::string& help, bool may_be_zero = false);

/// Options of verbs that know element classes: --load.
struct ModuleOptions {
  std::vector<std::string> modules;
  void add_to(CLI::App& verb);
  /// Loads the shared libraries. False, and said on stderr, if one cannot be loaded.
  [[nodiscard]] bool load() const;
};

/// Options of verbs that read a configuration: FILE, --set and --load.
struct FileOptions {
  std::string file;
  std::vector<std::string> settings;
  ModuleOptions modules;
  void add_to(CLI::App& verb);
  /// What --set says.
  [[nodiscard]] std::map<std::string, std::string> variables() const;
  /// The plan, or nothing and an exit code; faults have been shown on stderr then.
  [[nodiscard]] std::optional<graph::Plan> load(int& exit_code) const;
};

/// Shows each fault on stderr as the graph does, with the line it is in.
void show(const Problems& problems);

/// ANSI colours: on a terminal, unless NO_COLOR is set (https://no-color.org).
bool colour_on(int file_descriptor);

}  // namespace smartswitch::command
