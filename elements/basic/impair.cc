// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <algorithm>
#include <atomic>
#include <optional>
#include <vector>

#include "elements/sdk/element.h"

namespace smartswitch {
namespace {

// How far a packet that is held back falls behind: a number of packets, or a time.
struct Setback {
  std::uint32_t packets = 1;
  Duration time;  // counts if it is not 0
};

// A packet held back by count waits no longer than this for others to overtake it.
constexpr Duration kPatience{100'000'000};

}  // namespace

template <>
struct ParameterType<Setback> {
  static std::string name() { return "number of packets, or duration"; }
  static bool parse(const Value& value, Setback& out, Problems& problems) {
    const std::string& text = value.text();
    if (const auto time = parse_duration(text); time && time->nanoseconds > 0) {
      out = {.packets = 0, .time = *time};
      return true;
    }
    std::uint32_t packets = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), packets);
    if (error == std::errc{} && end == text.data() + text.size() && packets > 0) {
      out = {.packets = packets, .time = {}};
      return true;
    }
    report_type(value, "a number of packets (such as 3) or a duration (such as 2ms)", problems);
    return false;
  }
  static std::string format(const Setback& v) { return v.packets > 0 ? std::to_string(v.packets) : to_string(v.time); }
};

class Impair final : public Element {
 public:
  static void describe(Describe<Impair>& d) {
    d.summary("Makes a bad network of a good one: loss, duplicates, reordering, delay.");
    d.details(
        "Each packet is judged by itself, in this order: lost or not; doubled or not; then each of the two is held back or not, and "
        "delayed. "
        "Without `reorder` and `jitter` packets keep their order. With `jitter` each is delayed by a time of its own between `delay` and "
        "`delay` + `jitter`, so packets that come close together change places.\n\n"
        "A packet held back by a number of packets goes on when so many have overtaken it, but after 100 ms at the latest. The same seed, "
        "parameters and packets at the same times give the same faults. Delays are as exact as the worker's loop: a packet is never "
        "early, and late by one round of it.");
    d.example("bad_link: {class: Impair, loss: 0.01, delay: 20ms, jitter: 5ms, reorder: 0.02, reorder_by: 3, seed: 7}");
    d.input<&Impair::push>("in", "any packets");
    d.output("out", &Impair::out_, "what is left of them, later, and perhaps twice");
    d.parameter("loss", &Impair::loss_, "probability of a packet to be lost").between(0, 1);
    d.parameter("duplicate", &Impair::duplicate_, "probability of a packet to be doubled").between(0, 1);
    d.parameter("reorder", &Impair::reorder_, "probability of a packet to be held back").between(0, 1);
    d.parameter("reorder_by", &Impair::reorder_by_, "how far it falls behind: the packets that overtake it, or a time");
    d.parameter("delay", &Impair::delay_, "how long every packet is kept");
    d.parameter("jitter", &Impair::jitter_, "how much longer at most, evenly distributed");
    d.parameter("seed", &Impair::seed_, "chooses the sequence of faults; 0: the worker's own");
    d.parameter("limit", &Impair::limit_, "packets kept at once, at most").between(1, 1U << 24);
    d.counter("duplicated", &Impair::duplicated_, "copies made");
    d.counter("reordered", &Impair::reordered_, "packets held back");
    d.counter("no_buffer", &Impair::no_buffer_, "copies that could not be made because the packet pool was exhausted");
    d.drop("lost", &Impair::lost_, "packets lost by chance");
    d.drop("full", &Impair::full_, "packets that were to be kept when `limit` packets were kept");
  }

  ~Impair() override {
    for (const Waiting& w : waiting_) rte_pktmbuf_free(w.mbuf);
    for (std::size_t i = 0; i < back_count_; ++i) rte_pktmbuf_free(back(i).mbuf);
  }

  void start(Problems& /*problems*/) override {
    waiting_.reserve(may_hold());
    if (reorder_ > 0 && reorder_by_.packets > 0) back_.resize(limit_);
    random_ = Random(seed_ == 0 ? random().next() : seed_);
    timer_.bind<&Impair::on_timer>(this);
  }

  // Each leaves when it would have left.
  void take_over(Element& before) override {
    auto& old = static_cast<Impair&>(before);
    for (; old.back_count_ > 0; old.waiting_.push_back({now(), 0, old.take_back().mbuf()})) {
    }
    std::sort(old.waiting_.begin(), old.waiting_.end(), [](const Waiting& a, const Waiting& b) { return b < a; });
    for (const Waiting& w : old.waiting_) waiting_.push_back({w.due, number_++, w.mbuf});
    count_taken_over(old.waiting_.size());
    std::make_heap(waiting_.begin(), waiting_.end());
    old.waiting_.clear();
    old.held_.store(0, std::memory_order_relaxed);
    Batch none;
    settle(none);
  }

  [[nodiscard]] std::uint64_t held() const override { return held_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t may_hold() const override {
    return delay_.nanoseconds > 0 || jitter_.nanoseconds > 0 || reorder_ > 0 ? limit_ : 0;
  }

  void push(Batch& batch) {
    Batch out;
    release_due(out);
    for (const Packet packet : batch) {
      if (chance(loss_)) {
        drop(packet, lost_);
        continue;
      }
      const Packet twin = chance(duplicate_) ? double_of(packet) : Packet();
      pass(packet, out);
      if (twin) pass(twin, out);
    }
    batch.release();
    settle(out);
  }

 private:
  struct Waiting {
    std::int64_t due;
    std::uint64_t number;  // keeps packets that are due together in order
    rte_mbuf* mbuf;
    bool operator<(const Waiting& other) const {
      return due != other.due ? due > other.due : number > other.number;
    }  // the first is on top
  };
  struct HeldBack {
    rte_mbuf* mbuf;
    std::uint64_t until_passed;
    std::int64_t deadline;
  };

  bool chance(double probability) { return probability > 0 && random_.uniform() < probability; }

  Packet double_of(Packet packet) {
    const Packet twin = copy_of(packet);
    (twin ? duplicated_ : no_buffer_).add();
    return twin;
  }

  void pass(Packet packet, Batch& out) {
    if (chance(reorder_)) {
      reordered_.add();
      if (reorder_by_.time.nanoseconds > 0) {
        wait(packet, reorder_by_.time, out);
      } else if (has_room(packet)) {
        ++back_count_;
        back(back_count_ - 1) = {packet.mbuf(), passed_ + reorder_by_.packets, now() + kPatience.nanoseconds};
      }
      return;
    }
    wait(packet, Duration{0}, out);
    ++passed_;
    while (back_count_ > 0 && back(0).until_passed <= passed_) wait(take_back(), Duration{0}, out);
  }

  // Puts the packet where it leaves after all delays; at once, if there are none.
  void wait(Packet packet, Duration setback, Batch& out) {
    std::int64_t due = now() + delay_.nanoseconds + setback.nanoseconds;
    if (jitter_.nanoseconds > 0) due += static_cast<std::int64_t>(random_.uniform() * static_cast<double>(jitter_.nanoseconds));
    if (due <= now()) {
      emit(packet, out);
    } else if (has_room(packet)) {
      waiting_.push_back({due, number_++, packet.mbuf()});
      std::push_heap(waiting_.begin(), waiting_.end());
    }
  }

  // If not, the packet is dropped.
  bool has_room(Packet packet) {
    if (waiting_.size() + back_count_ < limit_) return true;
    drop(packet, full_);
    return false;
  }

  HeldBack& back(std::size_t i) { return back_[(back_first_ + i) % back_.size()]; }
  Packet take_back() {
    const Packet packet(back(0).mbuf);
    back_first_ = (back_first_ + 1) % back_.size();
    --back_count_;
    return packet;
  }

  void emit(Packet packet, Batch& out) {
    out.add(packet);
    if (out.full()) out_.push(out);
  }

  void release_due(Batch& out) {
    while (back_count_ > 0 && back(0).deadline <= now()) wait(take_back(), Duration{0}, out);
    while (!waiting_.empty() && waiting_.front().due <= now()) {
      std::pop_heap(waiting_.begin(), waiting_.end());
      const Packet packet(waiting_.back().mbuf);
      waiting_.pop_back();
      emit(packet, out);
    }
  }

  void on_timer() {
    Batch out;
    release_due(out);
    settle(out);
  }

  void settle(Batch& out) {
    held_.store(waiting_.size() + back_count_, std::memory_order_relaxed);
    out_.push(out);
    std::int64_t next = waiting_.empty() ? INT64_MAX : waiting_.front().due;
    if (back_count_ > 0) next = std::min(next, back(0).deadline);
    if (next == INT64_MAX || (timer_.scheduled() && next == wakes_at_)) return;
    wakes_at_ = next;
    schedule_at(timer_, next);
  }

  double loss_ = 0;
  double duplicate_ = 0;
  double reorder_ = 0;
  Setback reorder_by_;
  Duration delay_;
  Duration jitter_;
  std::uint64_t seed_ = 0;
  std::uint32_t limit_ = 10000;

  Random random_{1};
  Timer timer_;
  std::int64_t wakes_at_ = 0;
  std::vector<Waiting> waiting_;  // a heap; never grows beyond what start() reserved
  std::uint64_t number_ = 0;
  std::vector<HeldBack> back_;  // a ring: held back by count, in the order of their release
  std::size_t back_first_ = 0;
  std::size_t back_count_ = 0;
  std::uint64_t passed_ = 0;
  std::atomic<std::uint64_t> held_{0};
  Output out_;
  Counter duplicated_;
  Counter reordered_;
  Counter no_buffer_;
  DropReason lost_;
  DropReason full_;
};
SMARTSWITCH_ELEMENT(Impair)

}  // namespace smartswitch
