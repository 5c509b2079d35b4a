// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The verbs that change a running switch: reload, set, call.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <filesystem>

#include "graph/report.h"
#include "graph/yaml_reader.h"
#include "runtime/command/command.h"
#include "runtime/command/remote.h"
#include "runtime/control/target.h"
#include "runtime/control/value_json.h"

namespace smartswitch::command {
namespace {

using runtime::Json;
using runtime::control::Client;

// Starting what is new may take a while: ports wait for their links.
constexpr Duration kPatience{60'000'000'000};

// As ask(), but all reasons of a refusal are shown, not only the first.
std::optional<Json> order(Client& client, const std::string& method, const std::string& path, const std::string& body, int& exit_code) {
  Problems problems;
  const auto answer = client.ask({.method = method, .path = path, .body = body, .patience = kPatience}, problems);
  if (!answer) {
    show(problems);
    exit_code = kRefused;
    return std::nullopt;
  }
  Json json = Json::parse(answer->body, nullptr, false);
  if (answer->status < 300 && !json.is_discarded()) return json;
  exit_code = answer->status == 422 ? kBadConfiguration : kRefused;
  if (json.is_object() && json.contains("text")) {
    std::fputs(json["text"].get<std::string>().c_str(), stderr);
  } else {
    problems.add({}, answer->problem().message, answer->problem().hint);
    show(problems);
  }
  return std::nullopt;
}

std::string difference_text(const Json& report) {
  std::string text;
  for (const char* what : {"elements", "states", "ports", "workers"}) {
    for (const char* how : {"added", "removed", "changed"}) {
      const auto names = report[what][how].get<std::vector<std::string>>();
      if (!names.empty()) text += fmt::format("{} {}: {}\n", what, how, fmt::join(names, ", "));
    }
  }
  if (report["rewired"].get<bool>()) text += "connections changed\n";
  return text.empty() ? "nothing is different\n" : text;
}

void print_report(const Json& report, bool as_json) {
  if (as_json) {
    fmt::print("{}\n", report.dump(2));
    return;
  }
  fmt::print("{}", difference_text(report));
  double longest = 0;
  for (const Json& pause : report["pause_seconds"]) longest = std::max(longest, pause.get<double>());
  if (longest > 0) fmt::print("workers stood still for {:.0f} us\n", longest * 1e6);
}

struct ReloadOptions {
  RemoteOptions remote;
  std::string file;
  bool dry_run = false;
  bool json = false;
};

int reload(const ReloadOptions& options) {
  int exit_code = kOk;
  const auto client = options.remote.open(exit_code);
  if (!client) return exit_code;
  Json body = {{"dry_run", options.dry_run}};
  // The switch may have been started in another folder.
  if (!options.file.empty()) body["file"] = std::filesystem::absolute(options.file).string();
  if (const auto report = order(*client, "POST", "/v1/reload", body.dump(), exit_code)) print_report(*report, options.json);
  return exit_code;
}

struct ObjectOptions {
  RemoteOptions remote;
  std::string object;
  std::string part;
  std::string value;
};

// What was written on the command line, as a file would have it.
std::optional<Json> yaml_argument(const std::string& text, int& exit_code) {
  graph::Report report;
  const auto value = graph::read_yaml(text, "argument", report);
  if (value && report.empty()) return runtime::control::value_json(*value);
  Problems problems;
  for (const Problem& p : report.sorted({"argument"})) problems.add({}, p.message, p.hint);
  show(problems);
  exit_code = kBadUsage;
  return std::nullopt;
}

// Where the API has the object; state objects are looked for first.
std::string path_of(Client& client, const std::string& object) {
  const std::string name = runtime::control::percent_encode(object);
  Problems ignored;
  const auto answer = client.ask({.method = "GET", .path = "/v1/states/" + name, .body = {}}, ignored);
  return (answer && answer->status == 200 ? "/v1/states/" : "/v1/elements/") + name;
}

int set(const ObjectOptions& options) {
  int exit_code = kOk;
  const auto value = yaml_argument(options.value, exit_code);
  const auto client = value ? options.remote.open(exit_code) : nullptr;
  if (!client) return exit_code;
  const std::string path = path_of(*client, options.object) + "/parameters/" + runtime::control::percent_encode(options.part);
  if (const auto report = order(*client, "PUT", path, value->dump(), exit_code)) print_report(*report, false);
  return exit_code;
}

int call(const ObjectOptions& options) {
  int exit_code = kOk;
  const auto value = yaml_argument(options.value, exit_code);
  const auto client = value ? options.remote.open(exit_code) : nullptr;
  if (!client) return exit_code;
  const std::string path = path_of(*client, options.object) + "/handlers/" + runtime::control::percent_encode(options.part);
  const auto answer = order(*client, "POST", path, value->is_null() ? "" : value->dump(), exit_code);
  if (!answer) return exit_code;
  const Json& result = (*answer)["result"];
  if (!result.is_null()) fmt::print("{}\n", result.is_string() ? result.get<std::string>() : result.dump(2));
  return exit_code;
}

}  // namespace

void add_reload(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand("reload", "Change a running switch over to a configuration file while packets flow");
  verb->footer(
      "A file that is wrong, or asks for what only a restart can do, changes nothing. What --set gave at the start still holds. SIGHUP "
      "reads the same "
      "file again, too.");
  auto options = std::make_shared<ReloadOptions>();
  options->remote.add_to(*verb);
  verb->add_option("file", options->file, "Another configuration; without it, that which runs is read again")->type_name("FILE");
  verb->add_flag("--dry-run", options->dry_run, "Only say what would be different");
  verb->add_flag("--json", options->json, "Write the report as JSON");
  verb->callback([options, &exit_code] { exit_code = reload(*options); });
}

void add_set(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand("set", "Give a parameter of a running element or state object another value");
  verb->footer(
      "It holds until the next reload. A part of a parameter is named as in a path; ~ takes a member or an item out.\n"
      "  smartswitch set hot max_age 5s\n"
      "  smartswitch set backends servers/mc1/drained true\n"
      "  smartswitch set backends servers/mc3 '{mac: \"02:00:00:00:01:03\", address: 10.0.0.13}'\n"
      "  smartswitch set backends servers/mc1 '~'");
  auto options = std::make_shared<ObjectOptions>();
  options->remote.add_to(*verb);
  verb->add_option("object", options->object, "Its name in the configuration")->required()->type_name("OBJECT");
  verb->add_option("parameter", options->part, "The parameter, or PARAMETER/PART")->required()->type_name("PARAMETER");
  verb->add_option("value", options->value, "The value, as a file would have it")->required()->type_name("YAML");
  verb->callback([options, &exit_code] { exit_code = set(*options); });
}

void add_call(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand("call", "Call a handler of a running element or state object");
  verb->footer(
      "`smartswitch describe CLASS` tells which there are.\n  smartswitch call hot look_up some-key\n  smartswitch call hot flush");
  auto options = std::make_shared<ObjectOptions>();
  options->remote.add_to(*verb);
  verb->add_option("object", options->object, "An element or state object that has handlers")->required()->type_name("CALLABLE");
  verb->add_option("handler", options->part, "The handler")->required()->type_name("HANDLER");
  verb->add_option("argument", options->value, "What it takes, as a file would have it")->type_name("YAML");
  verb->callback([options, &exit_code] { exit_code = call(*options); });
}

}  // namespace smartswitch::command
