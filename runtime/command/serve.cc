// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/command/serve.h"

#include <spdlog/spdlog.h>

#include "runtime/control/observe_routes.h"
#include "runtime/control/socket_file.h"
#include "runtime/control/switch_routes.h"

namespace smartswitch::command {
namespace {

namespace control = runtime::control;

constexpr const char* kNone = "none";

// Where nobody has said where: then there is a run without it, if need be.
control::SocketFile usual_socket(const std::string& name) {
  Problems problems;
  const std::string folder = control::own_socket_folder(problems);
  control::SocketFile file;
  if (!folder.empty()) file = control::SocketFile::listen(folder + "/" + name + ".sock", true, problems);
  if (file.good()) return file;
  for (const Problem& problem : problems.list()) spdlog::warn("{} ({})", problem.message, problem.hint);
  spdlog::warn("no control socket: `smartswitch stats` and the like cannot reach this switch");
  return file;
}

}  // namespace

void ControlOptions::add_to(CLI::App& verb) {
  verb.add_option("--control", place, "Serve the control API on this Unix socket, or not at all (none)")->type_name("PATH|none");
  verb.add_option("--name", name, "Call the switch and its control socket that, not after the file")->type_name("NAME");
}

void describe_program(control::Program& program, const FileOptions& input, const ControlOptions& options) {
  program.name = control::name_from_file(options.name.empty() ? input.file : options.name);
  program.version = SMARTSWITCH_VERSION;
  program.configuration.set({input.file, input.variables()});
}

std::unique_ptr<control::Server> open_server(runtime::Switch& live, const control::Program& program, const ControlOptions& options,
                                             Problems& problems) {
  const graph::Control& wanted = live.plan()->control;
  const std::string& place = options.place.empty() ? wanted.socket : options.place;
  const bool listens = !wanted.listen.empty() && options.place != kNone;
  control::SocketFile file;
  if (place.empty()) {
    file = usual_socket(program.name);
  } else if (place != kNone) {
    file = control::SocketFile::listen(place, false, problems);
  }
  if (!file.good() && !listens) return nullptr;
  control::Limits limits;
  limits.connections = wanted.connections;
  auto server = std::make_unique<control::Server>(limits);
  control::add_switch_routes(server->router(), {live, program, server->counts(), wanted.metrics_without_token});
  control::add_observe_routes(server->router(), live);
  if (file.good()) {
    spdlog::info("control: {}", file.path());
    server->serve(std::move(file));
  }
  if (listens) {
    const std::uint16_t port = server->serve_tcp(wanted, problems);
    if (port != 0) spdlog::info("control: https://{}:{}", wanted.listen.substr(0, wanted.listen.rfind(':')), port);
  }
  return server;
}

void keep_off_workers(control::Server& server, const runtime::Switch& live) {
  std::vector<unsigned> cores;
  for (const runtime::WorkerCounts& worker : live.snapshot().workers) cores.push_back(worker.core);
  server.keep_off(std::move(cores));
}

}  // namespace smartswitch::command
