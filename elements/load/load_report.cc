// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/load/load_report.h"

#include <algorithm>

#include "elements/load/clock.h"
#include "elements/load/histogram_log.h"
#include "elements/load/latency_figures.h"
#include "elements/sdk/registry.h"

namespace smartswitch {
namespace {

constexpr std::size_t kMostComplaints = 8;

double share_of(double part, double whole) { return whole <= 0 ? 1 : std::clamp(part / whole, 0.0, 1.0); }

double seconds_of(std::int64_t ns) { return static_cast<double>(ns) / 1e9; }

}  // namespace

void LoadReport::describe(Describe<LoadReport>& d) {
  d.summary("What a LoadClient measures, and for how long.");
  d.details(
      "First, if the client fills the servers, that is done; then requests are sent for `warm_up` and not counted; then they are counted "
      "for "
      "`length`, or until there are `requests`. Answers to these are waited for, at most for the client's `timeout`. An answer is counted "
      "with its request, whenever it comes. Each LoadClient has a LoadReport of its own.");
  d.example("report: {class: LoadReport, warm_up: 1s, length: 10s}");
  d.parameter("warm_up", &LoadReport::warm_up_, "time of sending that is not counted");
  d.parameter("length", &LoadReport::length_, "time of measuring; 0: the client only fills the servers");
  d.parameter("requests", &LoadReport::requests_limit_, "ends measuring after that many requests; 0: time alone does");
  d.counter("filled", &LoadReport::filled, "keys stored before anything was measured");
  d.counter("requests", &LoadReport::requests, "requests that are counted");
  d.counter("unsent", &LoadReport::unsent, "requests that were due before the end, but not sent by then");
  d.counter("answers", &LoadReport::answers, "answers to those that are counted");
  d.counter("hits", &LoadReport::hits, "gets answered with a value");
  d.counter("misses", &LoadReport::misses, "gets answered without one");
  d.counter("stored", &LoadReport::stored, "sets done");
  d.counter("errors", &LoadReport::errors, "answers that are an error of the server's");
  d.counter("lost", &LoadReport::lost, "requests without an answer in time");
  d.counter("wrong", &LoadReport::wrong,
            "answers, at any time, that must not be: no value of that key, or of a version that it cannot have");
  d.counter("late", &LoadReport::late, "answers, at any time, to requests that had been given up, and second answers");
  d.counter("unexpected", &LoadReport::unexpected, "packets, at any time, that answer nothing");
}

void LoadReport::enter(LoadPhase phase, std::int64_t now) {
  phase_began_.store(now, std::memory_order_relaxed);
  if (phase == LoadPhase::kMeasuring) {
    measuring_began_.store(now, std::memory_order_relaxed);
    wall_clock_.store(load::read_clock(CLOCK_REALTIME), std::memory_order_relaxed);
    cpu_began_.store(load::read_clock(CLOCK_THREAD_CPUTIME_ID), std::memory_order_relaxed);
  }
  if (phase == LoadPhase::kDraining) {
    sending_ended_.store(now, std::memory_order_relaxed);
    cpu_ended_.store(load::read_clock(CLOCK_THREAD_CPUTIME_ID), std::memory_order_relaxed);
  }
  phase_.store(phase, std::memory_order_release);
}

void LoadReport::complain(std::string text) {
  const std::lock_guard lock(mutex_);
  if (complaints_.size() < kMostComplaints) complaints_.push_back(std::move(text));
}

double LoadReport::progress(LoadPhase phase, std::int64_t now) const {
  const auto since = static_cast<double>(now - phase_began_.load(std::memory_order_relaxed));
  switch (phase) {
    case LoadPhase::kStarting:
      return 0;
    case LoadPhase::kFilling:
      return share_of(static_cast<double>(filled.value()), static_cast<double>(to_fill_.load()));
    case LoadPhase::kWarmingUp:
      return share_of(since, static_cast<double>(warm_up_.nanoseconds));
    case LoadPhase::kMeasuring:
      return std::max(share_of(since, static_cast<double>(length_.nanoseconds)),
                      requests_limit_ == 0 ? 0 : share_of(static_cast<double>(requests.value()), static_cast<double>(requests_limit_)));
    default:
      return 1;
  }
}

LoadFigures LoadReport::figures() const {
  LoadFigures f;
  const std::int64_t now = load::clock_now();
  f.phase = phase();
  f.progress = progress(f.phase, now);
  f.answers_ever = answers_ever.value();
  f.gave_up = gave_up_.load(std::memory_order_relaxed);
  f.filled = filled.value();
  f.requests = requests.value();
  f.unsent = unsent.value();
  f.answers = answers.value();
  f.wrong = wrong.value();
  f.errors = errors.value();
  f.lost = lost.value();
  f.late = late.value();
  f.unexpected = unexpected.value();
  f.hits = hits.value();
  f.misses = misses.value();
  f.stored = stored.value();
  if (const std::int64_t began = measuring_began_.load(std::memory_order_relaxed); began != 0) {
    const std::int64_t ended = sending_ended_.load(std::memory_order_relaxed);
    const std::int64_t sent_until = ended == 0 ? now : ended;
    f.sending_seconds = seconds_of(sent_until - began);
    f.seconds = seconds_of(std::max(sent_until, last_answer_.load(std::memory_order_relaxed)) - began);
    if (ended != 0) f.cpu_seconds = seconds_of(cpu_ended_.load(std::memory_order_relaxed) - cpu_began_.load(std::memory_order_relaxed));
  }
  f.all = load::figures_of({&gets, &sets});
  f.gets = load::figures_of({&gets});
  f.sets = load::figures_of({&sets});
  f.lateness = load::figures_of({&lateness});
  const std::lock_guard lock(mutex_);
  f.complaints = complaints_;
  return f;
}

std::string LoadReport::histogram_log() const {
  const std::int64_t began = measuring_began_.load(std::memory_order_relaxed);
  const double seconds =
      seconds_of(std::max(sending_ended_.load(std::memory_order_relaxed), last_answer_.load(std::memory_order_relaxed)) - began);
  return load::histogram_log(seconds_of(wall_clock_.load(std::memory_order_relaxed)), seconds, {{"get", &gets}, {"set", &sets}});
}

SMARTSWITCH_STATE(LoadReport)

}  // namespace smartswitch
