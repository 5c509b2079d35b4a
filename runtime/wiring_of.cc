// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/wiring_of.h"

namespace smartswitch::runtime {

std::shared_ptr<const observe::Wiring> wiring_of(const Pipeline& pipeline) {
  std::vector<Element*> elements;
  for (const auto& element : pipeline.elements()) elements.push_back(element.get());
  std::vector<const State*> states;
  for (const auto& state : pipeline.states()) states.push_back(state.get());
  return std::make_shared<const observe::Wiring>(pipeline.plan(), elements, states);
}

}  // namespace smartswitch::runtime
