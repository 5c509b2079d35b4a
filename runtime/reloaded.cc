// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/reloaded.h"

#include <algorithm>
#include <set>

#include "graph/port_names.h"

namespace smartswitch::runtime {
namespace {

template <class List>
std::set<std::string> names(const List& list) {
  std::set<std::string> all;
  for (const auto& item : list) all.insert(item.name);
  return all;
}

template <class List>
Difference come_and_gone(const List& before, const List& after) {
  Difference difference;
  const std::set<std::string> was = names(before);
  const std::set<std::string> is = names(after);
  std::set_difference(is.begin(), is.end(), was.begin(), was.end(), std::back_inserter(difference.added));
  std::set_difference(was.begin(), was.end(), is.begin(), is.end(), std::back_inserter(difference.removed));
  return difference;
}

bool holds(const std::vector<std::string>& list, const std::string& name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

std::set<std::string> edges(const graph::Plan& plan) {
  std::set<std::string> all;
  for (const graph::Connection& c : plan.connections) {
    const graph::ElementSpec& from = plan.elements[c.from];
    const graph::ElementSpec& to = plan.elements[c.to];
    all.insert(from.name + "." + graph::name_of(from.info->outputs, from.parameters, c.output) + " -> " + to.name + ":" +
               graph::name_of(to.info->inputs, to.parameters, c.input));
  }
  return all;
}

}  // namespace

Reloaded compare(const Pipeline& running, const Pipeline& made) {
  const graph::Plan& before = running.plan();
  const graph::Plan& after = made.plan();
  Reloaded report;
  report.elements = come_and_gone(before.elements, after.elements);
  report.states = come_and_gone(before.states, after.states);
  report.ports = come_and_gone(before.ports, after.ports);
  report.workers = come_and_gone(before.workers, after.workers);
  for (std::size_t i = 0; i < after.instances.size(); ++i) {
    const std::string& name = after.elements[after.instances[i].element].name;
    std::vector<std::string>& changed = report.elements.changed;
    if (!made.kept(i) && !holds(report.elements.added, name) && !holds(changed, name)) changed.push_back(name);
  }
  for (std::size_t i = 0; i < after.states.size(); ++i) {
    const std::string& name = after.states[i].name;
    if (!made.state_kept(i) && !holds(report.states.added, name)) report.states.changed.push_back(name);
  }
  for (const graph::Worker& worker : after.workers) {
    const auto same = [&](const graph::Worker& w) {
      return w.name == worker.name && w.core == worker.core && w.idle == worker.idle &&
             w.max_sleep.nanoseconds == worker.max_sleep.nanoseconds;
    };
    if (!holds(report.workers.added, worker.name) && std::none_of(before.workers.begin(), before.workers.end(), same))
      report.workers.changed.push_back(worker.name);
  }
  report.rewired = edges(before) != edges(after);
  return report;
}

}  // namespace smartswitch::runtime
