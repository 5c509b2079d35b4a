// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "graph/load.h"

#include "graph/checks.h"
#include "graph/include.h"
#include "graph/placement.h"
#include "graph/report.h"
#include "graph/sources.h"
#include "graph/specification.h"
#include "graph/unfold.h"
#include "graph/variables.h"
#include "graph/wiring.h"
#include "graph/workers.h"

namespace smartswitch::graph {
namespace {

std::optional<Plan> build(const Sections& sections, const Sources& sources, Variables& variables, Report& report) {
  Specification specification = read_specification(sections, variables, report);
  Wiring wiring = wire(unfold(sections, sources, variables, specification, report), report);
  if (!sections.complete) return std::nullopt;
  check_shape(wiring, sections.elements_key == nullptr ? sections.start : sections.elements_key->where, report);
  const Workers workers = read_workers(sections, wiring, variables, report);
  check_placement(wiring, workers, specification.ports, report);
  if (!report.empty()) return std::nullopt;

  Plan plan;
  place(wiring, workers, plan);
  plan.ports = std::move(specification.ports);
  plan.states = std::move(specification.states);
  plan.elements = std::move(wiring.elements);
  plan.connections = std::move(wiring.connections);
  plan.control = std::move(specification.control);
  for (const std::string& name : sources.names()) plan.files.push_back({name, sources.text(name)});
  plan.pool = specification.pool;
  return plan;
}

std::vector<Diagnostic> diagnostics(const Report& report, const Sources& sources) {
  std::vector<Diagnostic> result;
  for (Problem& problem : report.sorted(sources.names())) {
    std::string line(sources.line(problem.where));
    result.push_back({std::move(problem), std::move(line)});
  }
  return result;
}

}  // namespace

Loaded load_text(const std::string& text, const std::string& name, const LoadOptions& options) {
  Report report;
  Sources sources;
  Variables variables(options, sources, report);
  Sections sections;
  Loaded loaded;
  if (read_sections(name, text, options, sources, variables, report, sections)) {
    variables.check_command_line(name);
    loaded.plan = build(sections, sources, variables, report);
    if (!report.empty()) loaded.plan.reset();
  }
  loaded.diagnostics = diagnostics(report, sources);
  return loaded;
}

Loaded load_file(const std::string& path, const LoadOptions& options) {
  FileText file = read_file(path);
  if (file.text) return load_text(*file.text, path, options);
  Loaded loaded;
  loaded.diagnostics.push_back({{{path, 0, 0}, file.fault, ""}, ""});
  return loaded;
}

}  // namespace smartswitch::graph
