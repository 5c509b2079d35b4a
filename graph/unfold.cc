// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "graph/unfold.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "elements/sdk/registry.h"
#include "graph/connect.h"
#include "graph/names.h"
#include "graph/templates.h"

namespace smartswitch::graph {
namespace {

constexpr std::size_t kMostElements = 20'000;
constexpr std::size_t kMostWires = 200'000;
constexpr std::size_t kMostUnfolded = 32;

std::size_t depth_of(const Scope& scope) {
  std::size_t depth = 0;
  for (const Scope* s = &scope; s->templ != nullptr; s = s->outer) ++depth;
  return depth;
}

class Unfolder {
 public:
  Unfolder(const Sections& sections, const Sources& sources, Variables& variables, Specification& specification, Report& report)
      : variables_(variables),
        specification_(specification),
        report_(report),
        templates_(read_templates(sections, report)),
        connector_(draft_, sources, variables, report, [this](const Scope& scope, const Location& where, const ElementInfo& info) {
          return make_anonymous(scope, where, info);
        }) {
    for (const ElementInfo* info : Registry::instance().elements()) classes_.push_back(info->name);
    for (const auto& [name, templ] : templates_) classes_.push_back(name);
  }

  Draft run(const Sections& sections) {
    Scope scope;
    for (const Value::Member* member : sections.elements) add(scope, *member);
    connect_all(scope, sections.connections);
    return std::move(draft_);
  }

 private:
  bool too_much(const Location& where) {
    if (draft_.nodes.size() < kMostElements && draft_.wires.size() < kMostWires) return report_.full();
    if (!said_too_much_) {
      report_.fault(where, fmt::format("the graph has more than {} elements or {} connections", kMostElements, kMostWires));
    }
    said_too_much_ = true;
    return true;
  }

  // ---- elements

  std::size_t add_node(Node::Kind kind, std::string name, const Location& where) {
    Node& node = draft_.nodes.emplace_back();
    node.kind = kind;
    node.spec.name = std::move(name);
    node.spec.where = where;
    return draft_.nodes.size() - 1;
  }

  /// A name whose meaning has a fault: connections to it are taken as they are.
  Named add_unknown(const std::string& name, const Location& where) {
    const std::size_t node = add_node(Node::Kind::kElement, name, where);
    draft_.nodes[node].uncertain = true;
    return {node, node};
  }

  void add(Scope& scope, const Value::Member& member) {
    if (too_much(member.where)) return;
    if (!is_name(member.key)) {
      report_.fault(member.where, fmt::format("an element cannot be called `{}`", member.key), std::string(kNameRule));
    } else if (scope.templ != nullptr && (member.key == "input" || member.key == "output")) {
      report_.fault(member.where, fmt::format("`{}` is the template's own; an element needs another name", member.key));
      return;
    }
    const Named named = make(scope, member);
    scope.names[member.key] = named;
    if (!is_name(member.key)) connector_.doubt(named);  // connections could not name it
  }

  Named make(Scope& scope, const Value::Member& member) {
    const std::string name = scope.prefix + member.key;
    const auto map = class_map(variables_.fill(member.value, scope.arguments), report_);
    if (!map) return add_unknown(name, member.where);
    const Value& class_name = *map->find("class");
    if (const ElementInfo* info = Registry::instance().element(class_name.text())) {
      return make_element(scope, name, member.where, *info, *map);
    }
    if (const auto found = templates_.find(class_name.text()); found != templates_.end()) {
      return make_template(scope, name, member.where, found->second, *map);
    }
    report_unknown_class(class_name);
    return add_unknown(name, member.where);
  }

  void report_unknown_class(const Value& class_name) {
    std::string hint = did_you_mean(class_name.text(), classes_);
    if (Registry::instance().state(class_name.text()) != nullptr) {
      hint = fmt::format("`{}` is a state object: it belongs under `state:`", class_name.text());
    } else if (hint.empty()) {
      hint = "`smartswitch list` shows all classes";
    }
    report_.fault(class_name.where(), fmt::format("unknown class `{}`", class_name.text()), hint);
  }

  Named make_element(const Scope& scope, const std::string& name, const Location& where, const ElementInfo& info, const Value& parameters) {
    const std::size_t node = add_node(Node::Kind::kElement, name, where);
    draft_.nodes[node].spec.info = &info;
    draft_.nodes[node].spec.parameters = with_states(scope, info, parameters);
    check_element(info, where, draft_.nodes[node].spec.parameters, specification_, report_);
    return {node, node};
  }

  /// A template's state objects hide those of the file.
  static Value with_states(const Scope& scope, const ElementInfo& info, const Value& parameters) {
    if (scope.states.empty()) return parameters;
    std::vector<Value::Member> members = parameters.members();
    for (Value::Member& member : members) {
      const ParameterInfo* parameter = info.parameter(member.key);
      if (parameter == nullptr || parameter->refers != Refers::kState) continue;
      if (const auto own = scope.states.find(member.value.text()); own != scope.states.end()) {
        member.value = Value(own->second, member.value.where());
      }
    }
    return Value::map(std::move(members), parameters.where());
  }

  // ---- templates

  Named make_template(const Scope& outer, const std::string& name, const Location& where, const Template& templ, const Value& given) {
    if (uses_itself(outer, templ, *given.find("class"))) return add_unknown(name, where);
    const auto arguments = arguments_for(templ, given, variables_, report_);
    if (!arguments) return add_unknown(name, where);

    Scope scope;
    scope.prefix = name + "/";
    scope.templ = &templ;
    scope.outer = &outer;
    scope.arguments = &*arguments;
    if (templ.state != nullptr) {
      for (const Value::Member& member : templ.state->members()) add_template_state(scope, member);
    }
    const Named borders = {add_node(Node::Kind::kTemplateInput, name, where), add_node(Node::Kind::kTemplateOutput, name, where)};
    draft_.nodes[borders.in].template_name = draft_.nodes[borders.out].template_name = templ.name;
    scope.names["input"] = {borders.in, borders.in};
    scope.names["output"] = {borders.out, borders.out};
    if (templ.elements != nullptr) {
      for (const Value::Member& member : templ.elements->members()) add(scope, member);
    }
    std::vector<const Value*> connections;
    if (templ.connections != nullptr) {
      for (const Value& item : templ.connections->items()) connections.push_back(&item);
    }
    connect_all(scope, connections);
    return borders;
  }

  bool uses_itself(const Scope& outer, const Template& templ, const Value& class_name) {
    std::string chain = templ.name;
    for (const Scope* scope = &outer; scope->templ != nullptr; scope = scope->outer) {
      chain = scope->templ->name + " -> " + chain;
      if (scope->templ != &templ) continue;
      report_.fault(class_name.where(), fmt::format("template `{}` uses itself: {}", templ.name, chain));
      return true;
    }
    if (depth_of(outer) < kMostUnfolded) return false;
    report_.fault(class_name.where(), fmt::format("templates are nested more than {} deep", kMostUnfolded));
    return true;
  }

  void add_template_state(Scope& scope, const Value::Member& member) {
    if (!is_name(member.key)) {
      report_.fault(member.where, fmt::format("a state object cannot be called `{}`", member.key), std::string(kNameRule));
    }
    const std::string name = scope.prefix + member.key;
    scope.states.emplace(member.key, name);
    add_state(name, member.where, variables_.fill(member.value, scope.arguments), specification_, report_);
  }

  /// A template has the ports that its connections name, in the order in which they do.
  void add_ports(const Chain& chain, Named borders) {
    const auto add_port = [this](std::size_t border, const std::string& name) {
      std::vector<std::string>& ports = draft_.nodes[border].ports;
      if (std::find(ports.begin(), ports.end(), name) == ports.end()) ports.push_back(name);
    };
    for (const ChainItem& item : chain.starts) {
      if (item.element == "input") add_port(borders.in, item.output.value_or("in"));
    }
    for (const ChainItem& item : chain.rest) {
      if (item.element == "output") add_port(borders.out, item.input.value_or("out"));
    }
  }

  // ---- connections

  void connect_all(const Scope& scope, const std::vector<const Value*>& connections) {
    std::vector<Line> lines;
    for (const Value* item : connections) {
      if (too_much(item->where())) break;
      connector_.parse(scope, *item, lines);
    }
    if (scope.templ != nullptr) {
      for (const Line& line : lines) add_ports(line.chain, {scope.names.at("input").in, scope.names.at("output").in});
    }
    for (const Line& line : lines) {
      if (too_much(line.text.where())) break;
      connector_.connect(scope, line);
    }
  }

  /// A class in place of a name makes an element without parameters, as in `rx -> Counter -> tx`.
  Named make_anonymous(const Scope& scope, const Location& where, const ElementInfo& info) {
    std::string name = fmt::format("{}{}@{}", scope.prefix, info.name, where.line);
    for (unsigned i = 2; !anonymous_.insert(name).second; ++i) name = fmt::format("{}{}@{}.{}", scope.prefix, info.name, where.line, i);
    return make_element(scope, name, where, info, Value::map({{"class", Value(info.name, where), where}}, where));
  }

  Variables& variables_;
  Specification& specification_;
  Report& report_;
  Templates templates_;
  std::vector<std::string> classes_;
  Draft draft_;
  Connector connector_;
  std::set<std::string> anonymous_;
  bool said_too_much_ = false;
};

}  // namespace

Draft unfold(const Sections& sections, const Sources& sources, Variables& variables, Specification& specification, Report& report) {
  return Unfolder(sections, sources, variables, specification, report).run(sections);
}

}  // namespace smartswitch::graph
