// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The names that the script of `smartswitch completion` proposes: those of a running switch, or of a file. Not for people, so it stands in
// no help; whatever goes wrong, it says nothing, because somebody is writing a command line.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <iterator>

#include "runtime/command/command.h"
#include "runtime/command/completion.h"
#include "runtime/control/client.h"
#include "runtime/control/socket_file.h"
#include "runtime/control/target.h"
#include "runtime/snapshot_json.h"

namespace smartswitch::command {
namespace {

using runtime::Json;
using runtime::control::Client;
using Names = std::vector<std::string>;

// Tab is not waited for.
constexpr Duration kTabPatience{500'000'000};

struct Wanted {
  std::string kind;
  std::string control;
  std::string file;
  std::string object;
};

/// Empty if nobody answers, or with an error.
class Asked {
 public:
  explicit Asked(const std::string& place) {
    Problems untold;
    runtime::control::Address address;
    address.place = place.empty() ? runtime::control::only_switch(untold) : place;
    if (!address.place.empty()) client_ = Client::open(address, untold);
  }
  Json operator()(const std::string& path) const {
    Problems untold;
    const auto answer =
        client_ ? client_->ask({.method = "GET", .path = path, .body = {}, .patience = kTabPatience}, untold) : std::nullopt;
    return answer && answer->status == 200 ? Json::parse(answer->body) : Json::object();
  }

 private:
  std::unique_ptr<Client> client_;
};

Names proposed_names(const Json& json, const char* list) {
  Names names;
  if (!json.contains(list)) return names;
  for (const Json& item : json.at(list)) names.push_back(item.at("name"));
  return names;
}

Names joined(Names names, const Names& more) {
  names.insert(names.end(), more.begin(), more.end());
  return names;
}

Names objects(const Asked& asked) {
  const Json graph = asked("/v1/graph");
  return joined(proposed_names(graph, "states"), proposed_names(graph, "elements"));
}

// Those of classes that have handlers.
Names callables(const Asked& asked) {
  const Json graph = asked("/v1/graph");
  const Json classes = asked("/v1/classes");
  Names names;
  for (const char* part : {"states", "elements"}) {
    Names with;
    if (!classes.contains(part) || !graph.contains(part)) continue;
    for (const Json& one : classes.at(part)) {
      if (!one.at("handlers").empty()) with.push_back(one.at("name"));
    }
    for (const Json& object : graph.at(part)) {
      if (std::find(with.begin(), with.end(), object.at("class")) != with.end()) names.push_back(object.at("name"));
    }
  }
  return names;
}

// What the class of an object says of itself: "handlers" or "parameters".
Names described_parts(const Asked& asked, const std::string& object, const char* parts) {
  const std::string name = runtime::control::percent_encode(object);
  Json about = asked("/v1/states/" + name);
  if (about.empty()) about = asked("/v1/elements/" + name);
  return about.contains("documentation") ? proposed_names(about.at("documentation"), parts) : Names();
}

// As `smartswitch tap` takes them.
Names places(const Asked& asked) {
  const Json graph = asked("/v1/graph");
  Names names = joined(proposed_names(graph, "ports"), proposed_names(graph, "elements"));
  if (!graph.contains("connections")) return names;
  for (const Json& way : graph.at("connections")) {
    names.push_back(fmt::format("{}.{}", way.at("from").get<std::string>(), way.at("output").get<std::string>()));
  }
  return names;
}

// What the API answers to, with the names that there are in its patterns where that is one only.
Names routes(const Asked& asked) {
  const Json about = asked("/v1");
  Names paths;
  if (!about.contains("routes")) return paths;
  const Json graph = asked("/v1/graph");
  for (const Json& route : about.at("routes")) {
    const std::string path = route.at("path");
    const std::size_t open = path.find("/{name}");
    if (path.find('{') == std::string::npos) paths.push_back(path);
    if (open == std::string::npos || open + 7 != path.size()) continue;
    const std::string list = path.substr(path.rfind('/', open - 1) + 1, open - path.rfind('/', open - 1) - 1);
    for (const std::string& name : proposed_names(graph, list.c_str())) {
      paths.push_back(path.substr(0, open + 1) + runtime::control::percent_encode(name));
    }
  }
  return paths;
}

Names of_file(const std::string& file, const std::function<Names(const graph::Plan&)>& names) {
  if (file.empty()) return {};
  const graph::Loaded loaded = graph::load_file(file, {});
  return loaded.plan ? names(*loaded.plan) : Names();
}

Names ports_of(const graph::Plan& plan) {
  Names names;
  for (const graph::Port& port : plan.ports) names.push_back(port.name);
  return names;
}

Names pools_of(const graph::Plan& plan) {
  Names names;
  for (const graph::StateObject& state : plan.states) {
    if (state.info->name == "BackendPool") names.push_back(state.name);
  }
  return names;
}

struct Kind {
  const char* name;
  Names (*names)(const Wanted& wanted);
};

// The type names of options and places that stand for names.
constexpr Kind kKinds[] = {
    {"ELEMENT", [](const Wanted& w) { return proposed_names(Asked(w.control)("/v1/graph"), "elements"); }},
    {"OBJECT", [](const Wanted& w) { return objects(Asked(w.control)); }},
    {"CALLABLE", [](const Wanted& w) { return callables(Asked(w.control)); }},
    {"HANDLER", [](const Wanted& w) { return described_parts(Asked(w.control), w.object, "handlers"); }},
    {"PARAMETER", [](const Wanted& w) { return described_parts(Asked(w.control), w.object, "parameters"); }},
    {"PLACE", [](const Wanted& w) { return places(Asked(w.control)); }},
    {"ROUTE", [](const Wanted& w) { return routes(Asked(w.control)); }},
    {"PATH|URL", [](const Wanted&) { return runtime::control::live_sockets(runtime::control::socket_folders()); }},
    {"PORT", [](const Wanted& w) { return of_file(w.file, &ports_of); }},
    {"POOL", [](const Wanted& w) { return of_file(w.file, &pools_of); }},
};

void complete(const Wanted& wanted) {
  const auto* const kind = std::find_if(std::begin(kKinds), std::end(kKinds), [&](const Kind& k) { return wanted.kind == k.name; });
  if (kind == std::end(kKinds)) return;
  Names names;
  try {
    names = kind->names(wanted);
  } catch (const nlohmann::json::exception&) {
    return;  // a switch of another version
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  for (const std::string& name : names) fmt::print("{}\n", name);
}

}  // namespace

bool is_completed_by_asking(const std::string& type) {
  return std::any_of(std::begin(kKinds), std::end(kKinds), [&](const Kind& kind) { return type == kind.name; });
}

void add_complete(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand("complete", "Names for the script of `completion`");
  verb->group("");
  auto wanted = std::make_shared<Wanted>();
  verb->add_option("kind", wanted->kind)->required();
  verb->add_option("--control", wanted->control);
  verb->add_option("--file", wanted->file);
  verb->add_option("--object", wanted->object);
  verb->callback([wanted, &exit_code] {
    complete(*wanted);
    exit_code = kOk;
  });
}

}  // namespace smartswitch::command
