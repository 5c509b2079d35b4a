// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/meeting.h"

#include <rte_cycles.h>
#include <rte_pause.h>
#include <sched.h>

namespace smartswitch::runtime {
namespace {

// Then it lets others run, who may be the very worker that it waits for.
constexpr unsigned kSpins = 2000;
constexpr unsigned kLookEveryUs = 20;

}  // namespace

Meeting::Meeting(unsigned workers, std::function<void()> task) : workers_(workers), task_(std::move(task)) {}

void Meeting::attend() {
  if (came_.fetch_add(1, std::memory_order_acq_rel) + 1 == workers_) {
    task_();
    over_.store(true, std::memory_order_release);
  }
  for (unsigned spins = 0; !over_.load(std::memory_order_acquire); ++spins) {
    if (spins < kSpins) {
      rte_pause();
    } else {
      sched_yield();
    }
  }
  left_.fetch_add(1, std::memory_order_release);
}

void Meeting::await_end() const {
  while (left_.load(std::memory_order_acquire) != workers_) rte_delay_us_sleep(kLookEveryUs);
}

}  // namespace smartswitch::runtime
