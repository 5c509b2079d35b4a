// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The base of everything packets meet. An element declares itself once, in describe(), and registers with one line:
//
//   class Thin final : public Element {
//    public:
//     static void describe(Describe<Thin>& d) {
//       d.summary("Passes one packet of every N on and drops the rest.");
//       d.input<&Thin::push>("in", "packets to thin out");
//       d.output("out", &Thin::out_, "one of every N");
//       d.parameter("keep_one_in", &Thin::n_, "N").at_least(1);
//       d.drop("thinned", &Thin::thinned_, "the others");
//     }
//     void push(Batch& batch) {
//       Batch others;
//       batch.split(others, [&](Packet) { return seen_++ % n_ == 0; });
//       drop(others, thinned_);
//       out_.push(batch);
//     }
//
//    private:
//     std::uint64_t n_ = 10;
//     std::uint64_t seen_ = 0;
//     Output out_;
//     DropReason thinned_;
//   };
//   SMARTSWITCH_ELEMENT(Thin)
#pragma once

#include <string>

#include "elements/sdk/describe.h"
#include "elements/sdk/output.h"
#include "elements/sdk/registry.h"
#include "elements/sdk/state.h"
#include "elements/sdk/worker.h"

namespace smartswitch {

/// One instance belongs to one worker: its methods are called on that worker's thread only, so it needs no locks.
class Element {
 public:
  Element() = default;
  virtual ~Element() = default;
  Element(const Element&) = delete;
  Element& operator=(const Element&) = delete;

  /// Looks at parameters that only make sense together. No side effects: `smartswitch check` calls it too. `where` of a
  /// problem may stay empty: the element's own place is filled in.
  virtual void validate(Problems& /*problems*/) const {}
  /// Opens files, takes memory, sets timers: once, when parameters, state, outputs and worker are set and before any packet.
  virtual void start(Problems& /*problems*/) {}
  /// In a reload that gives the element other parameters or neighbours: takes what `before`, which had its name and is of its class, has
  /// and should not be lost, packets that it holds above all. Once, after start() and before any packet, while no worker runs.
  virtual void take_over(Element& /*before*/) {}
  /// Packets that the element owns between calls (a delay line, a queue). Any thread.
  [[nodiscard]] virtual std::uint64_t held() const { return 0; }
  /// The most that held() can be, once parameters are set: the packet pool is sized from it.
  [[nodiscard]] virtual std::uint64_t may_hold() const { return 0; }
  /// The most packets longer than a device's that it may have on their way at once, once parameters are set: the pool of large packets is
  /// sized from it. Without it allocate() and copy_of() give none.
  [[nodiscard]] virtual std::uint64_t large_packets() const { return 0; }

  [[nodiscard]] const std::string& name() const { return name_; }
  void set_name(std::string name) { name_ = std::move(name); }
  void set_worker(WorkerContext* worker) { worker_ = worker; }

  /// Packets made by this element (templates, copies, replies that are new packets).
  [[nodiscard]] std::uint64_t created() const { return created_.value(); }
  /// Packets that ended here because their purpose was served: their bytes went on in packets made by this element (pieces put together,
  /// packets cut up), or they were for the switch itself.
  [[nodiscard]] std::uint64_t consumed() const { return consumed_.value(); }
  /// Packets that came into the graph here, and that left it here: device, file.
  [[nodiscard]] std::uint64_t received() const { return received_.value(); }
  [[nodiscard]] std::uint64_t sent() const { return sent_.value(); }
  /// Packets that it got by take_over().
  [[nodiscard]] std::uint64_t taken_over() const { return taken_over_.value(); }

 protected:
  /// Frees the packets and counts them under `reason`.
  static void drop(Batch& batch, DropReason& reason) {
    if (batch.empty()) return;
    reason.add(batch.size());
    batch.free_all();
  }
  static void drop(Packet packet, DropReason& reason) {
    reason.add();
    rte_pktmbuf_free(packet.mbuf());
  }

  /// Frees a packet that has served its purpose.
  void consume(Packet packet) {
    consumed_.add();
    rte_pktmbuf_free(packet.mbuf());
  }

  /// An empty packet with clean annotations and room for `length` bytes, of the worker's pools; a null Packet if they have none.
  [[nodiscard]] Packet allocate(std::uint32_t length = 0) {
    rte_mempool* pool = pool_for(length);
    rte_mbuf* mbuf = pool == nullptr ? nullptr : rte_pktmbuf_alloc(pool);
    if (mbuf == nullptr) return Packet();
    created_.add();
    Packet packet(mbuf);
    packet.reset_annotations();
    return packet;
  }
  /// A copy with bytes of its own, or a null Packet if the pool is exhausted.
  [[nodiscard]] Packet copy_of(Packet packet) {
    rte_mempool* pool = pool_for(packet.wire_length());
    Packet twin = packet.copy(pool == nullptr ? worker_->pool : pool);
    if (twin) created_.add();
    return twin;
  }
  void count_received(std::uint64_t n) { received_.add(n); }
  void count_sent(std::uint64_t n) { sent_.add(n); }
  void count_taken_over(std::uint64_t n) { taken_over_.add(n); }

  /// Monotonic nanoseconds, as of this round of the worker's loop.
  [[nodiscard]] std::int64_t now() const { return worker_->now; }
  /// The same at this very moment, for elements that measure time, or whose worker may wait in the kernel within a round. Some 25 ns.
  [[nodiscard]] std::int64_t exact_now() const { return worker_->clock == nullptr ? worker_->now : worker_->clock(); }
  [[nodiscard]] Random& random() { return worker_->random; }
  /// Something that an operator should know of: a server is down, say. Never for each packet.
  void log(std::string_view text) const { worker_->log(fmt::format("{}: {}", name_, text)); }
  [[nodiscard]] const WorkerContext& worker() const { return *worker_; }
  void schedule_in(Timer& timer, Duration after) { schedule_at(timer, now() + after.nanoseconds); }
  void schedule_at(Timer& timer, std::int64_t due) { worker_->timers.schedule(timer, due, this); }

 private:
  [[nodiscard]] rte_mempool* pool_for(std::uint32_t length) const {
    if (length + RTE_PKTMBUF_HEADROOM <= rte_pktmbuf_data_room_size(worker_->pool)) return worker_->pool;
    return length <= kLargestPacket ? worker_->large_pool : nullptr;
  }

  std::string name_;
  WorkerContext* worker_ = nullptr;
  Counter created_;
  Counter consumed_;
  Counter received_;
  Counter sent_;
  Counter taken_over_;
};

}  // namespace smartswitch
