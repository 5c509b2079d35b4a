// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/bells.h"

#include <spdlog/spdlog.h>

#include <string>

namespace smartswitch::runtime {
namespace {

// Of all device queues that it receives from; empty if it has none, or one of them has no bell.
std::vector<int> bells_of(const graph::Plan& plan, const graph::Instance& instance, const Ports& ports) {
  std::vector<int> bells;
  const graph::ElementSpec& element = plan.elements[instance.element];
  for (const ParameterInfo& parameter : element.info->parameters) {
    const Value* value = element.parameters.find(parameter.name);
    if (value == nullptr || parameter.refers != Refers::kRxPort) continue;
    const auto [port, queue] = detail::port_and_queue(value->text());
    const int bell = ports.bell(ports.rx_queue(port, queue, instance.replica));
    if (bell < 0) return {};
    bells.push_back(bell);
  }
  return bells;
}

}  // namespace

void connect_bells(const graph::Plan& plan, const Ports& ports, const std::vector<Worker*>& workers) {
  for (std::size_t w = 0; w < workers.size(); ++w) {
    const graph::Worker& spec = plan.workers[w];
    if (spec.idle != graph::Idle::kAdaptive) continue;
    std::string woken_by;
    std::string without;
    for (const std::size_t source : spec.sources) {
      const graph::Instance& instance = plan.instances[source];
      const std::vector<int> bells = bells_of(plan, instance, ports);
      for (const int bell : bells) workers[w]->add_bell(bell);
      (bells.empty() ? without : woken_by) += " " + plan.elements[instance.element].name;
    }
    if (without.empty()) workers[w]->rely_on_bells();
    spdlog::debug("{}: packets of{} wake it; {}", spec.name, woken_by.empty() ? " nobody" : woken_by,
                  without.empty() ? "it sleeps until they come"
                                  : fmt::format("it sleeps at most {} because of{}", to_string(spec.max_sleep), without));
  }
}

}  // namespace smartswitch::runtime
