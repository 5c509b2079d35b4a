// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fmt/format.h>
#include <rte_malloc.h>
#include <rte_ring.h>

#include <memory>

#include "elements/sdk/element.h"

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

namespace smartswitch {
namespace {

// rte_ring orders memory by assembly that ThreadSanitizer does not see. These tell it what the ring guarantees: what was written before a
// packet was put in is seen by whoever takes it out.
#ifdef __SANITIZE_THREAD__
#define SMARTSWITCH_RING_CALL __attribute__((no_sanitize("thread"), noinline))
void before_put(rte_ring* ring) { __tsan_release(ring); }
void after_take(rte_ring* ring) { __tsan_acquire(ring); }
#else
#define SMARTSWITCH_RING_CALL
void before_put(rte_ring*) {}
void after_take(rte_ring*) {}
#endif

SMARTSWITCH_RING_CALL unsigned put(rte_ring* ring, rte_mbuf** mbufs, unsigned n) {
  before_put(ring);
  return rte_ring_mp_enqueue_burst(ring, reinterpret_cast<void**>(mbufs), n, nullptr);
}
SMARTSWITCH_RING_CALL unsigned take(rte_ring* ring, rte_mbuf** mbufs, unsigned most) {
  const unsigned taken = rte_ring_sc_dequeue_burst(ring, reinterpret_cast<void**>(mbufs), most, nullptr);
  after_take(ring);
  return taken;
}
SMARTSWITCH_RING_CALL unsigned count(const rte_ring* ring) { return rte_ring_count(ring); }

}  // namespace

class Queue final : public Element {
 public:
  static void describe(Describe<Queue>& d) {
    d.summary("Keeps packets until a worker takes them on: the border between two pipelines.");
    d.details(
        "A pipeline ends at the input of a Queue and the next one starts at its output, so the two may run on different workers. Any "
        "number "
        "of workers may push; one worker polls, `burst` packets at a time. Packets leave in the order of their arrival; between packets "
        "of different workers there is no order but that of the pushes.\n\n"
        "A full Queue drops what comes new and counts it as `full`: packets that wait are never pushed out. A loop in the graph is "
        "allowed if there is a Queue in it.");
    d.example("waiting: {class: Queue, capacity: 4096}");
    d.input<&Queue::push>("in", "packets to keep");
    d.output("out", &Queue::out_, "the packets in the order of their arrival");
    d.source<&Queue::poll>();
    d.border();
    d.parameter("capacity", &Queue::capacity_, "packets that may wait; any number, not just powers of two").between(1, 1U << 30);
    d.parameter("burst", &Queue::burst_, "packets taken on at once, at most").between(1, Batch::kCapacity);
    d.drop("full", &Queue::full_, "packets that came when `capacity` packets were waiting");
  }

  ~Queue() override {
    if (!ring_) return;
    Batch batch;
    do {
      batch.free_all();
      batch.set_size(take(ring_.get(), batch.mbufs(), Batch::kCapacity));
    } while (!batch.empty());
  }

  void start(Problems& problems) override {
    // Memory of its own instead of rte_ring_create(): that needs a name and one of a limited number of memory zones for each ring.
    const std::size_t bytes = static_cast<std::size_t>(rte_ring_get_memsize(rte_align32pow2(capacity_ + 1)));
    ring_.reset(static_cast<rte_ring*>(rte_zmalloc("Queue", bytes, RTE_CACHE_LINE_SIZE)));
    if (!ring_ || rte_ring_init(ring_.get(), "Queue", capacity_, RING_F_EXACT_SZ | RING_F_SC_DEQ) != 0) {
      ring_.reset();
      problems.add({}, fmt::format("there is no memory for {} packets to wait in: {} bytes", capacity_, bytes),
                   "make `capacity` smaller, or give DPDK more memory");
    }
  }

  void take_over(Element& before) override {
    auto& old = static_cast<Queue&>(before);
    for (Batch batch;;) {
      batch.set_size(take(old.ring_.get(), batch.mbufs(), Batch::kCapacity));
      if (batch.empty()) return;
      count_taken_over(batch.size());
      push(batch);
    }
  }

  [[nodiscard]] std::uint64_t held() const override { return ring_ ? count(ring_.get()) : 0; }
  [[nodiscard]] std::uint64_t may_hold() const override { return capacity_; }

  void push(Batch& batch) {
    const unsigned size = batch.size();
    const unsigned kept = put(ring_.get(), batch.mbufs(), size);
    if (kept < size) {
      full_.add_shared(size - kept);
      rte_pktmbuf_free_bulk(batch.mbufs() + kept, size - kept);
    }
    batch.release();
  }

  unsigned poll() {
    Batch batch;
    const unsigned taken = take(ring_.get(), batch.mbufs(), burst_);
    batch.set_size(taken);
    out_.push(batch);
    return taken;
  }

 private:
  struct Free {
    void operator()(rte_ring* ring) const { rte_free(ring); }
  };

  std::uint32_t capacity_ = 1024;
  unsigned burst_ = 32;
  std::unique_ptr<rte_ring, Free> ring_;
  Output out_;
  DropReason full_;
};
SMARTSWITCH_ELEMENT(Queue)

}  // namespace smartswitch
