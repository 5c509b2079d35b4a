// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "graph/draw.h"

#include <fmt/format.h>

#include <set>

#include "graph/port_names.h"

namespace smartswitch::graph {
namespace {

/// A text inside a quoted string of the DOT language. Backslashes are doubled, or Graphviz would read them as escapes.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    if (c == '\n') {
      result += "\\n";
    } else if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) {
      result += c;
    }
  }
  return result;
}

class Drawing {
 public:
  explicit Drawing(const Plan& plan) : plan_(plan) {}

  std::string draw() {
    text_ =
        "digraph smartswitch {\n"
        "  rankdir=LR;\n"
        "  fontname=\"Helvetica\";\n"
        "  node [fontname=\"Helvetica\", fontsize=11, shape=box, style=\"rounded,filled\", fillcolor=\"#ffffff\", color=\"#4a5568\"];\n"
        "  edge [fontname=\"Helvetica\", fontsize=9, color=\"#4a5568\", arrowsize=0.7];\n";
    for (std::size_t worker = 0; worker < plan_.workers.size(); ++worker) draw_worker(worker);
    for (const StateObject& state : plan_.states) {
      line(fmt::format("\"state {0}\" [label=\"{0}\\n{1}\", shape=cylinder, style=filled, fillcolor=\"#c6f6d5\"];", escaped(state.name),
                       escaped(state.info->name)));
    }
    for (const Link& link : plan_.links) draw_link(link);
    for (std::size_t i = 0; i < plan_.instances.size(); ++i) draw_references(i);
    draw_ports();
    return text_ + "}\n";
  }

 private:
  void line(const std::string& text) { text_ += "  " + text + "\n"; }

  [[nodiscard]] const ElementSpec& element(std::size_t instance) const { return plan_.elements[plan_.instances[instance].element]; }

  void draw_worker(std::size_t index) {
    const Worker& worker = plan_.workers[index];
    const std::string core = worker.core ? fmt::format(", core {}", *worker.core) : "";
    line(fmt::format("subgraph cluster_{} {{", index));
    line(fmt::format("  label=\"{}{}\"; style=\"rounded,filled\"; fillcolor=\"#edf2f7\"; color=\"#cbd5e0\";", escaped(worker.name), core));
    for (std::size_t i = 0; i < plan_.instances.size(); ++i) {
      if (plan_.instances[i].worker == index) line("  " + node(i));
    }
    line("}");
  }

  [[nodiscard]] std::string node(std::size_t instance) const {
    const ElementSpec& spec = element(instance);
    const Instance& copy = plan_.instances[instance];
    const std::string replica = copy.replicas > 1 ? fmt::format(" #{}", copy.replica) : "";
    std::string look;
    if (spec.info->border) {
      look = ", fillcolor=\"#fed7d7\"";
    } else if (spec.info->poll != nullptr || spec.info->inputs.empty()) {
      look = ", fillcolor=\"#bee3f8\"";
    }
    return fmt::format("n{} [label=\"{}{}\\n{}\"{}];", instance, escaped(spec.name), replica, escaped(spec.info->name), look);
  }

  void draw_link(const Link& link) {
    const ElementSpec& from = element(link.from);
    const ElementSpec& to = element(link.to);
    std::string label;
    if (from.output_names.size() > 1)
      label += fmt::format(", label=\"{}\"", escaped(name_of(from.info->outputs, from.parameters, link.output)));
    if (to.input_names.size() > 1) label += fmt::format(", headlabel=\"{}\"", escaped(name_of(to.info->inputs, to.parameters, link.input)));
    line(fmt::format("n{} -> n{}{};", link.from, link.to, label.empty() ? "" : " [" + label.substr(2) + "]"));
  }

  void draw_references(std::size_t instance) {
    const ElementSpec& spec = element(instance);
    for (const ParameterInfo& parameter : spec.info->parameters) {
      const Value* value = spec.parameters.find(parameter.name);
      if (value == nullptr) continue;
      switch (parameter.refers) {
        case Refers::kNothing:
          break;
        case Refers::kState:
          line(fmt::format("\"state {}\" -> n{} [style=dashed, arrowhead=none, weight=0];", escaped(value->text()), instance));
          break;
        case Refers::kRxPort: {
          const auto [port, queue] = detail::port_and_queue(value->text());
          const Instance& copy = plan_.instances[instance];
          const bool many = queue.has_value() || copy.replicas > 1;
          const std::string label =
              many ? fmt::format(" [label=\"queue {}\"]", queue.value_or(static_cast<std::uint16_t>(copy.replica))) : "";
          line(fmt::format("\"port {}\" -> n{}{};", escaped(port), instance, label));
          receives_.insert(port);
          break;
        }
        case Refers::kTxPort:
          line(fmt::format("n{} -> \"port {} out\";", instance, escaped(value->text())));
          sends_.insert(value->text());
          break;
      }
    }
  }

  /// A port that packets come in by stands at the left end, one that they leave by at the right: many stand at both.
  void draw_ports() {
    std::string first, last;
    for (const Port& port : plan_.ports) {
      const std::string name = escaped(port.name);
      const std::string look =
          fmt::format("[label=\"{}\\n{}\", shape=cds, style=filled, fillcolor=\"#fefcbf\"];", name, escaped(port.device));
      if (sends_.contains(port.name)) last += fmt::format(" \"port {} out\" {}", name, look);
      if (receives_.contains(port.name) || !sends_.contains(port.name)) first += fmt::format(" \"port {}\" {}", name, look);
    }
    if (!first.empty()) line("{ rank=source;" + first + " }");
    if (!last.empty()) line("{ rank=sink;" + last + " }");
  }

  const Plan& plan_;
  std::string text_;
  std::set<std::string> receives_, sends_;
};

}  // namespace

std::string draw_dot(const Plan& plan) { return Drawing(plan).draw(); }

}  // namespace smartswitch::graph
