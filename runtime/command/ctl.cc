// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fmt/format.h>

#include <cstdio>
#include <iostream>
#include <iterator>

#include "runtime/command/command.h"
#include "runtime/command/remote.h"

namespace smartswitch::command {
namespace {

struct CtlOptions {
  RemoteOptions remote;
  std::string method;
  std::string path;
  std::string body;
};

int ctl(const CtlOptions& options) {
  int exit_code = kOk;
  const auto client = options.remote.open(exit_code);
  if (!client) return exit_code;
  const std::string path = options.path.starts_with('/') ? options.path : "/v1/" + options.path;
  const std::string body = options.body == "-" ? std::string(std::istreambuf_iterator<char>(std::cin), {}) : options.body;
  // Answers may be long, or without end.
  const auto write = [](std::string_view piece) {
    return std::fwrite(piece.data(), 1, piece.size(), stdout) == piece.size() && std::fflush(stdout) == 0;
  };
  ask(*client, {.method = options.method, .path = path, .body = body, .patience = {0}}, exit_code, write);
  return exit_code;
}

}  // namespace

void add_ctl(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand("ctl", "Ask a running switch anything that its control API knows (docs/openapi.yaml)");
  verb->footer("  smartswitch ctl GET /v1/elements/classify\n  smartswitch ctl POST /v1/drain");
  auto options = std::make_shared<CtlOptions>();
  options->remote.add_to(*verb);
  verb->add_option("method", options->method, "GET, PUT, POST or DELETE")
      ->required()
      ->check(CLI::IsMember({"GET", "PUT", "POST", "DELETE"}));
  verb->add_option("path", options->path, "Such as /v1/graph; without a slash in front, what follows /v1/")->required()->type_name("ROUTE");
  verb->add_option("body", options->body, "What to send with it; - is what comes from stdin")->type_name("BODY");
  verb->callback([options, &exit_code] { exit_code = ctl(*options); });
}

}  // namespace smartswitch::command
