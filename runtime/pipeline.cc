// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/pipeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "graph/port_names.h"

namespace smartswitch::runtime {
namespace {

// Adds whose fault each of `found` is, and its place if it has none of its own.
void pass_on(const Problems& found, const std::string& who, const Location& where, Problems& problems) {
  for (const Problem& problem : found.list()) {
    problems.add(problem.where.line == 0 ? where : problem.where, who + ": " + problem.message, problem.hint);
  }
}

std::string spoken(const graph::ElementSpec& element) { return fmt::format("element `{}` ({})", element.name, element.info->name); }
std::string spoken(const graph::StateObject& state) { return fmt::format("state `{}` ({})", state.name, state.info->name); }

class PlanEnvironment final : public Environment {
 public:
  PlanEnvironment(const std::vector<std::unique_ptr<State>>& states, const Ports* ports, const graph::Instance* instance)
      : states_(states), ports_(ports), instance_(instance) {}
  State& state(const std::string& name) override {
    for (const auto& state : states_) {
      if (state->name() == name) return *state;
    }
    throw std::out_of_range("the plan has no state object `" + name + "`");
  }
  RxQueue rx_queue(const std::string& port, std::optional<std::uint16_t> queue) override {
    return ports_->rx_queue(port, queue, instance_->replica);
  }
  TxQueue tx_queue(const std::string& port) override { return ports_->tx_queue(port, instance_->worker); }

 private:
  const std::vector<std::unique_ptr<State>>& states_;
  const Ports* ports_;
  const graph::Instance* instance_;
};

void bind(void* object, const ClassInfo& info, const Value& parameters, Environment& environment) {
  for (const Value::Member& member : parameters.members()) {
    const ParameterInfo* parameter = info.parameter(member.key);
    if (parameter != nullptr && parameter->bind) parameter->bind(object, member.value, environment);
  }
}

// Assigns what the file says and adds faults with the name of their owner.
template <class Object, class Spec>
std::unique_ptr<Object> make(std::unique_ptr<Object> object, const Spec& spec, const std::string& kind, Problems& problems) {
  object->set_name(spec.name);
  Problems found;
  const std::string what = fmt::format("{} class `{}`", kind, spec.info->name);
  if (assign_parameters(object.get(), spec.info->parameters, spec.parameters, what, {"class"}, found)) object->validate(found);
  pass_on(found, spoken(spec), spec.where, problems);
  return object;
}

}  // namespace

Pipeline::~Pipeline() {
  // Elements may use state objects until they are gone.
  elements_.clear();
  states_.clear();
}

bool Pipeline::create(Problems& problems) {
  const std::size_t before = problems.size();
  for (const graph::StateObject& state : plan_.states) states_.push_back(make(state.info->create(), state, "state", problems));
  for (const graph::Instance& instance : plan_.instances) {
    const graph::ElementSpec& element = plan_.elements[instance.element];
    // The copies of an element would all say the same.
    Problems ignored;
    elements_.push_back(make(element.info->create(), element, "element", instance.replica == 0 ? problems : ignored));
  }
  return problems.size() == before;
}

std::uint64_t Pipeline::may_hold() const {
  std::uint64_t packets = 0;
  for (const auto& element : elements_) packets += element->may_hold();
  return packets;
}

std::uint64_t Pipeline::large_packets() const {
  std::uint64_t packets = 0;
  for (const auto& element : elements_) packets += element->large_packets();
  return packets;
}

bool Pipeline::start_states(Problems& problems) {
  const std::size_t before = problems.size();
  PlanEnvironment environment(states_, nullptr, nullptr);
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const graph::StateObject& spec = plan_.states[i];
    bind(states_[i].get(), *spec.info, spec.parameters, environment);
    Problems found;
    states_[i]->start(found);
    pass_on(found, spoken(spec), spec.where, problems);
  }
  return problems.size() == before;
}

bool Pipeline::start_elements(const Ports& ports, const std::vector<std::unique_ptr<Worker>>& workers, Problems& problems) {
  const std::size_t before = problems.size();
  for (std::size_t i = 0; i < elements_.size(); ++i) {
    const graph::Instance& instance = plan_.instances[i];
    const graph::ElementSpec& spec = plan_.elements[instance.element];
    PlanEnvironment environment(states_, &ports, &instance);
    bind(elements_[i].get(), *spec.info, spec.parameters, environment);
    elements_[i]->set_worker(&workers[instance.worker]->context());
    resize_groups(i);
  }
  for (const graph::Link& link : plan_.links) {
    const graph::ElementSpec& to = plan_.elements[plan_.instances[link.to].element];
    output(link.from, link.output).connect(to.info->inputs[link.input.port].entry, elements_[link.to].get(), link.input.index);
  }
  for (std::size_t w = 0; w < workers.size(); ++w) {
    for (std::size_t i : plan_.workers[w].sources) {
      workers[w]->add_source(*plan_.elements[plan_.instances[i].element].info, *elements_[i]);
    }
  }
  for (std::size_t i = 0; i < elements_.size(); ++i) {
    const graph::ElementSpec& spec = plan_.elements[plan_.instances[i].element];
    Problems found;
    elements_[i]->start(found);
    pass_on(found, spoken(spec), spec.where, problems);
  }
  return problems.size() == before;
}

void Pipeline::resize_groups(std::size_t instance) {
  const graph::ElementSpec& spec = plan_.elements[plan_.instances[instance].element];
  for (std::size_t port = 0; port < spec.info->outputs.size(); ++port) {
    const OutputInfo& out = spec.info->outputs[port];
    if (out.group == PortGroup::kSingle) continue;
    std::size_t size = 0;
    if (out.group == PortGroup::kKeyed) size = graph::keys_of(spec.parameters, out.keys).size();
    for (const graph::Link& link : plan_.links) {
      if (link.from == instance && link.output.port == port) size = std::max<std::size_t>(size, link.output.index + 1);
    }
    out.array(*elements_[instance]).resize(static_cast<unsigned>(size));
  }
}

Output& Pipeline::output(std::size_t instance, graph::PortRef port) const {
  const OutputInfo& out = plan_.elements[plan_.instances[instance].element].info->outputs[port.port];
  Element& element = *elements_[instance];
  return out.group == PortGroup::kSingle ? out.single(element) : out.array(element)[port.index];
}

}  // namespace smartswitch::runtime
