// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include "graph/draft.h"
#include "graph/include.h"
#include "graph/sources.h"
#include "graph/specification.h"
#include "graph/variables.h"

namespace smartswitch::graph {

/// Makes every element, those in templates included, and every connection between them. State objects in templates are added to
/// `specification`.
Draft unfold(const Sections& sections, const Sources& sources, Variables& variables, Specification& specification, Report& report);

}  // namespace smartswitch::graph
