// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/stand_ins.h"

#include <rte_ether.h>

#include <algorithm>
#include <vector>

#include "elements/sdk/element.h"
#include "elements/sdk/headers.h"

namespace smartswitch::runtime {
namespace {

class StandIn final : public Element {
 public:
  StandIn(std::size_t outputs, std::uint32_t longest) : outputs_(outputs), groups_(outputs), longest_(longest) {}

  static void push(void* element, unsigned, Batch& batch) { static_cast<StandIn*>(static_cast<Element*>(element))->take(batch); }
  static unsigned poll(Element&) { return 0; }
  static Output& output(Element& element, std::size_t number) { return static_cast<StandIn&>(element).outputs_[number]; }
  static OutputArray& group(Element& element, std::size_t number) { return static_cast<StandIn&>(element).groups_[number]; }
  [[nodiscard]] static std::uint64_t too_long(const void* element) { return static_cast<const StandIn*>(element)->too_long_.value(); }

 private:
  void take(Batch& batch) {
    Batch unfit;
    batch.split(unfit, [this](Packet packet) { return packet.wire_length() <= longest_ + tags(packet); });
    drop(unfit, too_long_);
    if (outputs_[0].connected()) return outputs_[0].push(batch);
    count_sent(batch.size());
    batch.free_all();
  }
  static std::uint32_t tags(Packet packet) { return locate_headers(packet).l3 - std::uint32_t{sizeof(rte_ether_hdr)}; }

  std::vector<Output> outputs_;
  std::vector<OutputArray> groups_;
  std::uint32_t longest_;
  DropReason too_long_;
};

bool uses_port(const ParameterInfo& parameter) { return parameter.refers == Refers::kRxPort || parameter.refers == Refers::kTxPort; }

// The longest frame, without VLAN tags, that the element's port would send.
std::uint32_t longest_frame(const graph::Plan& plan, const graph::ElementSpec& spec) {
  constexpr std::uint32_t kUsualMtu = 1500;
  for (const ParameterInfo& parameter : spec.info->parameters) {
    const Value* value = parameter.refers == Refers::kTxPort ? spec.parameters.find(parameter.name) : nullptr;
    if (value == nullptr) continue;
    for (const graph::Port& port : plan.ports) {
      if (port.name == smartswitch::detail::port_and_queue(value->text()).first) {
        return (port.mtu != 0 ? port.mtu : kUsualMtu) + std::uint32_t{sizeof(rte_ether_hdr)};
      }
    }
  }
  return UINT32_MAX;
}

std::unique_ptr<ElementInfo> stand_in_for(const graph::Plan& plan, const graph::ElementSpec& spec) {
  const ElementInfo& real = *spec.info;
  auto info = std::make_unique<ElementInfo>();
  info->name = real.name;
  info->room = real.room;
  for (const ParameterInfo& parameter : real.parameters) {
    // They have been checked, and mean nothing here.
    ParameterInfo& taken = info->parameters.emplace_back();
    taken.name = parameter.name;
    taken.assign = [](void*, const Value&, Problems&) { return true; };
  }
  for (const InputInfo& input : real.inputs) info->inputs.emplace_back(input).entry = &StandIn::push;
  for (std::size_t i = 0; i < real.outputs.size(); ++i) {
    OutputInfo& output = info->outputs.emplace_back(real.outputs[i]);
    output.single = [i](Element& element) -> Output& { return StandIn::output(element, i); };
    output.array = [i](Element& element) -> OutputArray& { return StandIn::group(element, i); };
  }
  if (real.poll != nullptr) info->poll = &StandIn::poll;
  info->counters.push_back({"too_long", "packets that are longer than the port's MTU", true, &StandIn::too_long});
  const std::size_t outputs = std::max<std::size_t>(1, real.outputs.size());
  info->create = [outputs, longest = longest_frame(plan, spec)] { return std::make_unique<StandIn>(outputs, longest); };
  return info;
}

}  // namespace

std::vector<std::unique_ptr<ElementInfo>> put_stand_ins(graph::Plan& plan) {
  std::vector<std::unique_ptr<ElementInfo>> made;
  for (graph::ElementSpec& spec : plan.elements) {
    const auto& parameters = spec.info->parameters;
    if (!spec.info->outside && std::none_of(parameters.begin(), parameters.end(), uses_port)) continue;
    made.push_back(stand_in_for(plan, spec));
    spec.info = made.back().get();
  }
  return made;
}

}  // namespace smartswitch::runtime
