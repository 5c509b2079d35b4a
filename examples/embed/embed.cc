// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// A program with a switch in it: makes packets, counts a thousand, stops, and reads the counters.
#include <iostream>

#include "graph/load.h"
#include "runtime/switch.h"

constexpr const char* kPipeline = R"(smartswitch: 1
elements:
  source: {class: Source, rate: "${RATE:-10k}"}
  count: {class: Counter}
  end: {class: Discard}
connections:
  - source -> count -> end
)";

int main() {
  using namespace smartswitch;
  graph::Loaded loaded = graph::load_text(kPipeline, "embedded", {.variables = {{"RATE", "100k"}}});
  for (const graph::Diagnostic& fault : loaded.diagnostics) std::cerr << graph::render(fault, false);
  if (!loaded.plan) return 1;

  Problems problems;
  const auto live = runtime::Switch::create(std::move(*loaded.plan), {}, problems);
  for (const Problem& problem : problems.list()) std::cerr << problem.message << "\n  " << problem.hint << "\n";
  if (!live) return 3;

  live->start();
  const auto counted = [&] { return live->snapshot().element("count")->counter("packets"); };
  const bool enough = live->wait_until([&] { return counted() >= 1000; }, Duration{10'000'000'000});
  live->stop();
  std::cout << counted() << " packets counted, " << live->snapshot().unaccounted() << " unaccounted for\n";
  return enough ? 0 : 4;
}
