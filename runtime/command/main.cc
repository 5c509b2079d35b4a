// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fmt/format.h>
#include <rte_version.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <exception>

#include "runtime/command/command.h"

namespace {

constexpr const char* kAbout = "A software switch that understands the applications whose packets it carries.";
constexpr const char* kMore =
    "Examples:\n"
    "  smartswitch new-config bridge --device eth1 --device eth2 > my.yaml\n"
    "  smartswitch check configs/memswitch.yaml               is it right? touches no device\n"
    "  smartswitch run configs/memswitch.yaml --stats 1s      until Ctrl-C, with a line of statistics a second\n"
    "  smartswitch run my.yaml --set IFACE=eth1 --for 10s --json\n"
    "  smartswitch stats --watch                              what a running switch counts\n"
    "  smartswitch ctl GET /v1/elements/classify              anything that its control API knows\n"
    "  smartswitch stop\n"
    "  smartswitch graph my.yaml -o my.svg                    draw it\n"
    "  smartswitch list                                       the elements there are\n"
    "  smartswitch describe Queue                             what one does and takes\n"
    "  smartswitch schema > smartswitch.schema.json           completion and checks in editors\n"
    "  smartswitch where my.yaml < keys.txt                   the server of each key\n"
    "  smartswitch trace --element cache --count 3            follow packets through the running graph\n"
    "  smartswitch tap clients -w - | tcpdump -r -            what passes a port, or an edge such as classify.get\n"
    "  smartswitch explain my.yaml 'udp 10.0.0.1:999 -> 10.0.0.100:11211 get foo'   which way it would take\n"
    "  smartswitch import-twemproxy nutcracker.yml > my.yaml\n"
    "  smartswitch load --server 10.0.0.100 --window 32       ask memcached, measure and check the answers\n"
    "  source <(smartswitch completion bash)                  Tab completes verbs, options, files, names in a running switch\n"
    "\n"
    "Exit codes:\n"
    "  0  all went well\n"
    "  1  the configuration is wrong; all faults have been shown (load: an answer was wrong)\n"
    "  2  the command line is wrong\n"
    "  3  a device or the machine refuses: no such interface, no permission, no memory, nothing answers\n"
    "  4  a fault of smartswitch itself\n"
    "\n"
    "`smartswitch VERB --help` says more about each verb. Messages go to stderr, results to stdout. NO_COLOR=1 turns colours off.";

std::string version() {
  return fmt::format("smartswitch {} (built for -march={}; {})", SMARTSWITCH_VERSION, SMARTSWITCH_MARCH, rte_version());
}

void set_up_log() {
  const bool colour = smartswitch::command::colour_on(STDERR_FILENO);
  auto log = spdlog::stderr_color_mt("smartswitch", colour ? spdlog::color_mode::always : spdlog::color_mode::never);
  log->set_pattern("%H:%M:%S.%e %^%l%$: %v");
  spdlog::set_default_logger(std::move(log));
}

}  // namespace

int main(int argc, char** argv) {
  using namespace smartswitch::command;
  CLI::App app{kAbout, "smartswitch"};
  app.footer(kMore);
  app.set_version_flag("--version", version());
  app.require_subcommand(1);
  int exit_code = kOk;
  add_run(app, exit_code);
  add_check(app, exit_code);
  add_graph(app, exit_code);
  add_list(app, exit_code);
  add_describe(app, exit_code);
  add_schema(app, exit_code);
  add_new_config(app, exit_code);
  add_where(app, exit_code);
  add_explain(app, exit_code);
  add_trace(app, exit_code);
  add_tap(app, exit_code);
  add_import_twemproxy(app, exit_code);
  add_load(app, exit_code);
  add_reload(app, exit_code);
  add_set(app, exit_code);
  add_call(app, exit_code);
  add_top(app, exit_code);
  add_stats(app, exit_code);
  add_drain(app, exit_code);
  add_stop(app, exit_code);
  add_ctl(app, exit_code);
  add_complete(app, exit_code);
  add_completion(app, exit_code);  // last: it knows the others
  try {
    set_up_log();
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // --help and --version come this way, too.
    return app.exit(error) == 0 ? kOk : kBadUsage;
  } catch (const std::exception& error) {
    fmt::print(stderr, "smartswitch: this should not happen: {}\n", error.what());
    return kInternal;
  }
  return exit_code;
}
