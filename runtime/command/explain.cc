// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/explain.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdio>

#include "runtime/command/command.h"
#include "runtime/observe/trace.h"
#include "runtime/packet_text.h"

namespace smartswitch::command {
namespace {

struct ExplainSettings {
  FileOptions input;
  std::string packet;
  runtime::ExplainOptions options;
  bool json = false;
};

int explain_packet(const ExplainSettings& settings) {
  Problems problems;
  const auto bytes = runtime::parse_packet(settings.packet, problems);
  if (!bytes) {
    for (const Problem& problem : problems.list()) {
      fmt::print(stderr, "{}", graph::render({problem, settings.packet}, colour_on(STDERR_FILENO)));
    }
    return kBadUsage;
  }
  int exit_code = kOk;
  std::optional<graph::Plan> plan = settings.input.load(exit_code);
  if (!plan) return exit_code;
  spdlog::set_level(spdlog::level::warn);
  const auto result = runtime::explain(std::move(*plan), *bytes, settings.options, problems);
  if (!result) {
    show(problems);
    return kRefused;
  }
  fmt::print("{}", settings.json ? observe::trace_json(*result) : observe::trace_text(*result, colour_on(STDOUT_FILENO)));
  std::fflush(stdout);
  return kOk;
}

}  // namespace

void add_explain(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand("explain", "Say which way a packet would take; touches no device");
  verb->footer(
      "PACKET is one of\n"
      "  udp 10.0.0.1:999 -> 10.0.0.100:11211 get foo   memcached's text, put behind a frame header; `raw TEXT` is not\n"
      "  tcp [2001:db8::1]:999 -> [2001:db8::2]:80 syn  flags, then any text\n"
      "  icmp 10.0.0.1 -> 10.0.0.100\n"
      "  arp who-has 10.0.0.100 tell 10.0.0.1\n"
      "  hex:020000000064...                            a whole frame\n"
      "`ether MAC -> MAC` and `vlan N` may stand before all but the last. In texts, \\r \\n \\t \\\\ \\xHH mean what they do elsewhere.\n"
      "\n"
      "The elements of FILE run with nothing in their caches, all servers up, and the clock standing still.");
  auto settings = std::make_shared<ExplainSettings>();
  settings->input.add_to(*verb);
  verb->add_option("packet", settings->packet, "The packet, in words")->required()->type_name("PACKET");
  verb->add_option("--port", settings->options.port, "The port that it comes in by (default: the first that packets come in by)")
      ->type_name("PORT");
  verb->add_option("--bytes", settings->options.bytes, "Show so many bytes of it in each element")
      ->check(CLI::Range(0U, observe::TraceOptions::kMostBytes))
      ->type_name("N");
  verb->add_flag("--json", settings->json, "Write JSON");
  verb->callback([settings, &exit_code] { exit_code = explain_packet(*settings); });
}

}  // namespace smartswitch::command
