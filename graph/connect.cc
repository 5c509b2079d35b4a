// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "graph/connect.h"

#include <fmt/format.h>

#include <algorithm>

#include "elements/sdk/registry.h"
#include "graph/names.h"
#include "graph/port_names.h"

namespace smartswitch::graph {
namespace {

// Looking for the nearest name takes long among very many.
constexpr std::size_t kMostPortsSuggested = 1000;

bool is_name_part(char c) { return is_name(std::string{'_', c}); }

}  // namespace

void Connector::parse(const Scope& scope, const Value& item, std::vector<Line>& lines) {
  const Value text = variables_.fill(item, scope.arguments);
  const bool spoiled = report_.spoiled(text.where());
  if (spoiled || !text.is_scalar()) {
    if (!spoiled) {
      report_.fault(text.where(), fmt::format("a connection is a text, not {}", text.spoken()),
                    "write `a -> b`; put a text with `: ` in quotes");
    }
    for (const auto& [name, named] : scope.names) doubt(named);
    return;
  }
  Line line{text, parse_chain(text.text())};
  if (line.chain.fault) {
    const TextFault& fault = *line.chain.fault;
    report_.fault(sources_.inside(text, fault.offset, fault.length), fault.message, fault.hint);
    doubt_all_in(scope, text.text());
    return;
  }
  lines.push_back(std::move(line));
}

void Connector::doubt(Named named) {
  draft_.nodes[named.in].uncertain = true;
  draft_.nodes[named.out].uncertain = true;
}

/// Doubts every element whose name is a word of `text`.
void Connector::doubt_all_in(const Scope& scope, std::string_view text) {
  std::size_t start = 0;
  while (start < text.size()) {
    std::size_t end = start;
    while (end < text.size() && is_name_part(text[end])) ++end;
    // "a->b": the dash belongs to the arrow.
    const bool arrow = end > start && end < text.size() && text[end] == '>';
    const auto found = scope.names.find(std::string(text.substr(start, end - start - (arrow ? 1 : 0))));
    if (found != scope.names.end()) doubt(found->second);
    start = std::max(end, start + 1);
  }
}

void Connector::connect(const Scope& scope, const Line& line) {
  std::vector<Place> rest;
  for (const ChainItem& item : line.chain.rest) rest.push_back(look_up(scope, line.text, item));
  for (const ChainItem& item : line.chain.starts) connect_two(scope, look_up(scope, line.text, item), rest.front());
  for (std::size_t i = 1; i < rest.size(); ++i) connect_two(scope, rest[i - 1], rest[i]);
}

Connector::Place Connector::look_up(const Scope& scope, const Value& text, const ChainItem& item) {
  Place place{&item, sources_.inside(text, item.offset, item.length), std::nullopt};
  if (const auto found = scope.names.find(item.element); found != scope.names.end()) {
    place.named = found->second;
  } else if (const ElementInfo* info = Registry::instance().element(item.element)) {
    place.named = make_anonymous_(scope, place.where, *info);
  } else {
    report_unknown(scope, place);
  }
  return place;
}

void Connector::report_unknown(const Scope& scope, const Place& place) {
  const std::string& written = place.item->element;
  std::vector<std::string> known;
  for (const auto& [name, named] : scope.names) {
    if (known.size() < kMostPortsSuggested) known.push_back(name);
  }
  const std::string hint = did_you_mean(written, known);
  if (scope.templ == nullptr && (written == "input" || written == "output")) {
    report_.fault(place.where, fmt::format("unknown element `{}`: only templates have it", written));
  } else {
    report_.fault(place.where, fmt::format("unknown element `{}`", written), hint.empty() ? "declare it under `elements:`" : hint);
  }
  // Whatever was meant is short of a connection now, and that is no fault of its own.
  for (const auto& [name, named] : scope.names) {
    if (hint.empty() || hint == "did you mean `" + name + "`?") doubt(named);
  }
}

void Connector::connect_two(const Scope& scope, const Place& left, const Place& right) {
  Wire wire{output_of(scope, left), input_of(scope, right), left.where};
  if (wire.from) {
    const auto [first, is_new] = connected_.emplace(PortKey(wire.from->node, wire.from->port.port, wire.from->port.index), wire.where);
    if (!is_new) {
      report_.fault(wire.where, fmt::format("an output is connected twice: `{}`", output_name(*wire.from)),
                    fmt::format("the first connection is at {}; a Tee copies packets to several elements", spoken(first->second)));
      wire.from.reset();
    }
  }
  draft_.wires.push_back(std::move(wire));
}

std::string Connector::output_name(const WireEnd& end) const {
  const Node& node = draft_.nodes[end.node];
  if (node.spec.info != nullptr) {
    return fmt::format("{}.{}", node.spec.name, name_of(node.spec.info->outputs, node.spec.parameters, end.port));
  }
  return fmt::format("{}.{}", node.kind == Node::Kind::kTemplateInput ? "input" : node.spec.name, node.ports[end.port.port]);
}

std::optional<WireEnd> Connector::output_of(const Scope& scope, const Place& place) {
  if (!place.named) return std::nullopt;
  if (scope.templ != nullptr && place.item->element == "output") {
    report_.fault(place.where, "`output` is where packets leave the template: nothing comes from it here", "write `... -> output`");
    return std::nullopt;
  }
  const Node& node = draft_.nodes[place.named->out];
  if (node.spec.info == nullptr) return border_port(place.named->out, place.item->output, "output", place.where);
  return element_port(place.named->out, node.spec.info->outputs, place.item->output, "output", place.where);
}

std::optional<WireEnd> Connector::input_of(const Scope& scope, const Place& place) {
  if (!place.named) return std::nullopt;
  if (scope.templ != nullptr && place.item->element == "input") {
    report_.fault(place.where, "`input` is where packets come into the template: nothing leads to it here", "write `input -> ...`");
    return std::nullopt;
  }
  const Node& node = draft_.nodes[place.named->in];
  if (node.spec.info == nullptr) return border_port(place.named->in, place.item->input, "input", place.where);
  return element_port(place.named->in, node.spec.info->inputs, place.item->input, "input", place.where);
}

template <class Info>
std::optional<WireEnd> Connector::element_port(std::size_t index, const std::vector<Info>& declared, const std::optional<std::string>& name,
                                               std::string_view kind, const Location& where) {
  Node& node = draft_.nodes[index];
  if (const auto port = find_port(declared, node.spec.parameters, name.value_or(""))) return WireEnd{index, *port};
  report_no_port(node, node.spec.info->name, names_of(declared, node.spec.parameters), name, kind, where);
  return std::nullopt;
}

/// A port of a template, from inside or from outside.
std::optional<WireEnd> Connector::border_port(std::size_t index, const std::optional<std::string>& name, std::string_view kind,
                                              const Location& where) {
  Node& node = draft_.nodes[index];
  if (node.kind == Node::Kind::kElement) return std::nullopt;  // of an unknown class
  const bool outside = (kind == "input") == (node.kind == Node::Kind::kTemplateInput);
  const std::string standard = node.kind == Node::Kind::kTemplateInput ? "in" : "out";
  const auto port = name || !outside ? std::find(node.ports.begin(), node.ports.end(), name.value_or(standard)) : node.ports.begin();
  if (port != node.ports.end()) return WireEnd{index, {static_cast<std::size_t>(port - node.ports.begin()), 0}};
  report_no_port(node, node.template_name, node.ports, name, kind, where);
  return std::nullopt;
}

void Connector::report_no_port(Node& node, const std::string& class_name, const std::vector<std::string>& known,
                               const std::optional<std::string>& name, std::string_view kind, const Location& where) {
  // A line of a template that could not be read may have named the port.
  const bool excused = node.uncertain && node.kind != Node::Kind::kElement;
  node.uncertain = true;
  if (excused) return;
  const std::string whose = fmt::format("`{}` (class {})", node.spec.name, class_name);
  if (known.empty() || !name) {
    report_.fault(where, fmt::format("{} has no {}", whose, kind));
    return;
  }
  std::string hint = did_you_mean(*name, known);
  if (hint.empty()) hint = fmt::format("its {}{} {}", kind, known.size() == 1 ? " is" : "s are", spoken_list(known));
  report_.fault(where, fmt::format("{} has no {} `{}`", whose, kind, *name), hint);
}

}  // namespace smartswitch::graph
