// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// A thread on a core of its own: it polls the sources of its pipelines, runs their timers, and sleeps when there is nothing to do.
#pragma once

#include <pthread.h>
#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "elements/sdk/element.h"
#include "graph/plan.h"
#include "runtime/doorbell.h"
#include "runtime/meeting.h"

namespace smartswitch::runtime {

class Worker {
 public:
  Worker(graph::Worker spec, unsigned index, unsigned core, rte_mempool* pool);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  [[nodiscard]] const std::string& name() const { return spec_.name; }
  [[nodiscard]] unsigned core() const { return core_.load(std::memory_order_relaxed); }
  [[nodiscard]] WorkerContext& context() { return context_; }

  // Before launch(), or in a meeting.

  /// Has nothing to poll any more, and nothing that wakes it.
  void forget_sources();
  /// Is another entry of `workers:` from now on. (Its core is move_to()'s business.)
  void take_up(graph::Worker spec);
  /// Sources are polled in the order in which they were added.
  void add_source(const ElementInfo& info, Element& element);
  /// `descriptor` can be read from (poll(2)) as long as one of its sources has something to handle; it ends a sleep.
  void add_bell(int descriptor) { doorbell_.add(descriptor); }
  /// Says that all its sources have bells: it may sleep for as long as none rings.
  void rely_on_bells() { bells_for_all_ = true; }

  void launch();
  /// To another core, at once. By whoever launches and stops it.
  void move_to(unsigned core);
  /// It attends after its present round. Wakes it. It has to be launched, and not be stopped before the meeting is over.
  void call_to(Meeting& meeting);
  /// From now on only borders (Queues) are polled: what is on its way gets out, nothing new comes in. Wakes it.
  void drain();
  /// Ends the thread after its present round and waits for it. Wakes it.
  void stop();

  /// Raised once a round, when no element of this worker is at work. Whoever has unlinked something and then sees every worker's number
  /// rise twice (or the worker stopped) knows that none of them uses it any more. One that sleeps raises it when something wakes it.
  [[nodiscard]] std::uint64_t rounds() const { return rounds_.load(std::memory_order_acquire); }
  [[nodiscard]] std::uint64_t busy_rounds() const { return busy_rounds_.value(); }
  [[nodiscard]] std::uint64_t sleeps() const { return sleeps_.value(); }
  [[nodiscard]] std::uint64_t busy_cycles() const { return busy_cycles_.value(); }
  /// All others since its start, those of the sleep that it is in included.
  [[nodiscard]] std::uint64_t idle_cycles() const;
  /// When the sleep ends that it is in, unless something wakes it before (ns of CLOCK_MONOTONIC; INT64_MAX: never); 0 if it is awake.
  [[nodiscard]] std::int64_t asleep_until() const { return asleep_until_.load(std::memory_order_relaxed); }
  /// Nanoseconds that its last meeting took it, and the longest one.
  [[nodiscard]] std::uint64_t last_pause() const { return last_pause_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t longest_pause() const { return longest_pause_.load(std::memory_order_relaxed); }
  /// Nanoseconds in which it could have run but something else had its core, as the kernel counts them.
  [[nodiscard]] std::uint64_t waited_for_core() const;

 private:
  enum class Mode : std::uint8_t { kRun, kDrain, kStop };
  struct Source {
    unsigned (*poll)(Element&);
    Element* element;
    bool border;
  };
  void run();
  void loop();
  void settle_on_core();
  void give_name(pthread_t thread) const;
  void pin(pthread_t thread) const;
  void empty_packet_caches() const;
  void attend(Meeting& meeting);
  bool sleep(std::int64_t idle_since, Doorbell::Listen listen);

  graph::Worker spec_;
  std::atomic<unsigned> core_;
  WorkerContext context_;
  std::vector<Source> sources_;
  Doorbell doorbell_;
  bool bells_for_all_ = false;
  std::thread thread_;
  std::atomic<Mode> mode_{Mode::kRun};
  std::atomic<Meeting*> meeting_{nullptr};
  std::atomic<std::uint64_t> last_pause_{0};
  std::atomic<std::uint64_t> longest_pause_{0};
  std::atomic<pid_t> thread_id_{0};  // 0 while the thread does not run
  std::atomic<std::uint64_t> waited_{0};
  std::atomic<std::uint64_t> rounds_{0};
  std::atomic<std::int64_t> asleep_until_{0};
  Counter busy_rounds_;
  Counter sleeps_;
  Counter busy_cycles_;
  std::atomic<std::uint64_t> began_{0};  // by the cycle counter; 0: not yet
  std::atomic<std::uint64_t> ended_{0};
};

/// For those who do not own them.
std::vector<Worker*> pointers_to(const std::vector<std::unique_ptr<Worker>>& workers);

}  // namespace smartswitch::runtime
