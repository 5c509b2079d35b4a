// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "graph/connection_text.h"
#include "graph/draft.h"
#include "graph/report.h"
#include "graph/sources.h"
#include "graph/templates.h"
#include "graph/variables.h"
#include "graph/wiring.h"

namespace smartswitch::graph {

/// The nodes that a name stands for: the same twice for an element, the two borders for a template.
struct Named {
  std::size_t in = 0;
  std::size_t out = 0;
};

/// The inside of the file or of one unfolded template: names and connections see nothing else.
struct Scope {
  std::string prefix;  ///< "" or "lane1/"
  const Template* templ = nullptr;
  const Scope* outer = nullptr;
  const Arguments* arguments = nullptr;
  std::map<std::string, Named> names;
  std::map<std::string, std::string> states;  ///< of the template: name inside, name outside
};

/// A text of `connections:`, ready to be connected.
struct Line {
  Value text;
  Chain chain;
};

/// Turns the texts of connections into wires between nodes. What a faulty text may have connected is doubted: marked as uncertain.
class Connector {
 public:
  /// Makes an element for a class that stands in place of a name.
  using MakeAnonymous = std::function<Named(const Scope& scope, const Location& where, const ElementInfo& info)>;

  Connector(Draft& draft, const Sources& sources, Variables& variables, Report& report, MakeAnonymous make_anonymous)
      : draft_(draft), sources_(sources), variables_(variables), report_(report), make_anonymous_(std::move(make_anonymous)) {}

  /// Adds to `lines`, unless the text has a fault.
  void parse(const Scope& scope, const Value& item, std::vector<Line>& lines);
  void connect(const Scope& scope, const Line& line);
  void doubt(Named named);

 private:
  /// A name in a chain and what it stands for, if anything.
  struct Place {
    const ChainItem* item;
    Location where;
    std::optional<Named> named;
  };

  void doubt_all_in(const Scope& scope, std::string_view text);
  Place look_up(const Scope& scope, const Value& text, const ChainItem& item);
  void report_unknown(const Scope& scope, const Place& place);
  void connect_two(const Scope& scope, const Place& left, const Place& right);
  std::optional<WireEnd> output_of(const Scope& scope, const Place& place);
  std::optional<WireEnd> input_of(const Scope& scope, const Place& place);
  template <class Info>
  std::optional<WireEnd> element_port(std::size_t node, const std::vector<Info>& declared, const std::optional<std::string>& name,
                                      std::string_view kind, const Location& where);
  std::optional<WireEnd> border_port(std::size_t node, const std::optional<std::string>& name, std::string_view kind,
                                     const Location& where);
  void report_no_port(Node& node, const std::string& class_name, const std::vector<std::string>& known,
                      const std::optional<std::string>& name, std::string_view kind, const Location& where);
  [[nodiscard]] std::string output_name(const WireEnd& end) const;

  Draft& draft_;
  const Sources& sources_;
  Variables& variables_;
  Report& report_;
  MakeAnonymous make_anonymous_;
  std::map<PortKey, Location> connected_;
};

}  // namespace smartswitch::graph
