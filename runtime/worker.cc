// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/worker.h"

#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mempool.h>
#include <rte_pause.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include "runtime/clock.h"

namespace smartswitch::runtime {
namespace {

// An adaptive worker spins this long after its last packet, so that an answer that comes at once does not wait for it to wake. About what
// it takes to wake a thread: less spares little, more buys no latency (docs/performance.md, "At rest").
constexpr std::int64_t kSpin = 20'000;
// Then it sleeps until one of its bells rings. If it has a source without one, it sleeps a quarter of the time for which it has been idle:
// a packet that comes after a gap waits at most a quarter of that gap.
constexpr std::int64_t kIdleShare = 4;
// The kernel needs some microseconds to put a thread to sleep and to wake it: shorter sleeps cost more than they save.
constexpr std::int64_t kShortestSleep = 10'000;

// Workers leave the signals that end a program to the main thread. Real-time signals stay open: net_tap learns of packets by them.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t set;
    sigemptyset(&set);
    for (int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGCHLD, SIGPIPE}) sigaddset(&set, number);
    pthread_sigmask(SIG_BLOCK, &set, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

Worker::Worker(graph::Worker spec, unsigned index, unsigned core, rte_mempool* pool) : spec_(std::move(spec)), core_(core) {
  context_.index = index;
  context_.pool = pool;
  context_.now = monotonic_ns();
  context_.clock = &monotonic_ns;
  context_.random = Random(index);
  context_.log = [](std::string_view text) { spdlog::warn("{}", text); };
}

Worker::~Worker() { stop(); }

void Worker::add_source(const ElementInfo& info, Element& element) { sources_.push_back({info.poll, &element, info.border}); }

void Worker::forget_sources() {
  sources_.clear();
  doorbell_.remove_all();
  bells_for_all_ = false;
}

void Worker::take_up(graph::Worker spec) {
  const bool renamed = spec.name != spec_.name;
  spec_ = std::move(spec);
  if (renamed && thread_.joinable()) give_name(thread_.native_handle());
}

void Worker::launch() {
  const SignalsBlocked for_the_new_thread;
  mode_.store(Mode::kRun, std::memory_order_relaxed);
  thread_ = std::thread(&Worker::run, this);
}

void Worker::move_to(unsigned core) {
  core_.store(core, std::memory_order_relaxed);
  if (thread_.joinable()) pin(thread_.native_handle());
}

void Worker::call_to(Meeting& meeting) {
  meeting_.store(&meeting, std::memory_order_release);
  doorbell_.ring();
}

void Worker::attend(Meeting& meeting) {
  // In this order: who calls to the next meeting rings after he has stored it.
  doorbell_.silence();
  meeting_.store(nullptr, std::memory_order_relaxed);
  const std::int64_t from = monotonic_ns();
  meeting.attend();
  const auto pause = static_cast<std::uint64_t>(monotonic_ns() - from);
  last_pause_.store(pause, std::memory_order_relaxed);
  if (pause > longest_pause()) longest_pause_.store(pause, std::memory_order_relaxed);
}

void Worker::drain() {
  mode_.store(Mode::kDrain, std::memory_order_relaxed);
  doorbell_.ring();
}

void Worker::stop() {
  mode_.store(Mode::kStop, std::memory_order_relaxed);
  doorbell_.ring();
  if (thread_.joinable()) thread_.join();
}

void Worker::run() {
  settle_on_core();
  // A registered thread has a cache of its own in the packet pool.
  const bool registered = rte_thread_register() == 0;
  if (!registered) spdlog::warn("{}: runs without a cache of packets, slower: {}", spec_.name, rte_strerror(rte_errno));
  thread_id_.store(gettid(), std::memory_order_relaxed);
  loop();
  waited_.store(waited_for_core(), std::memory_order_relaxed);
  thread_id_.store(0, std::memory_order_relaxed);
  if (!registered) return;
  empty_packet_caches();
  rte_thread_unregister();
}

// Others need what is in them: a switch may run on without this thread.
void Worker::empty_packet_caches() const {
  for (rte_mempool* pool : {context_.pool, context_.large_pool}) {
    rte_mempool_cache* cache = pool == nullptr ? nullptr : rte_mempool_default_cache(pool, rte_lcore_id());
    if (cache != nullptr) rte_mempool_cache_flush(cache, pool);
  }
}

void Worker::settle_on_core() {
  give_name(pthread_self());
  pin(pthread_self());
  // The kernel delays wake-ups by 50 us otherwise, to bundle them.
  prctl(PR_SET_TIMERSLACK, 1);
}

void Worker::give_name(pthread_t thread) const {
  pthread_setname_np(thread, spec_.name.substr(0, 15).c_str());  // 15 is the kernel's limit
}

void Worker::pin(pthread_t thread) const {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core(), &set);
  const int error = pthread_setaffinity_np(thread, sizeof(set), &set);
  if (error != 0) spdlog::warn("{}: cannot be pinned to core {}: {}", spec_.name, core(), std::strerror(error));
}

void Worker::loop() {
  Clock clock;
  std::uint64_t tsc = rte_rdtsc();
  began_.store(tsc, std::memory_order_relaxed);
  std::int64_t idle_since = clock.at(tsc);
  // A bell that rang in vain (its device is gone, or gives no packets because the pool is empty) would go on ringing.
  auto listen = Doorbell::Listen::kBells;
  std::uint64_t round = 0;
  bool draining = false;
  for (Mode mode = Mode::kRun; mode != Mode::kStop; mode = mode_.load(std::memory_order_relaxed)) {
    if (Meeting* meeting = meeting_.load(std::memory_order_acquire); meeting != nullptr) [[unlikely]] {
      attend(*meeting);
      tsc = rte_rdtsc();
    }
    context_.now = clock.at(tsc);
    unsigned packets = 0;
    for (const Source& source : sources_) {
      if (mode == Mode::kRun || source.border) packets += source.poll(*source.element);
    }
    const unsigned fired = context_.timers.next_due() <= context_.now ? context_.timers.advance(context_.now) : 0;
    rounds_.store(++round, std::memory_order_release);

    const std::uint64_t before = tsc;
    tsc = rte_rdtsc();
    if (packets + fired > 0) {
      busy_rounds_.add();
      busy_cycles_.add(tsc - before);
    }
    if (packets > 0) {
      idle_since = context_.now;
      listen = Doorbell::Listen::kBells;
    } else if (spec_.idle == graph::Idle::kAdaptive) {
      if (context_.now - idle_since <= kSpin) {
        rte_pause();
        continue;
      }
      if (mode == Mode::kDrain && !draining) {
        draining = true;
        doorbell_.silence();  // drain() has rung; whoever has rung since has changed what is looked at before the next sleep
        continue;
      }
      // Bells of what is not polled any more would never let it sleep.
      const bool rang = sleep(idle_since, mode == Mode::kRun ? listen : Doorbell::Listen::kRing);
      tsc = rte_rdtsc();
      if (rang) {
        idle_since = clock.at(tsc);
        listen = Doorbell::Listen::kRing;
      }
    }
  }
  ended_.store(rte_rdtsc(), std::memory_order_relaxed);
}

bool Worker::sleep(std::int64_t idle_since, Doorbell::Listen listen) {
  std::int64_t until = context_.timers.next_due();
  if (!bells_for_all_ || listen == Doorbell::Listen::kRing) {
    until = std::min(until, context_.now + std::min((context_.now - idle_since) / kIdleShare, spec_.max_sleep.nanoseconds));
  }
  if (until - context_.now < kShortestSleep) return false;
  sleeps_.add();
  asleep_until_.store(until, std::memory_order_relaxed);
  const bool rang = doorbell_.sleep(until, listen);
  asleep_until_.store(0, std::memory_order_relaxed);
  return rang;
}

std::uint64_t Worker::idle_cycles() const {
  const std::uint64_t busy = busy_cycles_.value();
  const std::uint64_t began = began_.load(std::memory_order_relaxed);
  const std::uint64_t ended = ended_.load(std::memory_order_relaxed);
  return began == 0 ? 0 : (ended != 0 ? ended : rte_rdtsc()) - began - busy;
}

std::vector<Worker*> pointers_to(const std::vector<std::unique_ptr<Worker>>& workers) {
  std::vector<Worker*> pointers;
  for (const auto& worker : workers) pointers.push_back(worker.get());
  return pointers;
}

std::uint64_t Worker::waited_for_core() const {
  const pid_t thread = thread_id_.load(std::memory_order_relaxed);
  if (thread == 0) return waited_.load(std::memory_order_relaxed);
  std::uint64_t ran = 0;
  std::uint64_t waited = 0;
  std::ifstream("/proc/self/task/" + std::to_string(thread) + "/schedstat") >> ran >> waited;
  return waited;
}

}  // namespace smartswitch::runtime
