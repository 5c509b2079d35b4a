// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fmt/format.h>

#include <iostream>
#include <string>

#include "elements/sdk/key_places.h"
#include "runtime/command/command.h"

namespace smartswitch::command {
namespace {

struct WhereOptions {
  FileOptions input;
  std::string pool;
};

struct Places {
  std::unique_ptr<State> state;
  KeyPlaces* places = nullptr;
};

std::vector<Places> all_places(const graph::Plan& plan, Problems& problems) {
  std::vector<Places> all;
  for (const graph::StateObject& object : plan.states) {
    Places made{.state = object.info->create()};
    made.places = dynamic_cast<KeyPlaces*>(made.state.get());
    if (made.places == nullptr) continue;
    made.state->set_name(object.name);
    assign_parameters(made.state.get(), object.info->parameters, object.parameters, object.info->name, {"class"}, problems);
    all.push_back(std::move(made));
  }
  return all;
}

// Which of them is meant; nothing, with the reason in `problems`, if that cannot be told.
Places* choose(std::vector<Places>& all, const WhereOptions& options, Problems& problems) {
  std::vector<std::string> names;
  for (Places& made : all) {
    if (made.state->name() == options.pool || (options.pool.empty() && all.size() == 1)) return &made;
    names.push_back(made.state->name());
  }
  if (all.empty()) {
    problems.add({options.input.file, 0, 0}, "no state object of this file gives keys a server", "BackendPool does");
  } else if (options.pool.empty()) {
    problems.add({options.input.file, 0, 0}, "there are several pools", "say which with --pool: " + spoken_list(names));
  } else {
    const std::string near = did_you_mean(options.pool, names);
    problems.add({options.input.file, 0, 0}, fmt::format("there is no pool `{}`", options.pool),
                 near.empty() ? "there are " + spoken_list(names) : near);
  }
  return nullptr;
}

int where(const WhereOptions& options) {
  int exit_code = kOk;
  const std::optional<graph::Plan> plan = options.input.load(exit_code);
  if (!plan) return exit_code;
  Problems problems;
  std::vector<Places> all = all_places(*plan, problems);
  Places* chosen = choose(all, options, problems);
  if (chosen != nullptr) chosen->state->start(problems);
  if (!problems.empty()) {
    show(problems);
    return chosen == nullptr ? kBadUsage : kRefused;
  }
  std::ios::sync_with_stdio(false);
  for (std::string key; std::getline(std::cin, key);) std::cout << key << ' ' << chosen->places->place_of(key) << '\n';
  std::cout.flush();
  if (std::cout) return kOk;
  problems.add({}, "not all could be written to stdout");
  show(problems);
  return kRefused;
}

}  // namespace

void add_where(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand("where", "Say which server of a pool has each key; touches no device");
  verb->footer("Reads keys from stdin, one a line, and writes each with the name of its server, all servers being up.");
  auto options = std::make_shared<WhereOptions>();
  options->input.add_to(*verb);
  verb->add_option("--pool", options->pool, "The pool, by its name under `state:`; needed if there are several")->type_name("POOL");
  verb->callback([options, &exit_code] { exit_code = where(*options); });
}

}  // namespace smartswitch::command
