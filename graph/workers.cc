// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "graph/workers.h"

#include <fmt/format.h>

#include <map>

#include "elements/sdk/suggest.h"
#include "graph/checks.h"
#include "graph/names.h"

namespace smartswitch::graph {

/// What `run:` says: `all`, a name or a list of names.
struct RunList {
  Value names;
};

}  // namespace smartswitch::graph

namespace smartswitch {

template <>
struct ParameterType<graph::RunList> {
  static std::string name() { return "list of sources"; }
  static bool parse(const Value& value, graph::RunList& out, Problems& problems) {
    bool good = value.is_list() || (value.is_scalar() && !value.text().empty());
    for (const Value& item : value.items()) good = good && item.is_scalar();
    if (good) {
      out.names = value;
    } else {
      report_type(value, "a list of sources (`[rx]`) or `all`", problems);
    }
    return good;
  }
  static std::string format(const graph::RunList&) { return "[]"; }
};

}  // namespace smartswitch

namespace smartswitch::graph {
namespace {

constexpr std::size_t kMostWorkers = 1024;

struct Entry {
  std::uint16_t core = 0;
  std::vector<std::uint16_t> cores;
  std::string name;
  Idle idle = Idle::kAdaptive;
  Duration max_sleep{250'000};
  RunList run;

  static void describe(DescribeFields<Entry>& d) {
    d.parameter("core", &Entry::core, "the core that the worker is pinned to");
    d.parameter("cores", &Entry::cores, "several cores: what the worker runs is made once for each of them").check([](const auto& list) {
      return list.empty() ? "a worker with `cores` needs at least one" : "";
    });
    d.parameter("run", &Entry::run, "the sources (and Queues) that it polls, or `all`");
    d.parameter("idle", &Entry::idle, {{"poll", Idle::kPoll}, {"adaptive", Idle::kAdaptive}}, "how it waits for packets");
    d.parameter("max_sleep", &Entry::max_sleep, "the longest sleep of an idle worker that polls something which would not wake it")
        .between({1'000}, {1'000'000'000});
    d.parameter("name", &Entry::name, "for messages and statistics").check([](const std::string& text) {
      return is_name(text) ? std::string() : std::string(kNameRule);
    });
  }
};

class Reader {
 public:
  Reader(const Wiring& wiring, Report& report) : wiring_(wiring), report_(report) {
    workers_.runs.resize(wiring.elements.size());
    for (std::size_t i = 0; i < wiring.elements.size(); ++i) by_name_.emplace(wiring.elements[i].name, i);
  }

  void read(const Value& value) {
    WorkerEntry& worker = workers_.entries.emplace_back();
    worker.name = fmt::format("worker{}", count_);
    worker.where = value.where();
    if (!value.is_map()) {
      report_.fault(value.where(), fmt::format("{} is not a worker", value.spoken()), "write `{core: 1, run: [rx]}`");
      unread_ = true;
      return;
    }
    static const std::vector<ParameterInfo> fields = detail::FieldsOf<Entry>::get();
    Entry entry;
    if (!assign_parameters(&entry, fields, value, "a worker", {}, report_.problems())) unread_ = true;
    if (!entry.name.empty()) worker.name = entry.name;
    if (const auto [first, is_new] = names_.emplace(worker.name, value.where()); !is_new) {
      report_.fault(value.where(), fmt::format("two workers are called `{}`", worker.name), "the first one is at " + spoken(first->second));
    }
    worker.idle = entry.idle;
    worker.max_sleep = entry.max_sleep;
    take_cores(entry, value, worker);
    count_ += worker.replicas();
    take_sources(entry.run, value, workers_.entries.size() - 1);
  }

  void run_all() {
    WorkerEntry& worker = workers_.entries.emplace_back();
    worker.name = "worker0";
    for (std::size_t i = 0; i < wiring_.elements.size(); ++i) {
      if (is_source(wiring_.elements[i])) claim(0, i, {});
    }
  }

  Workers finish() {
    // A worker that could not be understood may be the one that was to run them.
    for (std::size_t i = 0; i < wiring_.elements.size() && !unread_ && !report_.full(); ++i) {
      const ElementSpec& element = wiring_.elements[i];
      if (!is_source(element) || workers_.runs[i]) continue;
      report_.fault(element.where, fmt::format("no worker runs `{}` (class {})", element.name, element.info->name),
                    "add it to `run:` of a worker");
    }
    return std::move(workers_);
  }

 private:
  void take_cores(const Entry& entry, const Value& value, WorkerEntry& worker) {
    const Value* core = value.find("core");
    const Value* cores = value.find("cores");
    if (core != nullptr && cores != nullptr) {
      report_.fault(core->where(), "a worker has either `core` or `cores`");
      return;
    }
    if (core != nullptr) add_core(entry.core, core->where(), worker);
    for (std::size_t i = 0; i < entry.cores.size(); ++i) add_core(entry.cores[i], cores->items()[i].where(), worker);
  }

  void add_core(unsigned core, const Location& where, WorkerEntry& worker) {
    if (cores_.size() >= kMostWorkers) return;
    worker.cores.push_back(core);
    const auto [first, is_new] = cores_.emplace(core, where);
    if (!is_new) report_.fault(where, fmt::format("core {} has two workers", core), "the first one is at " + spoken(first->second));
  }

  void take_sources(const RunList& run, const Value& value, std::size_t entry) {
    if (run.names.text() == "all" && !by_name_.contains("all")) {
      for (std::size_t i = 0; i < wiring_.elements.size(); ++i) {
        if (is_source(wiring_.elements[i])) claim(entry, i, run.names.where());
      }
    } else if (run.names.is_scalar()) {
      take_source(run.names, entry);
    }
    for (const Value& item : run.names.items()) {
      if (report_.full()) return;
      take_source(item, entry);
    }
    const Value* written = value.find("run");
    const bool empty = written == nullptr || (written->is_list() && written->items().empty());
    if (empty) {
      report_.fault(value.where(), fmt::format("the worker `{}` runs no source", workers_.entries[entry].name),
                    "say which: `run: [rx]`, or `run: all`");
    }
  }

  void take_source(const Value& item, std::size_t entry) {
    const auto found = by_name_.find(item.text());
    if (found == by_name_.end()) {
      std::vector<std::string> sources;
      for (const ElementSpec& element : wiring_.elements) {
        if (is_source(element) && sources.size() < kMostWorkers) sources.push_back(element.name);
      }
      std::string hint = did_you_mean(item.text(), sources);
      if (hint.empty() && !sources.empty()) hint = "the sources are " + spoken_list(sources);
      report_.fault(item.where(), fmt::format("unknown element `{}`", item.text()), hint);
      unread_ = true;
      return;
    }
    const ElementSpec& element = wiring_.elements[found->second];
    if (element.info == nullptr) return;  // of an unknown class
    if (!is_source(element)) {
      report_.fault(item.where(), fmt::format("`{}` (class {}) is not a source", element.name, element.info->name),
                    "workers run sources; what these lead to comes with them");
      return;
    }
    claim(entry, found->second, item.where());
  }

  void claim(std::size_t entry, std::size_t element, const Location& where) {
    std::optional<std::size_t>& runner = workers_.runs[element];
    if (!runner) {
      runner = entry;
      workers_.entries[entry].sources.push_back(element);
    } else if (*runner == entry) {
      report_.fault(where, fmt::format("the worker `{}` runs `{}` twice", workers_.entries[entry].name, wiring_.elements[element].name));
    } else {
      report_.fault(where,
                    fmt::format("two workers run `{}`: `{}` and `{}`", wiring_.elements[element].name, workers_.entries[*runner].name,
                                workers_.entries[entry].name),
                    "to run it on several cores, give one worker `cores: [...]`");
    }
  }

  const Wiring& wiring_;
  Report& report_;
  Workers workers_;
  std::map<std::string, std::size_t> by_name_;
  std::map<std::string, Location> names_;
  std::map<unsigned, Location> cores_;
  unsigned count_ = 0;
  bool unread_ = false;
};

}  // namespace

std::vector<ParameterInfo> worker_parameters() { return detail::FieldsOf<Entry>::get(); }

Workers read_workers(const Sections& sections, const Wiring& wiring, Variables& variables, Report& report) {
  Reader reader(wiring, report);
  if (sections.workers_key == nullptr) {
    reader.run_all();
  } else if (sections.workers.empty()) {
    report.fault(sections.workers_key->where, "there is no worker", "leave `workers:` out for one worker that runs all sources");
    reader.run_all();
  }
  for (const Value* worker : sections.workers) {
    if (report.full()) break;
    reader.read(variables.fill(*worker, nullptr));
  }
  return reader.finish();
}

}  // namespace smartswitch::graph
