// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "tests/coherence/linearizability.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "tests/coherence/item.h"
#include "tests/coherence/search.h"
#include "tests/coherence/violation.h"

namespace coherence {
namespace {

using Part = std::vector<const Operation*>;  // of a history: the operations that concern one key

std::vector<Part> parts_of(const History& history) {
  std::map<std::uint32_t, Part> keys;
  for (const Operation& o : history) {
    if (o.key != kEveryKey) keys[o.key].push_back(&o);
  }
  std::vector<Part> parts;
  for (auto& [key, operations] : keys) parts.push_back(std::move(operations));
  for (const Operation& o : history) {
    if (o.key != kEveryKey) continue;
    for (Part& part : parts) part.push_back(&o);
  }
  return parts;
}

Report judge(const Part& operations, const Model& model) {
  Item item(operations, model);
  Search search(item, model);
  std::vector<Step> steps;
  for (const Operation* o : operations) item.add_steps(*o, steps);
  const Search::Ending ending = search.go(steps, events_of(steps), {State{}}, true);
  Report report;
  report.verdict = ending.verdict;
  report.operations = operations.size();
  report.most_configurations = ending.most_configurations;
  if (ending.verdict == Verdict::kUndecided) {
    report.explanation = fmt::format("key {}: undecided: {}\n", operations.front()->key, ending.why);
  } else if (ending.verdict == Verdict::kViolation) {
    Violation violation = explain(search, item, steps, ending.at);
    report.violated_at = violation.time;
    report.explanation = std::move(violation.text);
  }
  return report;
}

void add(Report& all, Report one) {
  all.operations += one.operations;
  all.most_configurations = std::max(all.most_configurations, one.most_configurations);
  if (one.verdict == Verdict::kLinearizable) return;
  if (all.verdict == Verdict::kViolation && (one.verdict != Verdict::kViolation || one.violated_at > all.violated_at)) return;
  all.verdict = one.verdict;
  all.violated_at = one.violated_at;
  all.explanation = std::move(one.explanation);
}

}  // namespace

Report check(const History& history, const Model& model, unsigned threads) {
  const std::vector<Part> parts = parts_of(history);
  Report all;
  std::mutex mutex;
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < parts.size(); i = next++) {
      Report one = judge(parts[i], model);
      const std::lock_guard hold(mutex);
      add(all, std::move(one));
    }
  };
  std::vector<std::thread> helpers;
  for (unsigned i = 1; i < threads; ++i) helpers.emplace_back(work);
  work();
  for (std::thread& t : helpers) t.join();
  return all;
}

}  // namespace coherence
