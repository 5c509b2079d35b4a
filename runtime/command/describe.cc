// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fmt/format.h>
#include <unistd.h>

#include "elements/sdk/registry.h"
#include "runtime/command/command.h"
#include "runtime/command/reference.h"

namespace smartswitch::command {
namespace {

struct DescribeOptions {
  ModuleOptions modules;
  std::string class_name;
  bool all = false;
  bool markdown = false;
};

int unknown_class(const std::string& name) {
  std::vector<std::string> known;
  for (const ElementInfo* info : Registry::instance().elements()) known.push_back(info->name);
  for (const StateInfo* info : Registry::instance().states()) known.push_back(info->name);
  const std::string near = did_you_mean(name, known);
  Problems problems;
  problems.add({}, fmt::format("there is no class `{}`", name), near.empty() ? "`smartswitch list` names them all" : near);
  show(problems);
  return kBadUsage;
}

int describe(const DescribeOptions& options) {
  if (options.all == !options.class_name.empty()) throw CLI::ValidationError("describe", "give either a CLASS or --all");
  if (!options.modules.load()) return kRefused;
  const bool colour = colour_on(STDOUT_FILENO);
  const Registry& registry = Registry::instance();
  if (options.all && options.markdown) {
    fmt::print("{}", reference_page());
  } else if (options.all) {
    for (const ElementInfo* info : registry.elements()) fmt::print("{}\n", reference_text(*info, colour));
    for (const StateInfo* info : registry.states()) fmt::print("{}\n", reference_text(*info, colour));
  } else if (const ElementInfo* element = registry.element(options.class_name)) {
    fmt::print("{}", options.markdown ? reference_markdown(*element) : reference_text(*element, colour));
  } else if (const StateInfo* state = registry.state(options.class_name)) {
    fmt::print("{}", options.markdown ? reference_markdown(*state) : reference_text(*state, colour));
  } else {
    return unknown_class(options.class_name);
  }
  return kOk;
}

}  // namespace

void add_describe(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand("describe", "Say what an element or state class does, takes and counts");
  auto options = std::make_shared<DescribeOptions>();
  options->modules.add_to(*verb);
  verb->add_option("class", options->class_name, "The class, such as Queue")->type_name("CLASS");
  verb->add_flag("--all", options->all, "All classes");
  verb->add_flag("--markdown", options->markdown, "As Markdown; with --all, the page docs/elements.md");
  verb->callback([options, &exit_code] { exit_code = describe(*options); });
}

}  // namespace smartswitch::command
