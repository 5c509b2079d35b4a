// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
//   const Loaded loaded = load_file("memswitch.yaml", {});
//   for (const Diagnostic& d : loaded.diagnostics) std::cerr << render(d, Colour::kNever);
//   if (loaded.plan) ...
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "graph/plan.h"

namespace smartswitch::graph {

/// A Problem with the line it is in.
struct Diagnostic {
  Problem problem;
  std::string line_text;  ///< empty if there is no file or line
};

struct LoadOptions {
  /// Values for ${NAME}; they win over the environment's.
  std::map<std::string, std::string> variables;
  bool use_environment = true;
  /// False for texts from strangers: then `include:` is an error, and no file is read.
  bool includes = true;
};

/// `plan` is there if and only if there is no diagnostic.
struct Loaded {
  std::optional<Plan> plan;
  std::vector<Diagnostic> diagnostics;
};

/// Reads, unfolds, checks and places a configuration; touches no device. All faults are reported, in the order of the file.
Loaded load_file(const std::string& path, const LoadOptions& options);
/// The same for a text; `name` stands for the file in messages, and includes are looked up beside it.
Loaded load_text(const std::string& text, const std::string& name, const LoadOptions& options);

/// "file:line:column: error: message", the line, a caret under the place, and the hint. With `colour`, ANSI escapes.
std::string render(const Diagnostic& diagnostic, bool colour);

}  // namespace smartswitch::graph
