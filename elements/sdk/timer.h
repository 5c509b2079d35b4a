// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Timers of one worker: called between batches, on the worker's own thread, never early, late by at most one round of its loop.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace smartswitch {

class TimerQueue;

/// Embedded in whatever it wakes. Cancels itself when destroyed, so it can never call into a dead owner.
class Timer {
 public:
  Timer() = default;
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  /// Says what to call: `timer.bind<&MyElement::on_tick>(this)`. The owner must outlive the timer.
  template <auto Method, class Owner>
  void bind(Owner* owner) {
    owner_ = owner;
    call_ = [](void* o) { (static_cast<Owner*>(o)->*Method)(); };
  }
  [[nodiscard]] bool scheduled() const { return queue_ != nullptr; }
  void cancel();

 private:
  friend class TimerQueue;
  TimerQueue* queue_ = nullptr;
  std::size_t slot_ = 0;
  std::int64_t due_ = 0;
  const void* holder_ = nullptr;
  void* owner_ = nullptr;
  void (*call_)(void*) = nullptr;
};

/// A binary heap of timers: O(log n) to schedule, cancel and fire; nothing is allocated once the heap has grown.
class TimerQueue {
 public:
  TimerQueue() = default;
  ~TimerQueue();
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;

  /// Calls `timer` once, at `due` (ns) or soon after; one that is scheduled already moves to the new time. `holder` is for cancel_all_of().
  void schedule(Timer& timer, std::int64_t due, const void* holder = nullptr);
  void cancel(Timer& timer);
  /// Those that were scheduled for this holder. Takes time with the number of all.
  void cancel_all_of(const void* holder);
  /// Takes all timers of `other`, with their times.
  void adopt(TimerQueue& other);
  /// Fires all that are due, in order. A callback may schedule and cancel; a timer for no later time than that of the one that rings waits
  /// for a later call, so that one which is always due again stops nobody. Returns how many fired.
  unsigned advance(std::int64_t now);
  /// When the next one is due, or INT64_MAX.
  [[nodiscard]] std::int64_t next_due() const { return heap_.empty() ? INT64_MAX : heap_.front()->due_; }

 private:
  void place(std::size_t slot, Timer* timer);
  void sift_up(std::size_t slot);
  void sift_down(std::size_t slot);
  std::vector<Timer*> heap_;
  std::int64_t ringing_ = INT64_MIN;  // when the one that rings was due
  std::int64_t next_round_ = 0;
};

inline Timer::~Timer() { cancel(); }
inline void Timer::cancel() {
  if (queue_ != nullptr) queue_->cancel(*this);
}

}  // namespace smartswitch
