// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "graph/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/strong_components.hpp>
#include <map>
#include <numeric>

#include "graph/names.h"
#include "graph/port_names.h"

namespace smartswitch::graph {
namespace {

using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS>;

/// Marks everything that can be reached from `start`; what is marked already is not entered again.
void mark_reachable(const Graph& graph, std::size_t start, std::vector<boost::default_color_type>& colours) {
  if (colours[start] != boost::white_color) return;
  boost::queue<std::size_t> waiting;
  boost::breadth_first_visit(graph, start, waiting, boost::default_bfs_visitor(),
                             boost::make_iterator_property_map(colours.begin(), boost::get(boost::vertex_index, graph)));
}

class Checker {
 public:
  Checker(const Wiring& wiring, Report& report) : wiring_(wiring), report_(report) {}

  void check_outputs(std::size_t element) {
    const ElementSpec& spec = wiring_.elements[element];
    for (std::size_t port = 0; port < spec.info->outputs.size(); ++port) {
      const OutputInfo& output = spec.info->outputs[port];
      if (output.optional) continue;
      for (const std::string& name : loose(spec.info->outputs, element, port, wiring_.outputs)) {
        report_.fault(spec.where, fmt::format("the output `{}` of `{}` (class {}) goes nowhere", name, spec.name, spec.info->name),
                      fmt::format("connect it: `{}.{} -> ...`; a Discard takes what nobody wants", own_name(spec.name), name));
      }
    }
  }

  void check_inputs(std::size_t element) {
    const ElementSpec& spec = wiring_.elements[element];
    if (!has_input(element)) {
      report_.fault(spec.where, fmt::format("nothing reaches `{}` (class {})", spec.name, spec.info->name),
                    fmt::format("connect it: `... -> {}`, or take it out", own_name(spec.name)));
      return;
    }
    for (std::size_t port = 0; port < spec.info->inputs.size(); ++port) {
      for (const std::string& name : loose(spec.info->inputs, element, port, wiring_.inputs)) {
        report_.fault(spec.where, fmt::format("nothing reaches the input `{}` of `{}` (class {})", name, spec.name, spec.info->name),
                      fmt::format("connect it: `... -> {}:{}`", own_name(spec.name), name));
      }
    }
  }

  [[nodiscard]] bool has_input(std::size_t element) const {
    const auto first = wiring_.inputs.lower_bound(PortKey(element, 0, 0));
    return first != wiring_.inputs.end() && std::get<0>(*first) == element;
  }

  /// Elements that only feed each other.
  void check_reachable() {
    Graph graph(wiring_.elements.size());
    for (const Connection& c : wiring_.connections) boost::add_edge(c.from, c.to, graph);
    std::vector<boost::default_color_type> colours(wiring_.elements.size(), boost::white_color);
    for (std::size_t i = 0; i < wiring_.elements.size(); ++i) {
      const ElementSpec& spec = wiring_.elements[i];
      const bool start = spec.info == nullptr || is_source(spec) || wiring_.uncertain[i] || wiring_.fed[i] || !has_input(i);
      if (start) mark_reachable(graph, i, colours);
    }
    // In a ring each one is reached by another; the first in the file stands for it, and what follows it is not said again.
    for (const auto& ring : rings(graph)) {
      const std::size_t first = ring.front();
      if (report_.full()) return;
      if (colours[first] != boost::white_color) continue;
      const ElementSpec& spec = wiring_.elements[first];
      report_.fault(spec.where, fmt::format("no source reaches `{}` (class {})", spec.name, spec.info->name),
                    "its packets would have to come from itself: " + circle(graph, all_elements(), first));
      mark_reachable(graph, first, colours);
    }
  }

  [[nodiscard]] std::vector<std::size_t> all_elements() const {
    std::vector<std::size_t> all(wiring_.elements.size());
    std::iota(all.begin(), all.end(), 0);
    return all;
  }

  void check_loops() {
    // An input that leads to certain outputs only is a vertex of its own.
    std::map<std::pair<std::size_t, std::size_t>, std::size_t> own_vertex;
    std::vector<std::size_t> elements = all_elements();
    for (const Connection& c : wiring_.connections) {
      const ElementInfo* to = wiring_.elements[c.to].info;
      if (to == nullptr || to->inputs[c.input.port].leads_to.empty()) continue;
      if (own_vertex.try_emplace({c.to, c.input.port}, elements.size()).second) elements.push_back(c.to);
    }
    Graph graph(elements.size());
    for (const Connection& c : wiring_.connections) {
      const ElementInfo* to = wiring_.elements[c.to].info;
      if (to == nullptr || to->border) continue;
      const auto own = own_vertex.find({c.to, c.input.port});
      const std::size_t target = own == own_vertex.end() ? c.to : own->second;
      boost::add_edge(c.from, target, graph);
      for (const auto& [input, vertex] : own_vertex) {
        if (input.first == c.from && leads_to(wiring_.elements[c.from], input.second, c.output.port))
          boost::add_edge(vertex, target, graph);
      }
    }
    for (const auto& ring : rings(graph)) {
      if (report_.full()) return;
      const std::string text = circle(graph, elements, ring.front());
      const auto into = std::find_if(wiring_.connections.begin(), wiring_.connections.end(), [&](const Connection& c) {
        const auto in_ring = [&](std::size_t vertex) { return elements[vertex] == c.from; };
        return c.to == elements[ring.front()] && std::any_of(ring.begin(), ring.end(), in_ring);
      });
      report_.fault(into->where, fmt::format("a loop without a Queue: {}", text),
                    "put a Queue into it: without one, a packet would go round within a single call");
    }
  }

 private:
  /// The ports of a declaration that are not connected.
  template <class Info>
  std::vector<std::string> loose(const std::vector<Info>& declared, std::size_t element, std::size_t port,
                                 const std::set<PortKey>& connected) const {
    const Value& parameters = wiring_.elements[element].parameters;
    unsigned size = 1;
    if (declared[port].group == PortGroup::kKeyed) size = static_cast<unsigned>(keys_of(parameters, declared[port].keys).size());
    if (declared[port].group == PortGroup::kNumbered) size = std::max(1U, numbered_size(connected, element, port));
    std::vector<std::string> names;
    for (unsigned i = 0; i < size; ++i) {
      if (!connected.contains(PortKey(element, port, i))) names.push_back(name_of(declared, parameters, {port, i}));
    }
    return names;
  }

  /// The strong components in which a packet can go round, each sorted.
  static std::vector<std::vector<std::size_t>> rings(const Graph& graph) {
    std::vector<std::size_t> component(boost::num_vertices(graph));
    const std::size_t count =
        boost::strong_components(graph, boost::make_iterator_property_map(component.begin(), boost::get(boost::vertex_index, graph)));
    std::vector<std::vector<std::size_t>> members(count);
    for (std::size_t i = 0; i < component.size(); ++i) members[component[i]].push_back(i);
    std::erase_if(members, [&graph](const auto& ring) { return ring.size() == 1 && !boost::edge(ring[0], ring[0], graph).second; });
    std::sort(members.begin(), members.end());
    return members;
  }

  static bool leads_to(const ElementSpec& element, std::size_t input, std::size_t output) {
    const std::vector<std::string>& names = element.info->inputs[input].leads_to;
    return std::find(names.begin(), names.end(), element.info->outputs[output].name) != names.end();
  }

  /// "`a` -> `b` -> `a`": a shortest way from `start` back to it, which there must be. Vertices stand for `elements`.
  [[nodiscard]] std::string circle(const Graph& graph, const std::vector<std::size_t>& elements, std::size_t start) const {
    std::vector<std::size_t> before(boost::num_vertices(graph), start);
    std::vector<std::size_t> distance(boost::num_vertices(graph), 0);
    const auto recorders = std::pair(boost::record_predecessors(before.data(), boost::on_tree_edge()),
                                     boost::record_distances(distance.data(), boost::on_tree_edge()));
    boost::breadth_first_search(graph, start, boost::visitor(boost::make_bfs_visitor(recorders)));
    std::optional<std::size_t> last;
    for (std::size_t i = 0; i < boost::num_vertices(graph); ++i) {
      const bool reached = i == start || distance[i] > 0;
      if (reached && boost::edge(i, start, graph).second && (!last || distance[i] < distance[*last])) last = i;
    }
    std::vector<std::size_t> way = {start};
    for (std::size_t i = *last; i != start; i = before[i]) way.push_back(i);
    way.push_back(start);
    std::string text;
    for (auto i = way.rbegin(); i != way.rend(); ++i) text += (text.empty() ? "`" : " -> `") + wiring_.elements[elements[*i]].name + "`";
    return text;
  }

  const Wiring& wiring_;
  Report& report_;
};

}  // namespace

bool is_source(const ElementSpec& element) {
  return element.info != nullptr && (element.info->poll != nullptr || element.info->inputs.empty());
}

void check_shape(const Wiring& wiring, const Location& section, Report& report) {
  Checker checker(wiring, report);
  bool any_source = false;
  for (std::size_t i = 0; i < wiring.elements.size() && !report.full(); ++i) {
    const ElementSpec& element = wiring.elements[i];
    any_source = any_source || element.info == nullptr || is_source(element);
    if (wiring.uncertain[i]) continue;
    checker.check_outputs(i);
    if (!element.info->inputs.empty()) checker.check_inputs(i);
  }
  checker.check_loops();
  if (any_source) {
    checker.check_reachable();
  } else {
    report.fault(section, "there is no source: nothing brings packets in", "a PollDevice takes packets from a port, a Source makes them");
  }
}

}  // namespace smartswitch::graph
