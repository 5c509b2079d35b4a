// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/observe/trace.h"

#include <unistd.h>

#include <cstdio>

#include "runtime/command/command.h"
#include "runtime/command/query.h"
#include "runtime/command/remote.h"

namespace smartswitch::command {
namespace {

struct TraceSettings {
  RemoteOptions remote;
  observe::TraceOptions options;
  Duration length{10'000'000'000};
  bool json = false;
};

int trace_packets(const TraceSettings& settings) {
  int exit_code = kOk;
  const auto client = settings.remote.open(exit_code);
  if (!client) return exit_code;
  Query query("/v1/trace");
  query.add("element", settings.options.element)
      .add("filter", settings.options.filter)
      .add("count", std::to_string(settings.options.count))
      .add("bytes", std::to_string(settings.options.bytes))
      .add("for", to_string(settings.length))
      .add("format", settings.json ? "json" : "text")
      .add("colour", colour_on(STDOUT_FILENO) ? "1" : "");
  const auto write = [](std::string_view piece) { return std::fwrite(piece.data(), 1, piece.size(), stdout) == piece.size(); };
  const Duration patience{settings.length.nanoseconds + 30'000'000'000};
  ask(*client, {.method = "POST", .path = query.text(), .body = {}, .patience = patience}, exit_code, write);
  std::fflush(stdout);
  return exit_code;
}

}  // namespace

void add_trace(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand("trace", "Follow single packets through the graph of a running switch");
  verb->footer(
      "A line for each element that a packet comes to: when, what the element did with it (the output by which it left, or `sent`, "
      "`held`,\n"
      "`consumed`, or `dropped` with the reason), which of its counters rose because of it, and what it changed.\n"
      "\n"
      "  smartswitch trace --count 3\n"
      "  smartswitch trace --element classify --filter 'udp and src host 10.0.0.1'\n"
      "Which way a packet would take that does not come says `smartswitch explain`.");
  auto settings = std::make_shared<TraceSettings>();
  settings->remote.add_to(*verb);
  verb->add_option("--element", settings->options.element, "Pick packets as they leave this element (default: as they come in)")
      ->type_name("ELEMENT");
  verb->add_option("--filter", settings->options.filter, "Pick those that match: an expression as tcpdump takes it")->type_name("EXPR");
  verb->add_option("--count", settings->options.count, "How many to pick")
      ->check(CLI::Range(1U, observe::TraceOptions::kMostPackets))
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--bytes", settings->options.bytes, "Show so many bytes of each in each element")
      ->check(CLI::Range(0U, observe::TraceOptions::kMostBytes))
      ->type_name("N");
  add_duration(*verb, "--for", settings->length, "Wait so long for packets at most (default 10s, up to 10min)");
  verb->add_flag("--json", settings->json, "Write JSON");
  verb->callback([settings, &exit_code] { exit_code = trace_packets(*settings); });
}

}  // namespace smartswitch::command
