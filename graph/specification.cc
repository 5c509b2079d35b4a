// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "graph/specification.h"

#include <fmt/format.h>

#include <algorithm>

#include "elements/sdk/element.h"
#include "elements/sdk/registry.h"
#include "graph/control.h"
#include "graph/names.h"

namespace smartswitch::graph {
namespace {

// Looking for the nearest name takes long among very many.
constexpr std::size_t kMostSuggested = 1000;

template <class T>
const std::vector<ParameterInfo>& fields_of() {
  static const std::vector<ParameterInfo> fields = detail::FieldsOf<T>::get();
  return fields;
}

template <class Info>
std::vector<std::string> class_names(const std::vector<const Info*>& all) {
  std::vector<std::string> names;
  for (const Info* info : all) names.push_back(info->name);
  return names;
}

/// DPDK tells virtual devices apart by what stands before the first comma.
std::string device_name(const std::string& device) { return device.substr(0, device.find(',')); }

void read_port(const Value::Member& member, const Value& filled, Specification& specification, Report& report) {
  if (!is_name(member.key)) report.fault(member.where, fmt::format("a port cannot be called `{}`", member.key), std::string(kNameRule));
  Port port;
  port.name = member.key;
  port.where = member.where;
  if (!filled.is_map() && !filled.is_scalar()) {
    report.fault(filled.where(), fmt::format("{} is not a port", filled.spoken()), "write `{device: ...}`");
  } else {
    const Value map = filled.is_map() ? filled : Value::map({{"device", filled, filled.where()}}, filled.where());
    assign_parameters(&port, fields_of<Port>(), map, "a port", {}, report.problems());
    const std::string device = device_name(port.device);
    const auto same = std::find_if(specification.ports.begin(), specification.ports.end(),
                                   [&device](const Port& other) { return device_name(other.device) == device; });
    if (!device.empty() && same != specification.ports.end()) {
      report.fault(map.find("device")->where(),
                   fmt::format("the ports `{}` and `{}` have the same device, `{}`", same->name, port.name, device),
                   "one device is one port; virtual devices take a number: `net_tap0`, `net_tap1`");
    }
  }
  specification.ports.push_back(std::move(port));
}

/// What elements and state objects do with their map: assign all parameters to a fresh object and let it look at the whole.
template <class Info>
void check_parameters(const Info& info, std::string_view what, const Location& where, const Value& parameters, Report& report) {
  const auto object = info.create();
  if (!assign_parameters(object.get(), info.parameters, parameters, what, {"class"}, report.problems())) return;
  Problems found;
  object->validate(found);
  for (const Problem& problem : found.list()) {
    report.fault(problem.where.line == 0 ? where : problem.where, problem.message, problem.hint);
  }
}

/// The nearest of `known`; if none is near, `introduction` with all of them, or `otherwise` if there is none to show.
std::string among(std::string_view written, const std::vector<std::string>& known, std::string_view otherwise,
                  std::string_view introduction = {}) {
  std::string hint = did_you_mean(written, known);
  if (!hint.empty()) return hint;
  return known.empty() || introduction.empty() ? std::string(otherwise) : fmt::format("{} {}", introduction, spoken_list(known));
}

void check_state_reference(const ParameterInfo& parameter, const Value& value, const Specification& specification, Report& report) {
  const auto found = specification.state_classes.find(value.text());
  if (found != specification.state_classes.end()) {
    const StateInfo* info = found->second;
    if (info != nullptr && info->name != parameter.state_class) {
      report.fault(value.where(),
                   fmt::format("`{}` is a {}, but `{}` needs a {}", value.text(), info->name, parameter.name, parameter.state_class));
    }
    return;
  }
  std::vector<std::string> known;
  for (const auto& [name, info] : specification.state_classes) {
    if (known.size() < kMostSuggested && (info == nullptr || info->name == parameter.state_class)) known.push_back(name);
  }
  report.fault(value.where(), fmt::format("there is no state object `{}`", value.text()),
               among(value.text(), known, fmt::format("declare it under `state:`, with `class: {}`", parameter.state_class),
                     fmt::format("of class {} there are", parameter.state_class)));
}

void check_port_reference(const ParameterInfo& parameter, const Value& value, const Specification& specification, Report& report) {
  const std::string name = parameter.refers == Refers::kRxPort ? detail::port_and_queue(value.text()).first : value.text();
  std::vector<std::string> known;
  for (const Port& port : specification.ports) {
    if (port.name == name) return;
    if (known.size() < kMostSuggested) known.push_back(port.name);
  }
  report.fault(value.where(), fmt::format("there is no port `{}`", name), among(name, known, "declare it under `ports:`", "the ports are"));
}

}  // namespace

std::optional<Value> class_map(const Value& value, Report& report) {
  if (value.is_scalar()) return Value::map({{"class", value, value.where()}}, value.where());
  if (!value.is_map()) {
    report.fault(value.where(), fmt::format("a class is missing: this is {}", value.spoken()), "write `{class: ..., ...}`");
    return std::nullopt;
  }
  const Value* name = value.find("class");
  if (name != nullptr && name->is_scalar() && !name->text().empty()) return value;
  report.fault(name == nullptr ? value.where() : name->where(), "a class is missing", "write `{class: ..., ...}`");
  return std::nullopt;
}

void add_state(const std::string& name, const Location& where, const Value& value, Specification& specification, Report& report) {
  const auto entry = specification.state_classes.emplace(name, nullptr).first;
  const auto map = class_map(value, report);
  if (!map) return;
  const Value& class_name = *map->find("class");
  const StateInfo* info = Registry::instance().state(class_name.text());
  if (info == nullptr) {
    const bool is_element = Registry::instance().element(class_name.text()) != nullptr;
    report.fault(class_name.where(), fmt::format("unknown state class `{}`", class_name.text()),
                 is_element ? fmt::format("`{}` is an element: it belongs under `elements:`", class_name.text())
                            : among(class_name.text(), class_names(Registry::instance().states()), "`smartswitch list` shows all classes"));
    return;
  }
  entry->second = info;
  check_parameters(*info, fmt::format("state class `{}`", info->name), where, *map, report);
  specification.states.push_back({name, where, info, *map});
}

void check_element(const ElementInfo& info, const Location& where, const Value& parameters, const Specification& specification,
                   Report& report) {
  check_parameters(info, fmt::format("element class `{}`", info.name), where, parameters, report);
  for (const Value::Member& member : parameters.members()) {
    const ParameterInfo* parameter = info.parameter(member.key);
    if (parameter == nullptr || member.value.text().empty()) continue;
    switch (parameter->refers) {
      case Refers::kNothing:
        break;
      case Refers::kState:
        check_state_reference(*parameter, member.value, specification, report);
        break;
      case Refers::kRxPort:
      case Refers::kTxPort:
        check_port_reference(*parameter, member.value, specification, report);
        break;
    }
  }
}

void PacketPool::describe(DescribeFields<PacketPool>& d) {
  d.parameter("packets", &PacketPool::packets, "packets in the pool; 0: as many as ports, queues and elements can hold");
  d.parameter("cache", &PacketPool::cache, "packets that each worker keeps at hand").between(0, 512);
  d.parameter("large_packets", &PacketPool::large_packets,
              "packets of up to 65,407 bytes, 64 KiB each, if elements that the file has later need more than those that it has now");
}

std::vector<ParameterInfo> pool_parameters() { return detail::FieldsOf<PacketPool>::get(); }

Specification read_specification(const Sections& sections, Variables& variables, Report& report) {
  Specification specification;
  if (sections.pool != nullptr)
    ParameterType<PacketPool>::parse(variables.fill(sections.pool->value, nullptr), specification.pool, report.problems());
  if (sections.control != nullptr)
    read_control(*sections.control, variables.fill(sections.control->value, nullptr), specification.control, report);
  for (const Value::Member* member : sections.ports) {
    if (report.full()) break;
    read_port(*member, variables.fill(member->value, nullptr), specification, report);
  }
  for (const Value::Member* member : sections.state) {
    if (report.full()) break;
    if (!is_name(member->key)) {
      report.fault(member->where, fmt::format("a state object cannot be called `{}`", member->key), std::string(kNameRule));
    }
    add_state(member->key, member->where, variables.fill(member->value, nullptr), specification, report);
  }
  return specification;
}

}  // namespace smartswitch::graph
