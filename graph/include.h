// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// A configuration may be spread over files: reads the first, and what it includes, and puts their sections together.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "graph/load.h"
#include "graph/report.h"
#include "graph/sources.h"
#include "graph/variables.h"

namespace smartswitch::graph {

/// The sections of all files. Pointers into `documents`.
struct Sections {
  std::deque<Value> documents;
  Location start;  ///< the beginning of the first file
  // Names are unique within each of these.
  std::vector<const Value::Member*> ports, state, elements, templates;
  std::vector<const Value*> connections, workers;
  const Value::Member* pool = nullptr;
  const Value::Member* control = nullptr;
  const Value::Member* elements_key = nullptr;  ///< for faults of the section as a whole
  const Value::Member* workers_key = nullptr;
  /// False if a section has a fault as a whole: then what is not in the others need not be missing.
  bool complete = true;
};

/// Reads `name` (whose text is given) and what it includes. The `variables:` of all files are defined in `variables` on the way.
/// False if some file could not be read: then nothing that is missing means anything.
bool read_sections(const std::string& name, std::string text, const LoadOptions& options, Sources& sources, Variables& variables,
                   Report& report, Sections& sections);

}  // namespace smartswitch::graph
