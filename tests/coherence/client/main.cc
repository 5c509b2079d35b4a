// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

#include "tests/coherence/client/processes.h"
#include "tests/coherence/linearizability.h"

namespace {

using namespace coherence;

struct Settings {
  Options options;
  Model model;
  std::uint64_t operations = 100'000;
  std::uint64_t round = 200'000;
  std::vector<std::string> flush;
  std::int64_t flush_every = 0;
};

struct Totals {
  std::array<std::uint64_t, kKinds> kinds{};
  std::array<std::uint64_t, 4> forms{};
  std::uint64_t quiet = 0;
  std::uint64_t operations = 0;
  std::uint64_t hits = 0;
  std::uint64_t rounds = 0;
  std::uint64_t before_violation = 0;
  double asking = 0;
  double judging = 0;
  Counts counts;
  Report report;
};

double seconds(std::int64_t from) { return static_cast<double>(clock_now() - from) / 1e9; }

/// Sends flush_all at intervals while it lives.
class Flusher {
 public:
  explicit Flusher(const Settings& settings) : settings_(settings) {
    if (settings.flush_every > 0) thread_ = std::thread([this] { work(); });
  }
  ~Flusher() { stop(); }
  Flusher(const Flusher&) = delete;
  Flusher& operator=(const Flusher&) = delete;

  History stop() {
    {
      const std::lock_guard hold(mutex_);
      over_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable()) thread_.join();
    return std::move(history_);
  }

 private:
  void work() {
    std::unique_lock hold(mutex_);
    while (!changed_.wait_for(hold, std::chrono::nanoseconds(settings_.flush_every), [this] { return over_; })) {
      hold.unlock();
      history_.push_back(flush(settings_.options, settings_.flush));
      hold.lock();
    }
  }

  const Settings& settings_;
  History history_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;
  std::thread thread_;
};

/// All threads ask about the keys of one round; what they wrote down is put together.
History ask(const Settings& settings, std::vector<std::unique_ptr<Processes>>& threads, std::uint64_t round, std::uint64_t operations) {
  std::vector<History> parts(threads.size() + 1);
  Flusher flusher(settings);
  std::vector<std::thread> running;
  for (std::size_t i = 0; i < threads.size(); ++i) {
    const std::uint64_t share = operations / threads.size() + (i < operations % threads.size() ? 1 : 0);
    running.emplace_back([&parts, &threads, i, round, share] { parts[i] = threads[i]->run(round, share); });
  }
  for (std::thread& t : running) t.join();
  parts.back() = flusher.stop();
  History all;
  for (History& part : parts) std::ranges::move(part, std::back_inserter(all));
  return all;
}

void count(const History& history, Totals& totals) {
  totals.operations += history.size();
  for (const Operation& o : history) {
    ++totals.kinds[static_cast<std::size_t>(o.kind)];
    ++totals.forms[static_cast<std::size_t>(o.form)];
    if (o.quiet) ++totals.quiet;
    if (reads_value(o.kind) && o.outcome == Outcome::kOk) ++totals.hits;
  }
}

Totals run(const Settings& settings) {
  std::vector<std::unique_ptr<Processes>> threads;
  for (unsigned i = 0; i < settings.options.threads; ++i) threads.push_back(std::make_unique<Processes>(settings.options, i));
  Totals totals;
  while (totals.operations < settings.operations && totals.report.verdict == Verdict::kLinearizable) {
    const std::int64_t start = clock_now();
    // Keys that no run has used before: each starts without an item.
    const std::uint64_t round = static_cast<std::uint64_t>(start) / 1000;
    const History history = ask(settings, threads, round, std::min(settings.round, settings.operations - totals.operations));
    totals.asking += seconds(start);
    const std::int64_t judging = clock_now();
    const std::size_t most = totals.report.most_configurations;
    totals.report = check(history, settings.model, settings.options.threads);
    totals.report.most_configurations = std::max(most, totals.report.most_configurations);
    totals.judging += seconds(judging);
    if (totals.report.verdict == Verdict::kViolation) {
      totals.before_violation = totals.operations + static_cast<std::uint64_t>(std::ranges::count_if(history, [&](const Operation& o) {
                                  return o.outcome != Outcome::kUnknown && o.completed <= totals.report.violated_at;
                                }));
    }
    count(history, totals);
    ++totals.rounds;
  }
  for (const auto& t : threads) {
    totals.counts.unanswered += t->counts().unanswered;
    totals.counts.unexpected += t->counts().unexpected;
    totals.counts.late += t->counts().late;
    totals.counts.twice += t->counts().twice;
    totals.counts.several += t->counts().several;
  }
  return totals;
}

void print(const Totals& totals) {
  const Counts& counts = totals.counts;
  constexpr std::array<std::string_view, 3> kVerdicts{"linearizable", "violation", "undecided"};
  fmt::print(
      "{{\"operations\": {}, \"unanswered\": {}, \"unexpected\": {}, \"late\": {}, \"twice\": {}, \"values_seen\": {}, \"rounds\": {}",
      totals.operations, counts.unanswered, counts.unexpected, counts.late, counts.twice, totals.hits, totals.rounds);
  for (std::size_t i = 0; i < kKinds; ++i) fmt::print(", \"{}\": {}", name_of(static_cast<Kind>(i)), totals.kinds[i]);
  const auto form = [&totals](Form f) { return totals.forms[static_cast<std::size_t>(f)]; };
  fmt::print(", \"meta\": {}, \"binary\": {}, \"noreply\": {}, \"several\": {}", form(Form::kMeta) + form(Form::kMetaBase64),
             form(Form::kBinary), totals.quiet, counts.several);
  fmt::print(", \"operations_per_second\": {:.0f}, \"seconds_of_judging\": {:.1f}, \"most_configurations\": {}",
             static_cast<double>(totals.operations) / totals.asking, totals.judging, totals.report.most_configurations);
  fmt::print(", \"verdict\": \"{}\", \"operations_before_violation\": {}}}\n", kVerdicts[static_cast<std::size_t>(totals.report.verdict)],
             totals.before_violation);
  fmt::print(stderr, "{}", totals.report.explanation);
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  Options& options = settings.options;
  unsigned timeout_ms = 500;
  unsigned unknown_ms = 3000;
  unsigned repeats_ms = 0;
  unsigned flush_ms = 0;

  CLI::App app(
      "Many processes read and write the same few keys of memcached over UDP; then it is judged whether each key behaved as if there was\n"
      "one copy of it. Prints one line of JSON, and on stderr the operations around a violation.\n"
      "Exit code: 0 linearizable, 1 a violation, undecided, or an answer that memcached never gives, 2 it could not start.");
  app.option_defaults()->always_capture_default();
  app.add_option("--server", options.server, "IPv4 address")->required();
  app.add_option("--port", options.port, "UDP port");
  app.add_option("--operations", settings.operations, "how many to ask for");
  app.add_option("--round", settings.round, "of these, how many at a time; each round is judged by itself and has keys of its own")
      ->check(CLI::Range(1, 10'000'000));
  app.add_option("--threads", options.threads, "threads, for asking and for judging")->check(CLI::Range(1, 64));
  app.add_option("--processes", options.processes, "of each thread; each has one request under way")->check(CLI::Range(1, 4096));
  app.add_option("--keys", options.keys, "how many keys there are")->check(CLI::Range(1, 100'000));
  app.add_option("--writes", options.writes, "part of the operations that may write")->check(CLI::Range(0.0, 0.4));
  app.add_option("--quiet", options.quiet, "part of the writes that want no answer; their order is hard to find out")
      ->check(CLI::Range(0.0, 0.1));
  app.add_flag("--only-plain", options.only_plain,
               "no append, prepend, incr and decr: their order is hard to find out if requests are doubled");
  app.add_flag("--mortal", options.mortal, "store every fourth key with expiry times, and touch it");
  app.add_option("--flush", settings.flush, "send flush_all to these addresses, of all servers");
  app.add_option("--flush-ms", flush_ms, "so often");
  app.add_option("--timeout-ms", timeout_ms, "a request without an answer after this has an unknown outcome")->check(CLI::Range(1, 60000));
  app.add_option("--unknown-ms", unknown_ms, "such a request takes effect no later than this after it was sent, or never")
      ->check(CLI::Range(1, 600'000));
  app.add_option("--repeats-ms", repeats_ms,
                 "the network doubles requests: the second copy takes effect no later than this; 0: it doesn't");
  app.add_flag("--forgets", settings.model.forgets, "servers are restarted: items may vanish");
  app.add_option("--most-configurations", settings.model.most_configurations, "beyond this a history is undecided");
  app.add_option("--seed", options.seed, "of what is asked");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  constexpr std::int64_t kMillisecond = 1'000'000;
  options.timeout = timeout_ms * kMillisecond;
  options.lifetime = unknown_ms * kMillisecond;
  settings.model.unknown_lasts = unknown_ms * kMillisecond;
  settings.model.repeats_within = repeats_ms * kMillisecond;
  settings.flush_every = settings.flush.empty() ? 0 : flush_ms * kMillisecond;

  try {
    const Totals totals = run(settings);
    print(totals);
    return totals.report.verdict == Verdict::kLinearizable && totals.counts.unexpected == 0 ? 0 : 1;
  } catch (const std::system_error& e) {
    fmt::print(stderr, "coherence_client: {}\n", e.what());
    return 2;
  }
}
