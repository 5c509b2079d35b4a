// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdio>

#include "runtime/clock.h"
#include "runtime/command/command.h"
#include "runtime/command/orders.h"
#include "runtime/command/reload_file.h"
#include "runtime/command/run_signals.h"
#include "runtime/command/serve.h"
#include "runtime/command/service_manager.h"
#include "runtime/command/supervision.h"
#include "runtime/privileges.h"
#include "runtime/summary.h"
#include "runtime/switch.h"

namespace smartswitch::command {
namespace {

using runtime::HugePages;
using runtime::Snapshot;
using runtime::Switch;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kNever = INT64_MAX;
// Whoever is crowded for long need not be told each second.
constexpr std::int64_t kBetweenWarnings = 30 * kSecond;

struct RunOptions {
  FileOptions input;
  ControlOptions control;
  Duration stats;       // 0: no statistics
  Duration length;      // 0: until a signal
  Duration idle_limit;  // 0: no limit
  HugePages huge_pages = HugePages::kAuto;
  std::string user;  // empty: stay who we are
  bool json = false;
  bool verbose = false;
};

std::uint64_t busy_rounds(const Snapshot& snapshot) {
  std::uint64_t rounds = 0;
  for (const runtime::WorkerCounts& worker : snapshot.workers) rounds += worker.busy_rounds;
  return rounds;
}

// Something that is done every `interval`.
struct Every {
  std::int64_t interval;
  std::int64_t next;
  Every(std::int64_t ns, std::int64_t now) : interval(ns), next(ns == 0 ? kNever : now + ns) {}
  bool due(std::int64_t now) {
    if (now < next) return false;
    next = std::max(next + interval, now);
    return true;
  }
};

// What the control API may want of the main thread.
struct Wishes {
  Orders orders;
  bool stop = false;
  explicit Wishes(const RunSignals& signals) : orders([&signals] { signals.wake(); }) {}
};

// Until a signal comes, somebody orders it, the time is over, or packets have stopped coming.
void watch(Switch& live, const RunOptions& options, const RunSignals& signals, Wishes& wishes, const ServiceManager& manager,
           const std::function<void()>& reload) {
  const std::int64_t begin = runtime::monotonic_ns();
  const std::int64_t end = options.length.nanoseconds == 0 ? kNever : begin + options.length.nanoseconds;
  Every statistics(options.stats.nanoseconds, begin);
  Every look(kSecond, begin);
  // Ten looks within the limit, so that a run ends not much later than it should.
  Every idle_look(options.idle_limit.nanoseconds / 10, begin);
  std::int64_t last_warning = begin - kBetweenWarnings;
  std::int64_t busy_at = begin;
  std::uint64_t rounds = 0;
  Snapshot last_statistics = live.snapshot();
  Snapshot last_look = last_statistics;
  Supervision supervision(manager, last_statistics);
  Every sign_of_life(supervision.interval(), begin);
  bool unfinished = false;
  while (true) {
    const std::int64_t go_on = unfinished ? runtime::monotonic_ns() + kMillisecond : kNever;
    const int signal = signals.wait(std::min({end, statistics.next, look.next, idle_look.next, sign_of_life.next, go_on}));
    if (signal == SIGHUP) reload();
    if (signal == SIGINT || signal == SIGTERM) return;
    wishes.orders.obey();
    if (wishes.stop) return;
    const std::int64_t now = runtime::monotonic_ns();
    if (now >= end) return;
    unfinished = live.go_on();
    const Snapshot snapshot = live.snapshot();
    if (statistics.due(now)) {
      fmt::print(stderr, "{}\n", runtime::statistics_line(last_statistics, snapshot));
      last_statistics = snapshot;
    }
    if (look.due(now)) {
      const std::vector<std::string> messages = runtime::crowded_cores(last_look, snapshot);
      if (!messages.empty() && now - last_warning >= kBetweenWarnings) {
        for (const std::string& message : messages) spdlog::warn(message);
        last_warning = now;
      }
      last_look = snapshot;
    }
    if (sign_of_life.due(now)) supervision.look(snapshot);
    if (idle_look.due(now)) {
      if (busy_rounds(snapshot) != rounds) {
        rounds = busy_rounds(snapshot);
        busy_at = now;
      } else if (now - busy_at >= options.idle_limit.nanoseconds) {
        return;
      }
    }
  }
}

int run(const RunOptions& options) {
  if (options.verbose) spdlog::set_level(spdlog::level::debug);
  int exit_code = kOk;
  std::optional<graph::Plan> plan = options.input.load(exit_code);
  if (!plan) return exit_code;

  const ServiceManager manager = ServiceManager::of_environment();
  if (!options.user.empty()) runtime::forbid_new_privileges();
  runtime::control::Program program;
  describe_program(program, options.input, options.control);
  FileReloader reloader(options.input, program.configuration);
  std::unique_ptr<Switch> live;
  std::unique_ptr<runtime::control::Server> server;
  {
    const RunSignals signals;
    Wishes wishes(signals);
    program.stop = [&wishes] { wishes.orders.give([&wishes] { wishes.stop = true; }); };
    program.change = [&wishes, &live](std::function<void(Switch&)> task) {
      wishes.orders.give([&live, task = std::move(task)] { task(*live); });
    };
    const auto reload = [&](const runtime::control::ReloadOrder& order) {
      runtime::control::Response response = reloader.reload(*live, order);
      if (server) keep_off_workers(*server, *live);
      return response;
    };
    program.reload = [&](runtime::control::ReloadOrder order, runtime::control::Reply reply) {
      wishes.orders.give([&reload, order = std::move(order), reply = std::move(reply)] { reply(reload(order)); });
    };
    program.drain = [&wishes, &live] { wishes.orders.give([&live] { live->drain(); }); };
    Problems problems;
    live = Switch::create(std::move(*plan), {options.huge_pages}, problems);
    if (live) server = open_server(*live, program, options.control, problems);
    // The control socket and the keys of TLS are root's to open, too.
    if (problems.empty() && !options.user.empty()) runtime::become_user(options.user, problems);
    if (!live || !problems.empty()) {
      show(problems);
      return kRefused;
    }
    live->start();
    if (server) {
      server->start();
      keep_off_workers(*server, *live);
    }
    spdlog::info("running {}; Ctrl-C stops", options.input.file);
    manager.ready("running " + options.input.file);
    watch(*live, options, signals, wishes, manager, [&] { reload({}); });
    manager.stopping();
    signals.let_through();
    live->stop();
    wishes.orders.obey();  // whoever still waits for an answer gets one
    // Nobody orders anything any more.
    if (server) server->stop();
  }
  const Snapshot snapshot = live->snapshot();
  fmt::print("{}", options.json ? runtime::summary_json(snapshot) : runtime::summary_text(snapshot, colour_on(STDOUT_FILENO)));
  std::fflush(stdout);
  return kOk;
}

}  // namespace

void add_run(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand("run", "Run a configuration until Ctrl-C (or SIGTERM), then show a summary");
  auto options = std::make_shared<RunOptions>();
  options->input.add_to(*verb);
  options->control.add_to(*verb);
  add_duration(*verb, "--stats", options->stats, "Write a line of statistics to stderr every so often (500ms, 1s, 5min)");
  add_duration(*verb, "--for", options->length, "Stop after that time");
  add_duration(*verb, "--until-idle", options->idle_limit, "Stop when nothing has happened for that time");
  verb->add_flag("--json", options->json, "Write the summary as JSON");
  const auto store = [options](const std::string& word) {
    options->huge_pages = word == "yes" ? HugePages::kYes : word == "no" ? HugePages::kNo : HugePages::kAuto;
  };
  verb->add_option_function<std::string>("--huge-pages", store, "Packet memory: auto takes huge pages if enough are free; yes insists")
      ->check(CLI::IsMember({"auto", "yes", "no"}))
      ->type_name("auto|yes|no");
  verb->add_option("--user", options->user, "Become this user once the devices are open, with the capabilities that opening others takes")
      ->type_name("NAME");
  verb->add_flag("-v,--verbose", options->verbose, "Log also what DPDK and its drivers say");
  verb->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace smartswitch::command
