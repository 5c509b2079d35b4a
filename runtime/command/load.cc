// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "runtime/clock.h"
#include "runtime/command/command.h"
#include "runtime/command/load_output.h"
#include "runtime/command/load_settings.h"
#include "runtime/command/run_signals.h"
#include "runtime/switch.h"

namespace smartswitch::command {
namespace {

using runtime::Switch;

constexpr std::int64_t kLook = 20'000'000;
constexpr std::int64_t kBetweenBars = 100'000'000;

struct LoadOptions {
  LoadSettings settings;
  std::string log_file;
  bool json = false;
  bool verbose = false;
};

// A line on a terminal that is written over and over.
class ProgressBar {
 public:
  explicit ProgressBar(bool on) : on_(on) {}
  ~ProgressBar() {
    if (shown_) std::fputs("\r\033[K", stderr);
  }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void look(const LoadResults& results, std::int64_t now) {
    if (!on_ || now - last_ < kBetweenBars) return;
    const LoadFigures figures = results.figures();
    const double rate = last_ == 0 ? 0 : static_cast<double>(figures.answers_ever - answers_) * 1e9 / static_cast<double>(now - last_);
    fmt::print(stderr, "\r{}\033[K", load_bar(figures, rate));
    std::fflush(stderr);
    answers_ = figures.answers_ever;
    last_ = now;
    shown_ = true;
  }

 private:
  bool on_;
  bool shown_ = false;
  std::int64_t last_ = 0;
  std::uint64_t answers_ = 0;
};

// How much of the time while requests were sent the worker was at work, where it never waits in the kernel.
class BusyShare {
 public:
  void look(const Switch& live, LoadPhase phase) {
    if (phase != LoadPhase::kMeasuring) return;
    last_ = live.snapshot().workers.at(0);
    if (!began_) first_ = last_;
    began_ = true;
  }
  [[nodiscard]] double value() const {
    const double busy = last_.busy_seconds - first_.busy_seconds;
    const double all = busy + last_.idle_seconds - first_.idle_seconds;
    return all > 0 ? busy / all : 0;
  }

 private:
  bool began_ = false;
  runtime::WorkerCounts first_;
  runtime::WorkerCounts last_;
};

// Until it is done. The first signal ends it early, with what has been measured; a second one ends the program.
void watch(const Switch& live, LoadResults& results, BusyShare& busy, std::optional<RunSignals>& signals) {
  ProgressBar bar(isatty(STDERR_FILENO) == 1);
  while (results.phase() != LoadPhase::kDone) {
    if (signals) {
      if (signals->wait(runtime::monotonic_ns() + kLook)) {
        results.end_early();
        signals.reset();
      }
    } else {
      usleep(kLook / 1000);
    }
    busy.look(live, results.phase());
    bar.look(results, runtime::monotonic_ns());
  }
}

bool write_log(const std::string& file, const LoadResults& results) {
  std::ofstream out(file);
  out << results.histogram_log();
  out.close();
  if (out) return true;
  Problems problems;
  problems.add({}, fmt::format("`{}` cannot be written", file), "look at the folder and the disk");
  show(problems);
  return false;
}

// What went wrong besides wrong answers, and what to do; nothing if all is well.
std::optional<Problem> trouble(const LoadSettings& settings, const LoadFigures& figures) {
  const bool unfilled = settings.fill && figures.filled < settings.keys;
  if (!unfilled && (settings.length.nanoseconds == 0 || figures.answers > 0)) return std::nullopt;
  if (figures.answers_ever == 0) {
    return Problem{{},
                   fmt::format("`{}` does not answer", settings.server),
                   settings.device.empty()
                       ? "see that the server runs, and that memcached was started with `-U 11211` for UDP"
                       : "see that the server runs, that somebody on that link has the address, and that no kernel has ours"};
  }
  if (!unfilled) return Problem{{}, fmt::format("`{}` has stopped answering", settings.server), "see whether it still runs"};
  return Problem{{},
                 fmt::format("{} of {} keys could be stored", figures.filled, settings.keys),
                 figures.gave_up ? "the server has stopped answering: see whether it still runs"
                                 : "the server refused the others: see whether it has memory for them, and takes values of that size"};
}

int load(const LoadOptions& options) {
  if (const std::string fault = options.settings.fault(); !fault.empty()) throw CLI::ValidationError(fault);
  spdlog::set_level(options.verbose ? spdlog::level::debug : spdlog::level::warn);
  graph::Loaded loaded = graph::load_text(options.settings.yaml(), "smartswitch load", {{}, false, false});
  if (!loaded.plan) {
    for (const graph::Diagnostic& diagnostic : loaded.diagnostics)
      fmt::print(stderr, "{}\n", graph::render(diagnostic, colour_on(STDERR_FILENO)));
    return kBadUsage;
  }
  std::optional<RunSignals> signals(std::in_place);
  Problems problems;
  const std::unique_ptr<Switch> live = Switch::create(*std::move(loaded.plan), {}, problems);
  if (!live) {
    show(problems);
    return kRefused;
  }
  auto& results = dynamic_cast<LoadResults&>(*live->state(kReportName));
  BusyShare busy;
  live->start();
  watch(*live, results, busy, signals);
  live->stop();
  LoadOutcome outcome{results.figures(), busy.value()};
  const bool waits = options.settings.device.empty() && !options.settings.spin;
  const double sending = outcome.figures.sending_seconds;
  if (waits) outcome.busy_share = sending > 0 ? outcome.figures.cpu_seconds / sending : 0;
  fmt::print("{}", options.json ? load_json(options.settings, outcome) : load_text(options.settings, outcome));
  std::fflush(stdout);
  if (!options.log_file.empty() && !write_log(options.log_file, results)) return kRefused;
  if (outcome.figures.wrong > 0) return kBadConfiguration;
  if (!signals) return kOk;  // somebody did not want to wait for the end
  const std::optional<Problem> found = trouble(options.settings, outcome.figures);
  if (!found) return kOk;
  problems.add(found->where, found->message, found->hint);
  show(problems);
  return kRefused;
}

}  // namespace

void add_load(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand("load", "Ask memcached as many clients do; measure and check the answers");
  verb->footer(
      "Without --rate each client keeps --window requests under way. With --rate requests leave at times fixed beforehand, and latency "
      "counts\n"
      "from these. Values follow from key, version and size, so that each answer is checked byte for byte; the exit code is 1 if one was\n"
      "wrong, and 3 if nothing answers. Ctrl-C ends it early, with what has been measured.");
  auto options = std::make_shared<LoadOptions>();
  options->settings.add_to(*verb);
  verb->add_flag("--json", options->json, "Write the results as JSON");
  verb->add_option("--hdr", options->log_file, "Write all latencies to a log for HdrHistogram's tools")->type_name("FILE");
  verb->add_flag("-v,--verbose", options->verbose, "Log also what DPDK and its drivers say");
  verb->callback([options, &exit_code] { exit_code = load(*options); });
}

}  // namespace smartswitch::command
