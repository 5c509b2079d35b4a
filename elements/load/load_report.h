// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "elements/load/answer_judge.h"
#include "elements/load/latency_histogram.h"
#include "elements/sdk/counter.h"
#include "elements/sdk/describe.h"
#include "elements/sdk/load_results.h"
#include "elements/sdk/state.h"

namespace smartswitch {

/// What one LoadClient measures, and for how long. Written by that client's worker only; any thread may read.
class LoadReport final : public State, public LoadResults {
 public:
  static constexpr std::string_view kClass = "LoadReport";
  static void describe(Describe<LoadReport>& d);

  [[nodiscard]] LoadPhase phase() const override { return phase_.load(std::memory_order_acquire); }
  [[nodiscard]] LoadFigures figures() const override;
  [[nodiscard]] std::string histogram_log() const override;
  void end_early() override { end_asked_.store(true, std::memory_order_relaxed); }

  // ---- for the client

  /// False if another client has it already.
  bool claim() { return !claimed_.exchange(true); }
  [[nodiscard]] Duration warm_up() const { return warm_up_; }
  [[nodiscard]] Duration length() const { return length_; }
  /// As many requests are counted as are to be.
  [[nodiscard]] bool enough() const { return requests_limit_ != 0 && requests.value() >= requests_limit_; }
  [[nodiscard]] bool end_asked() const { return end_asked_.load(std::memory_order_relaxed); }
  void set_fill(std::uint64_t keys) { to_fill_ = keys; }
  /// `now` is of CLOCK_MONOTONIC. Called on the worker's thread: its CPU time is read when measuring begins and when sending ends.
  void enter(LoadPhase phase, std::int64_t now);
  void answered_at(std::int64_t now) { last_answer_.store(now, std::memory_order_relaxed); }
  /// A request that has been sent, and is to be counted; `with_lateness`: how late it was, too.
  void count_request(const load::UnderWay& request, bool with_lateness) {
    requests.add();
    if (with_lateness) lateness.record(request.sent - request.due);
  }
  /// Any answer to a request, `now` (of CLOCK_MONOTONIC).
  void count_answer(const load::UnderWay& request, load::Verdict verdict, std::int64_t now);
  void give_up() { gave_up_.store(true, std::memory_order_relaxed); }
  /// Keeps the first few.
  void complain(std::string text);

  Counter filled;
  Counter answers_ever;
  Counter requests;
  Counter unsent;
  Counter answers;
  Counter wrong;
  Counter errors;
  Counter lost;
  Counter late;
  Counter unexpected;
  Counter hits;
  Counter misses;
  Counter stored;
  load::LatencyHistogram gets;
  load::LatencyHistogram sets;
  load::LatencyHistogram lateness;

 private:
  [[nodiscard]] double progress(LoadPhase phase, std::int64_t now) const;

  Duration warm_up_{1'000'000'000};
  Duration length_{10'000'000'000};
  std::uint64_t requests_limit_ = 0;

  std::atomic<std::uint64_t> to_fill_{0};
  std::atomic<bool> claimed_{false};
  std::atomic<bool> end_asked_{false};
  std::atomic<bool> gave_up_{false};
  std::atomic<LoadPhase> phase_{LoadPhase::kStarting};
  std::atomic<std::int64_t> phase_began_{0};
  std::atomic<std::int64_t> measuring_began_{0};
  std::atomic<std::int64_t> wall_clock_{0};  // when measuring began, ns since 1970
  std::atomic<std::int64_t> sending_ended_{0};
  std::atomic<std::int64_t> last_answer_{0};
  std::atomic<std::int64_t> cpu_began_{0};
  std::atomic<std::int64_t> cpu_ended_{0};
  mutable std::mutex mutex_;
  std::vector<std::string> complaints_;  // under mutex_
};

inline void LoadReport::count_answer(const load::UnderWay& request, load::Verdict verdict, std::int64_t now) {
  answers_ever.add();
  if (verdict == load::Verdict::kWrong) wrong.add();
  if (!request.counted) return;
  answers.add();
  answered_at(now);
  (request.set ? sets : gets).record(now - request.due);
  switch (verdict) {
    case load::Verdict::kHit:
      hits.add();
      break;
    case load::Verdict::kMiss:
      misses.add();
      break;
    case load::Verdict::kStored:
      stored.add();
      break;
    case load::Verdict::kError:
      errors.add();
      break;
    case load::Verdict::kWrong:
      break;
  }
}

}  // namespace smartswitch
