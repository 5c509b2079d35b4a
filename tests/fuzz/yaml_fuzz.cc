// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Any bytes are a configuration with faults, or a plan; never a crash, never both. No other file is read.
#include <cstdint>
#include <cstdlib>

#include "graph/draw.h"
#include "graph/load.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  smartswitch::graph::LoadOptions options;
  options.use_environment = false;
  options.includes = false;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const smartswitch::graph::Loaded loaded = smartswitch::graph::load_text(text, "fuzz.yaml", options);
  if (loaded.plan.has_value() != loaded.diagnostics.empty()) std::abort();
  for (const auto& diagnostic : loaded.diagnostics) smartswitch::graph::render(diagnostic, true);
  if (loaded.plan) smartswitch::graph::draw_dot(*loaded.plan);
  return 0;
}
