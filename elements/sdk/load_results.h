// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace smartswitch {

/// Of the latencies of some requests; in microseconds, all 0 if there are none.
struct LatencyFigures {
  std::uint64_t count = 0;
  double min = 0;
  double mean = 0;
  double stddev = 0;
  double p50 = 0;
  double p90 = 0;
  double p99 = 0;
  double p999 = 0;
  double p9999 = 0;
  double max = 0;
};

enum class LoadPhase : std::uint8_t { kStarting, kFilling, kWarmingUp, kMeasuring, kDraining, kDone };

/// What a load generator has found out so far. Counts are of requests that were sent, or due, while measuring, and of their answers.
struct LoadFigures {
  LoadPhase phase = LoadPhase::kStarting;
  double progress = 0;             ///< of the phase: 0 to 1
  std::uint64_t answers_ever = 0;  ///< in all phases
  bool gave_up = false;            ///< filling was given up: no more answers came
  std::uint64_t filled = 0;
  std::uint64_t requests = 0;
  std::uint64_t unsent = 0;  ///< were due before the end, and not sent by then
  std::uint64_t answers = 0;
  std::uint64_t wrong = 0;   ///< answers that must not be, in any phase
  std::uint64_t errors = 0;  ///< answers that are an error of the server's
  std::uint64_t lost = 0;
  std::uint64_t late = 0;        ///< answers that came after their request was given up
  std::uint64_t unexpected = 0;  ///< packets that answer nothing
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t stored = 0;
  double seconds = 0;          ///< of measuring, until the last answer
  double sending_seconds = 0;  ///< of these, those in which requests were sent
  double cpu_seconds = 0;      ///< of the worker's thread, while sending
  LatencyFigures all;
  LatencyFigures gets;
  LatencyFigures sets;
  LatencyFigures lateness;              ///< how long after they were due requests were sent
  std::vector<std::string> complaints;  ///< the first wrong answers
};

/// A state object that measures what an application answers. `smartswitch load` asks one that derives from this as well as from State.
/// Any thread.
class LoadResults {
 public:
  virtual ~LoadResults() = default;
  [[nodiscard]] virtual LoadPhase phase() const = 0;
  [[nodiscard]] virtual LoadFigures figures() const = 0;
  /// All latencies, as a log that HdrHistogram's tools read.
  [[nodiscard]] virtual std::string histogram_log() const = 0;
  /// Ends measuring early: what is under way is waited for.
  virtual void end_early() = 0;
};

}  // namespace smartswitch
