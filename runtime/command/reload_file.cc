// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/command/reload_file.h"

#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "runtime/control/reload_json.h"

namespace smartswitch::command {
namespace {

namespace control = runtime::control;

void log_report(const std::string& file, const runtime::Reloaded& report) {
  if (report.nothing()) {
    spdlog::info("{} has nothing new", file);
    return;
  }
  std::string text;
  const auto tell = [&](const char* what, const runtime::Difference& d) {
    if (!d.added.empty()) text += fmt::format("; new {}: {}", what, fmt::join(d.added, ", "));
    if (!d.removed.empty()) text += fmt::format("; gone {}: {}", what, fmt::join(d.removed, ", "));
    if (!d.changed.empty()) text += fmt::format("; changed {}: {}", what, fmt::join(d.changed, ", "));
  };
  tell("elements", report.elements);
  tell("state objects", report.states);
  tell("ports", report.ports);
  tell("workers", report.workers);
  const auto longest = std::max_element(report.pauses.begin(), report.pauses.end());
  if (longest != report.pauses.end()) text += fmt::format("; workers stood still for {} us", *longest / 1000);
  spdlog::info("reloaded {}{}", file, text);
}

}  // namespace

control::Response FileReloader::reload(runtime::Switch& live, const control::ReloadOrder& order) {
  FileOptions input = input_;
  if (!order.file.empty()) input.file = order.file;
  graph::LoadOptions options;
  options.variables = input.variables();
  graph::Loaded loaded = graph::load_file(input.file, options);
  if (!loaded.plan) {
    std::vector<Problem> problems;
    std::string text;
    for (const graph::Diagnostic& diagnostic : loaded.diagnostics) {
      problems.push_back(diagnostic.problem);
      text += graph::render(diagnostic, false);
    }
    spdlog::error("nothing was reloaded: {} has {} fault(s)\n{}", input.file, problems.size(), text);
    return control::refusal_response(problems, text);
  }
  if (order.dry_run) return control::reload_response(live.difference(*loaded.plan), true);
  Problems problems;
  const auto report = live.reload(std::move(*loaded.plan), problems);
  if (!report) {
    const control::Response refusal = control::refusal_response(problems);
    spdlog::error("nothing was reloaded");
    show(problems);
    return refusal;
  }
  log_report(input.file, *report);
  current_.set({input.file, options.variables});
  input_.file = input.file;
  return control::reload_response(*report, false);
}

}  // namespace smartswitch::command
