// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/command/command.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace smartswitch::command {
namespace {

std::string line_of(const Location& where) {
  std::ifstream file(where.file);
  std::string line;
  for (std::uint32_t n = 0; n < where.line; ++n) {
    if (!std::getline(file, line)) return {};
  }
  return line;
}

void show_diagnostic(const graph::Diagnostic& diagnostic) {
  std::string text = graph::render(diagnostic, colour_on(STDERR_FILENO));
  if (!text.ends_with('\n')) text += '\n';
  std::fputs(text.c_str(), stderr);
}

}  // namespace

bool colour_on(int file_descriptor) {
  const char* no_colour = std::getenv("NO_COLOR");
  return (no_colour == nullptr || *no_colour == '\0') && isatty(file_descriptor) == 1;
}

void show(const Problems& problems) {
  for (const Problem& problem : problems.list()) show_diagnostic(graph::Diagnostic{problem, line_of(problem.where)});
}

CLI::Option* add_duration(CLI::App& verb, const std::string& name, Duration& target, const std::string& help, bool may_be_zero) {
  const auto store = [name, &target, may_be_zero](const std::string& word) {
    const std::optional<Duration> duration = parse_duration(word);
    const bool zero = duration && duration->nanoseconds == 0;
    if (!duration || (zero ? !may_be_zero : duration->nanoseconds < 1'000'000)) {
      throw CLI::ValidationError(name, fmt::format("`{}` is not a duration of 1ms or more, such as 500ms, 1s or 5min", word));
    }
    target = *duration;
  };
  return verb.add_option_function<std::string>(name, store, help)->type_name("DURATION");
}

void ModuleOptions::add_to(CLI::App& verb) {
  verb.add_option("--load", modules, "Load a shared library with elements of your own (may be repeated)")
      ->type_name("LIBRARY")
      ->allow_extra_args(false);
}

bool ModuleOptions::load() const {
  for (const std::string& module : modules) {
    // Without a slash the dynamic linker would look for it in the system's folders.
    const std::string path = std::filesystem::absolute(module);
    if (dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL) != nullptr) continue;
    Problems problems;
    problems.add({}, fmt::format("cannot load `{}`: {}", module, dlerror()),
                 "a library of elements is built against the SDK of this very version (examples/own_element)");
    show(problems);
    return false;
  }
  return true;
}

void FileOptions::add_to(CLI::App& verb) {
  verb.add_option("file", file, "The configuration, in YAML")->required()->type_name("FILE");
  verb.add_option("--set", settings, "Give ${NAME} in the configuration a value (may be repeated)")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  modules.add_to(verb);
}

std::map<std::string, std::string> FileOptions::variables() const {
  std::map<std::string, std::string> variables;
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0) throw CLI::ValidationError("--set", fmt::format("`{}` is not NAME=VALUE", setting));
    variables[setting.substr(0, equals)] = setting.substr(equals + 1);
  }
  return variables;
}

std::optional<graph::Plan> FileOptions::load(int& exit_code) const {
  graph::LoadOptions options;
  options.variables = variables();
  if (!modules.load()) {
    exit_code = kRefused;
    return std::nullopt;
  }
  graph::Loaded loaded = graph::load_file(file, options);
  for (const graph::Diagnostic& diagnostic : loaded.diagnostics) show_diagnostic(diagnostic);
  if (!loaded.plan) exit_code = kBadConfiguration;
  return std::move(loaded.plan);
}

}  // namespace smartswitch::command
