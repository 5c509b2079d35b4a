// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/pipeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <unordered_set>

#include "graph/port_names.h"
#include "runtime/clock.h"

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
  PlanEnvironment(const std::vector<std::shared_ptr<State>>& states, const Ports* ports, const graph::Instance* instance)
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
  const std::vector<std::shared_ptr<State>>& states_;
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

// Its output ports: how many of each name there are, and which of them lead somewhere.
std::vector<std::vector<bool>> outputs_of(const graph::Plan& plan, std::size_t instance) {
  const graph::ElementSpec& spec = plan.elements[plan.instances[instance].element];
  std::vector<std::vector<bool>> connected;
  for (const OutputInfo& out : spec.info->outputs) {
    std::size_t size = out.group == PortGroup::kSingle ? 1 : 0;
    if (out.group == PortGroup::kKeyed) size = graph::keys_of(spec.parameters, out.keys).size();
    connected.emplace_back(size);
  }
  for (const graph::Link& link : plan.links) {
    if (link.from != instance) continue;
    std::vector<bool>& port = connected[link.output.port];
    if (port.size() <= link.output.index) port.resize(link.output.index + 1);
    port[link.output.index] = true;
  }
  return connected;
}

template <class List>
auto position(const List& list, const std::string& name) {
  return std::find_if(list.begin(), list.end(), [&](const auto& item) { return item.name == name; }) - list.begin();
}

// Which of the plan's copies of elements is called so.
std::optional<std::size_t> instance_called(const graph::Plan& plan, const std::string& name, unsigned replica) {
  for (std::size_t i = 0; i < plan.instances.size(); ++i) {
    if (plan.instances[i].replica == replica && plan.elements[plan.instances[i].element].name == name) return i;
  }
  return std::nullopt;
}

bool refers_to(const ClassInfo& info, const Value& parameters, const std::string& state) {
  return std::any_of(info.parameters.begin(), info.parameters.end(), [&](const ParameterInfo& parameter) {
    const Value* value = parameter.refers == Refers::kState ? parameters.find(parameter.name) : nullptr;
    return value != nullptr && value->text() == state;
  });
}

}  // namespace

Pipeline::~Pipeline() {
  // Elements may use state objects until they are gone.
  elements_.clear();
  states_.clear();
}

bool Pipeline::create(Problems& problems) {
  const std::size_t before = problems.size();
  create_states(problems);
  create_elements(problems);
  return problems.size() == before;
}

void Pipeline::create_states(Problems& problems) {
  for (const graph::StateObject& state : plan_.states) {
    std::unique_ptr<State> made = make(state.info->create(), state, "state", problems);
    const std::size_t old = running_ == nullptr ? 0 : static_cast<std::size_t>(position(running_->plan_.states, state.name));
    const bool stays = running_ != nullptr && old < running_->plan_.states.size() && running_->plan_.states[old].info == state.info;
    const bool same = stays && running_->plan_.states[old].parameters == state.parameters;
    const bool replaced = stays && !same && made->takes_places();
    states_kept_.push_back(same);
    before_.push_back(replaced ? running_->states_[old] : nullptr);
    fresh_.push_back(stays && !same && !replaced ? std::move(made) : nullptr);
    states_.push_back(stays && !replaced ? running_->states_[old] : std::move(made));
  }
}

void Pipeline::create_elements(Problems& problems) {
  for (std::size_t i = 0; i < plan_.instances.size(); ++i) {
    const graph::Instance& instance = plan_.instances[i];
    const graph::ElementSpec& spec = plan_.elements[instance.element];
    twins_.push_back(twin_of(i));
    const std::optional<std::size_t> twin = keepable_twin_of(i);
    kept_.push_back(twin.has_value());
    if (twin) {
      elements_.push_back(running_->elements_[*twin]);
      continue;
    }
    // The copies of an element would all say the same.
    Problems ignored;
    elements_.push_back(make(spec.info->create(), spec, "element", instance.replica == 0 ? problems : ignored));
  }
  if (running_ != nullptr) note_ending_borders();
}

void Pipeline::note_ending_borders() {
  for (std::size_t i = 0; i < running_->elements_.size(); ++i) {
    const ElementInfo& info = *running_->plan_.elements[running_->plan_.instances[i].element].info;
    const bool followed = std::find(twins_.begin(), twins_.end(), std::optional(i)) != twins_.end();
    if (info.border && info.poll != nullptr && !followed) ending_borders_.push_back(i);
  }
}

std::optional<std::size_t> Pipeline::twin_of(std::size_t instance) const {
  if (running_ == nullptr) return std::nullopt;
  const graph::ElementSpec& spec = plan_.elements[plan_.instances[instance].element];
  const auto twin = instance_called(running_->plan_, spec.name, plan_.instances[instance].replica);
  if (!twin || running_->plan_.elements[running_->plan_.instances[*twin].element].info != spec.info) return std::nullopt;
  return twin;
}

// The one that can go on as it is: other connections are all that may change.
std::optional<std::size_t> Pipeline::keepable_twin_of(std::size_t instance) const {
  const std::optional<std::size_t> twin = twins_[instance];
  if (!twin) return std::nullopt;
  const graph::ElementSpec& spec = plan_.elements[plan_.instances[instance].element];
  const graph::Instance& old = running_->plan_.instances[*twin];
  if (old.worker != plan_.instances[instance].worker || running_->plan_.elements[old.element].parameters != spec.parameters)
    return std::nullopt;
  for (std::size_t s = 0; s < plan_.states.size(); ++s) {
    if (!states_kept_[s] && refers_to(*spec.info, spec.parameters, plan_.states[s].name)) return std::nullopt;
  }
  if (outputs_of(running_->plan_, *twin) != outputs_of(plan_, instance)) return std::nullopt;
  return twin;
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
    if (states_kept_[i]) continue;
    const graph::StateObject& spec = plan_.states[i];
    Problems found;
    if (fresh_[i]) {
      bind(fresh_[i].get(), *spec.info, spec.parameters, environment);
      if (auto change = states_[i]->change_to(*fresh_[i], found)) changes_.push_back(std::move(change));
    } else {
      bind(states_[i].get(), *spec.info, spec.parameters, environment);
      states_[i]->start(found);
    }
    pass_on(found, spoken(spec), spec.where, problems);
  }
  return problems.size() == before;
}

bool Pipeline::start_elements(const Ports& ports, const std::vector<Worker*>& workers, Problems& problems) {
  const std::size_t before = problems.size();
  workers_ = workers;
  for (Worker* worker : workers_) staging_.push_back(staging_for(*worker));
  for (std::size_t i = 0; i < elements_.size(); ++i) {
    if (kept_[i]) continue;
    const graph::Instance& instance = plan_.instances[i];
    const graph::ElementSpec& spec = plan_.elements[instance.element];
    PlanEnvironment environment(states_, &ports, &instance);
    bind(elements_[i].get(), *spec.info, spec.parameters, environment);
    elements_[i]->set_worker(staging_[instance.worker].get());
    resize_groups(i);
  }
  for (const graph::Link& link : plan_.links) {
    if (!kept_[link.from]) connect(link);
  }
  for (std::size_t i = 0; i < elements_.size(); ++i) {
    if (kept_[i]) continue;
    const graph::ElementSpec& spec = plan_.elements[plan_.instances[i].element];
    Problems found;
    elements_[i]->start(found);
    pass_on(found, spoken(spec), spec.where, problems);
  }
  return problems.size() == before;
}

// What elements see of their worker while they start: it may be at work, and its timers are its own.
std::unique_ptr<WorkerContext> Pipeline::staging_for(Worker& worker) const {
  const WorkerContext& real = worker.context();
  auto staging = std::make_unique<WorkerContext>();
  staging->index = real.index;
  staging->clock = real.clock;
  staging->pool = real.pool;
  staging->large_pool = real.large_pool;
  staging->log = real.log;
  if (running_ == nullptr) {
    staging->now = real.now;
    staging->random = real.random;
  } else {
    staging->now = monotonic_ns();
    staging->random = Random(static_cast<std::uint64_t>(staging->now));
  }
  return staging;
}

void Pipeline::let_out() const {
  for (const std::size_t i : ending_borders_) {
    Element& border = *running_->elements_[i];
    const auto poll = running_->plan_.elements[running_->plan_.instances[i].element].info->poll;
    for (std::uint64_t left = border.held(); left > 0;) {
      const unsigned packets = poll(border);
      if (packets == 0) break;
      left -= std::min<std::uint64_t>(left, packets);
    }
  }
}

void Pipeline::go_live() {
  for (const auto& change : changes_) change();
  for (std::size_t i = 0; i < states_.size(); ++i) {
    if (before_[i]) states_[i]->take_over(*before_[i]);
  }
  const std::vector<std::uint64_t> before = running_ == nullptr ? std::vector<std::uint64_t>() : running_->packets_in();
  std::vector<std::uint64_t> in(elements_.size());
  for (std::size_t i = 0; i < elements_.size(); ++i) {
    const std::optional<std::size_t> twin = twins_[i];
    if (kept_[i]) {
      in[i] = before[*twin];
      continue;
    }
    if (twin) elements_[i]->take_over(*running_->elements_[*twin]);
    in[i] = elements_[i]->taken_over();
    elements_[i]->set_worker(&workers_[plan_.instances[i].worker]->context());
  }
  for (const graph::Link& link : plan_.links) {
    if (kept_[link.from]) connect(link);
  }
  carried_in_.assign(elements_.size(), 0);
  const std::vector<std::uint64_t> counted = packets_in();
  for (std::size_t i = 0; i < elements_.size(); ++i) carried_in_[i] = in[i] - counted[i];
  if (running_ != nullptr) {
    running_->stop_timers_of_all_but(elements_);
    for (Worker* worker : running_->workers_) worker->forget_sources();
  }
  for (std::size_t w = 0; w < workers_.size(); ++w) {
    workers_[w]->context().timers.adopt(staging_[w]->timers);
    if (running_ == nullptr) workers_[w]->context().random = staging_[w]->random;
    workers_[w]->take_up(plan_.workers[w]);
    for (const std::size_t i : plan_.workers[w].sources) {
      workers_[w]->add_source(*plan_.elements[plan_.instances[i].element].info, *elements_[i]);
    }
  }
  changes_.clear();
  fresh_.clear();
  before_.clear();
  ending_borders_.clear();
  running_ = nullptr;
}

// Until they end, they must do nothing more: packets that they still made would be in nobody's account.
void Pipeline::stop_timers_of_all_but(const std::vector<std::shared_ptr<Element>>& staying) const {
  const std::unordered_set<std::shared_ptr<Element>> stay(staying.begin(), staying.end());
  for (std::size_t i = 0; i < elements_.size(); ++i) {
    if (!stay.contains(elements_[i])) workers_[plan_.instances[i].worker]->context().timers.cancel_all_of(elements_[i].get());
  }
}

std::vector<std::uint64_t> Pipeline::packets_in() const {
  std::vector<std::uint64_t> packets = carried_in_;
  packets.resize(elements_.size());
  for (const graph::Link& link : plan_.links) packets[link.to] += output(link.from, link.output).packets();
  return packets;
}

void Pipeline::connect(const graph::Link& link) {
  const graph::ElementSpec& to = plan_.elements[plan_.instances[link.to].element];
  output(link.from, link.output).connect(to.info->inputs[link.input.port].entry, elements_[link.to].get(), link.input.index);
}

void Pipeline::resize_groups(std::size_t instance) {
  const graph::ElementSpec& spec = plan_.elements[plan_.instances[instance].element];
  const std::vector<std::vector<bool>> outputs = outputs_of(plan_, instance);
  for (std::size_t port = 0; port < outputs.size(); ++port) {
    const OutputInfo& out = spec.info->outputs[port];
    if (out.group != PortGroup::kSingle) out.array(*elements_[instance]).resize(static_cast<unsigned>(outputs[port].size()));
  }
}

Output& Pipeline::output(std::size_t instance, graph::PortRef port) const {
  const OutputInfo& out = plan_.elements[plan_.instances[instance].element].info->outputs[port.port];
  Element& element = *elements_[instance];
  return out.group == PortGroup::kSingle ? out.single(element) : out.array(element)[port.index];
}

}  // namespace smartswitch::runtime
