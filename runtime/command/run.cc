// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fmt/format.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>

#include "runtime/clock.h"
#include "runtime/command/command.h"
#include "runtime/summary.h"
#include "runtime/switch.h"

namespace smartswitch::command {
namespace {

using runtime::HugePages;
using runtime::Snapshot;
using runtime::Switch;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kNever = INT64_MAX;
// Whoever is crowded for long need not be told each second.
constexpr std::int64_t kBetweenWarnings = 30 * kSecond;

struct RunOptions {
  FileOptions input;
  Duration stats;       // 0: no statistics
  Duration length;      // 0: until a signal
  Duration idle_limit;  // 0: no limit
  HugePages huge_pages = HugePages::kAuto;
  bool json = false;
  bool verbose = false;
};

// The signals that end a run. They are blocked from before DPDK starts, so that all threads inherit that, and taken here one by one.
class EndSignals {
 public:
  EndSignals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  }
  /// A second signal, while the switch is stopping, ends the program at once.
  ~EndSignals() { pthread_sigmask(SIG_UNBLOCK, &set_, nullptr); }
  EndSignals(const EndSignals&) = delete;
  EndSignals& operator=(const EndSignals&) = delete;
  /// True if one came before `until`.
  [[nodiscard]] bool wait(std::int64_t until) const {
    const std::int64_t left = std::max<std::int64_t>(0, until - runtime::monotonic_ns());
    const timespec patience = {.tv_sec = left / kSecond, .tv_nsec = left % kSecond};
    return sigtimedwait(&set_, nullptr, &patience) > 0;
  }

 private:
  sigset_t set_;
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

// Until a signal comes, the time is over, or packets have stopped coming.
void watch(const Switch& live, const RunOptions& options, const EndSignals& signals) {
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
  while (true) {
    if (signals.wait(std::min({end, statistics.next, look.next, idle_look.next}))) return;
    const std::int64_t now = runtime::monotonic_ns();
    if (now >= end) return;
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

  std::unique_ptr<Switch> live;
  {
    const EndSignals signals;
    Problems problems;
    live = Switch::create(std::move(*plan), {options.huge_pages}, problems);
    if (!live) {
      show(problems);
      return kRefused;
    }
    live->start();
    spdlog::info("running {}; Ctrl-C stops", options.input.file);
    watch(*live, options, signals);
  }
  live->stop();
  const Snapshot snapshot = live->snapshot();
  fmt::print("{}", options.json ? runtime::summary_json(snapshot) : runtime::summary_text(snapshot, colour_on(STDOUT_FILENO)));
  std::fflush(stdout);
  return kOk;
}

// Adds an option that is a duration.
void add_duration(CLI::App& verb, const std::string& name, Duration& target, const std::string& help) {
  const auto store = [name, &target](const std::string& word) {
    const std::optional<Duration> duration = parse_duration(word);
    if (!duration || duration->nanoseconds < 1'000'000) {
      throw CLI::ValidationError(name, fmt::format("`{}` is not a duration of 1ms or more, such as 500ms, 1s or 5min", word));
    }
    target = *duration;
  };
  verb.add_option_function<std::string>(name, store, help)->type_name("DURATION");
}

}  // namespace

void add_run(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand("run", "Run a configuration until Ctrl-C (or SIGTERM), then show a summary");
  auto options = std::make_shared<RunOptions>();
  options->input.add_to(*verb);
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
  verb->add_flag("-v,--verbose", options->verbose, "Log also what DPDK and its drivers say");
  verb->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace smartswitch::command
