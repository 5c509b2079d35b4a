// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "graph/placement.h"

#include <fmt/format.h>

#include <algorithm>

namespace smartswitch::graph {
namespace {

/// For each element, by which entry's source it is reached first, and by which of another entry.
struct Reach {
  struct From {
    std::size_t entry;
    std::size_t source;
  };
  std::vector<std::optional<From>> first;
  std::vector<std::optional<From>> second;
};

std::vector<std::vector<std::size_t>> targets(const Wiring& wiring) {
  std::vector<std::vector<std::size_t>> result(wiring.elements.size());
  for (const Connection& c : wiring.connections) {
    const ElementInfo* to = wiring.elements[c.to].info;
    if (to != nullptr && !to->border) result[c.from].push_back(c.to);
  }
  return result;
}

Reach reach(const Wiring& wiring, const Workers& workers) {
  const auto next = targets(wiring);
  Reach result;
  result.first.resize(wiring.elements.size());
  result.second.resize(wiring.elements.size());
  for (std::size_t entry = 0; entry < workers.entries.size(); ++entry) {
    for (const std::size_t source : workers.entries[entry].sources) {
      std::vector<std::size_t> waiting = {source};
      while (!waiting.empty()) {
        const std::size_t element = waiting.back();
        waiting.pop_back();
        auto& slot = !result.first[element] || result.first[element]->entry == entry ? result.first[element] : result.second[element];
        if (slot) continue;
        slot = {entry, source};
        waiting.insert(waiting.end(), next[element].begin(), next[element].end());
      }
    }
  }
  return result;
}

void check_one_worker_each(const Wiring& wiring, const Workers& workers, Report& report) {
  const Reach reached = reach(wiring, workers);
  // What follows an element of two workers has two as well; only the first is worth a message.
  std::vector<bool> follows(wiring.elements.size(), false);
  for (const Connection& c : wiring.connections) {
    if (reached.second[c.from]) follows[c.to] = true;
  }
  for (std::size_t i = 0; i < wiring.elements.size() && !report.full(); ++i) {
    if (!reached.second[i] || follows[i]) continue;
    const Reach::From& a = *reached.first[i];
    const Reach::From& b = *reached.second[i];
    report.fault(wiring.elements[i].where,
                 fmt::format("`{}` is reached by two workers: `{}` (from `{}`) and `{}` (from `{}`)", wiring.elements[i].name,
                             workers.entries[a.entry].name, wiring.elements[a.source].name, workers.entries[b.entry].name,
                             wiring.elements[b.source].name),
                 "an element belongs to one worker: put a Queue before it, or run both sources by one worker");
  }
}

class QueueCheck {
 public:
  QueueCheck(const Wiring& wiring, const Workers& workers, const std::vector<Port>& ports, Report& report)
      : wiring_(wiring), workers_(workers), ports_(ports), report_(report), polled_by_(ports.size()) {}

  void run() {
    for (std::size_t i = 0; i < wiring_.elements.size(); ++i) {
      const ElementSpec& element = wiring_.elements[i];
      if (element.info == nullptr) continue;
      for (const ParameterInfo& parameter : element.info->parameters) {
        const Value* value = parameter.refers == Refers::kRxPort ? element.parameters.find(parameter.name) : nullptr;
        if (value != nullptr) check(i, *value);
      }
    }
    for (std::size_t port = 0; port < ports_.size(); ++port) check_all_polled(port);
  }

 private:
  void check(std::size_t element, const Value& value) {
    const auto [name, queue] = detail::port_and_queue(value.text());
    const auto port = std::find_if(ports_.begin(), ports_.end(), [&n = name](const Port& p) { return p.name == n; });
    if (port == ports_.end()) return;
    const auto entry = workers_.runs[element];
    const unsigned replicas = entry ? workers_.entries[*entry].replicas() : 1;
    if (queue && replicas > 1) {
      report_.fault(
          value.where(),
          fmt::format("`{}` runs on {} cores and cannot poll one queue, `{}`", wiring_.elements[element].name, replicas, value.text()),
          fmt::format("write `{}`: each copy then polls a queue of its own", name));
      return;
    }
    const std::uint32_t first = queue.value_or(0);
    for (std::uint32_t q = first; q < first + replicas; ++q) {
      if (q >= port->rx_queues) {
        report_.fault(
            value.where(),
            fmt::format("`{}` polls queue {} of port `{}`, which has {}", wiring_.elements[element].name, q, name, port->rx_queues),
            fmt::format("give the port `rx_queues: {}`; queues count from 0", first + replicas));
        return;
      }
      auto& polled = polled_by_[static_cast<std::size_t>(port - ports_.begin())];
      polled.resize(port->rx_queues);
      if (polled[q]) {
        report_.fault(value.where(),
                      fmt::format("queue {} of port `{}` is polled twice: by `{}` and by `{}`", q, name, wiring_.elements[*polled[q]].name,
                                  wiring_.elements[element].name),
                      "poll another queue (`port: name.1`), or lead both ways to one element");
        return;
      }
      polled[q] = element;
    }
  }

  /// The device spreads packets over all queues of a port: those of a queue that nobody polls would be lost without a trace.
  void check_all_polled(std::size_t port) {
    const auto& polled = polled_by_[port];
    const auto missing = std::find(polled.begin(), polled.end(), std::nullopt);
    if (missing == polled.end()) return;
    report_.fault(ports_[port].where, fmt::format("nothing polls queue {} of port `{}`", missing - polled.begin(), ports_[port].name),
                  "its packets would be lost: lower `rx_queues`, or run the source on more `cores`");
  }

  const Wiring& wiring_;
  const Workers& workers_;
  const std::vector<Port>& ports_;
  Report& report_;
  std::vector<std::vector<std::optional<std::size_t>>> polled_by_;
};

bool is_border(const Wiring& wiring, std::size_t element) { return wiring.elements[element].info->border; }

/// Whether there is a copy of this border on each core of its worker.
bool is_on_each_core(const Wiring& wiring, std::size_t element) {
  return std::any_of(wiring.connections.begin(), wiring.connections.end(),
                     [&](const Connection& c) { return c.to == element && c.output.each; });
}

/// Queues exist once, unless `each` leads to them: the other cores of their worker would have nothing to do.
void check_every_core_has_work(const Wiring& wiring, const Workers& workers, Report& report) {
  for (const WorkerEntry& entry : workers.entries) {
    const bool on_one_core = std::all_of(entry.sources.begin(), entry.sources.end(),
                                         [&](std::size_t s) { return is_border(wiring, s) && !is_on_each_core(wiring, s); });
    if (entry.replicas() > 1 && on_one_core && !entry.sources.empty()) {
      report.fault(entry.where,
                   fmt::format("the worker `{}` has {} cores, but only Queues to run, which one core polls", entry.name, entry.replicas()),
                   "give it one `core`; or lead to the Queues with `each` of a switch, and every core has one");
    }
  }
}

/// `spread.each -> queue`: the outputs are the copies of the Queue, so nothing else can be connected to either.
void check_each(const Wiring& wiring, Report& report) {
  for (const Connection& each : wiring.connections) {
    if (!each.output.each || report.full()) continue;
    const std::string& from = wiring.elements[each.from].name;
    const ElementSpec& to = wiring.elements[each.to];
    if (to.info != nullptr && !to.info->border) {
      report.fault(each.where, fmt::format("`{}.each` leads to `{}` (class {}), which is no Queue", from, to.name, to.info->name),
                   "put a Queue between: each core of the worker that runs it gets one");
    }
    for (const Connection& other : wiring.connections) {
      if (other.from == each.from && other.output.port == each.output.port && !other.output.each) {
        report.fault(other.where, fmt::format("`{}` has other outputs beside `each`", from), "`each` stands for all of them");
      }
      if (other.to == each.to && !other.output.each) {
        report.fault(
            other.where,
            fmt::format("`{}` is one Queue for each core, and `{}` leads to none of them", to.name, wiring.elements[other.from].name),
            "lead to it with `each` of a switch, or to a Queue of its own");
      }
    }
  }
}

}  // namespace

void check_placement(const Wiring& wiring, const Workers& workers, const std::vector<Port>& ports, Report& report) {
  check_one_worker_each(wiring, workers, report);
  check_every_core_has_work(wiring, workers, report);
  check_each(wiring, report);
  QueueCheck(wiring, workers, ports, report).run();
}

void place(const Wiring& wiring, const Workers& workers, Plan& plan) {
  std::vector<std::size_t> first_worker;
  for (const WorkerEntry& entry : workers.entries) {
    first_worker.push_back(plan.workers.size());
    for (unsigned replica = 0; replica < entry.replicas(); ++replica) {
      Worker& worker = plan.workers.emplace_back();
      worker.name = entry.replicas() == 1 ? entry.name : fmt::format("{}.{}", entry.name, replica);
      worker.where = entry.where;
      if (!entry.cores.empty()) worker.core = entry.cores[replica];
      worker.idle = entry.idle;
      worker.max_sleep = entry.max_sleep;
    }
  }

  const Reach reached = reach(wiring, workers);
  std::vector<std::vector<std::size_t>> instances(wiring.elements.size());
  for (std::size_t element = 0; element < wiring.elements.size(); ++element) {
    const std::size_t entry = reached.first[element]->entry;
    const bool once = is_border(wiring, element) && !is_on_each_core(wiring, element);
    const unsigned replicas = once ? 1 : workers.entries[entry].replicas();
    for (unsigned replica = 0; replica < replicas; ++replica) {
      instances[element].push_back(plan.instances.size());
      plan.instances.push_back({element, first_worker[entry] + replica, replica, replicas});
    }
  }
  for (const WorkerEntry& entry : workers.entries) {
    for (const std::size_t source : entry.sources) {
      if (wiring.elements[source].info->poll == nullptr) continue;  // driven by timers
      for (const std::size_t instance : instances[source]) plan.workers[plan.instances[instance].worker].sources.push_back(instance);
    }
  }
  // A Queue takes packets from all copies and gives them to the one beside it.
  for (const Connection& c : wiring.connections) {
    for (std::size_t replica = 0; replica < instances[c.from].size(); ++replica) {
      const std::size_t from = instances[c.from][replica];
      if (c.output.each) {
        for (std::size_t copy = 0; copy < instances[c.to].size(); ++copy) {
          plan.links.push_back({from, {c.output.port, static_cast<unsigned>(copy)}, instances[c.to][copy], c.input});
        }
      } else {
        plan.links.push_back({from, c.output, is_border(wiring, c.to) ? instances[c.to].front() : instances[c.to][replica], c.input});
      }
    }
  }
}

}  // namespace smartswitch::graph
