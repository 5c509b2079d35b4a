// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/sdk/timer.h"

#include <algorithm>
#include <iterator>

namespace smartswitch {

TimerQueue::~TimerQueue() {
  for (Timer* timer : heap_) timer->queue_ = nullptr;
}

void TimerQueue::place(std::size_t slot, Timer* timer) {
  heap_[slot] = timer;
  timer->slot_ = slot;
}

void TimerQueue::sift_up(std::size_t slot) {
  Timer* timer = heap_[slot];
  while (slot > 0) {
    const std::size_t parent = (slot - 1) / 2;
    if (heap_[parent]->due_ <= timer->due_) break;
    place(slot, heap_[parent]);
    slot = parent;
  }
  place(slot, timer);
}

void TimerQueue::sift_down(std::size_t slot) {
  Timer* timer = heap_[slot];
  for (;;) {
    std::size_t child = 2 * slot + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1]->due_ < heap_[child]->due_) ++child;
    if (timer->due_ <= heap_[child]->due_) break;
    place(slot, heap_[child]);
    slot = child;
  }
  place(slot, timer);
}

void TimerQueue::schedule(Timer& timer, std::int64_t due, const void* holder) {
  timer.cancel();
  timer.queue_ = this;
  timer.holder_ = holder;
  timer.due_ = due > ringing_ ? due : next_round_;
  heap_.push_back(&timer);
  sift_up(heap_.size() - 1);
}

void TimerQueue::cancel(Timer& timer) {
  const std::size_t slot = timer.slot_;
  Timer* last = heap_.back();
  heap_.pop_back();
  timer.queue_ = nullptr;
  if (last == &timer) return;
  place(slot, last);
  sift_up(slot);
  sift_down(last->slot_);
}

void TimerQueue::cancel_all_of(const void* holder) {
  std::vector<Timer*> its;
  std::copy_if(heap_.begin(), heap_.end(), std::back_inserter(its), [holder](const Timer* timer) { return timer->holder_ == holder; });
  for (Timer* timer : its) cancel(*timer);
}

void TimerQueue::adopt(TimerQueue& other) {
  while (!other.heap_.empty()) {
    Timer& timer = *other.heap_.back();
    schedule(timer, timer.due_, timer.holder_);
  }
}

unsigned TimerQueue::advance(std::int64_t now) {
  unsigned fired = 0;
  next_round_ = now + 1;
  while (!heap_.empty() && heap_.front()->due_ <= now) {
    Timer* timer = heap_.front();
    cancel(*timer);
    ringing_ = timer->due_;
    ++fired;
    timer->call_(timer->owner_);
  }
  ringing_ = INT64_MIN;
  return fired;
}

}  // namespace smartswitch
