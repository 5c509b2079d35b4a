// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/observe/tap.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <deque>

#include "runtime/observe/clock.h"
#include "runtime/observe/pcapng.h"
#include "runtime/observe/places.h"

namespace smartswitch::observe {
namespace {

// How long a packet stays in a ring, at most. The worker wakes nobody, because that would be a system call.
constexpr std::chrono::milliseconds kLook{5};
constexpr std::size_t kHandOut = std::size_t{256} << 10;
constexpr std::uint64_t kLeastRing = std::uint64_t{128} << 10;  // the longest packet fits
constexpr std::uint64_t kMostRing = std::uint64_t{256} << 20;

}  // namespace

// What stands before the bytes of a packet in a ring.
struct Tap::Record {
  std::int64_t time;  // ns since 1970
  std::uint32_t interface;
  std::uint32_t length;
  std::uint32_t kept;
};

struct Tap::Lane {
  struct Passed {
    Counter kept;
    Counter missed;
  };
  explicit Lane(std::size_t bytes) : ring(bytes) {}
  ByteRing ring;
  std::deque<Passed> passed;  // by interface
};

bool Tap::check(const TapOptions& options, const Wiring& wiring, Problems& problems) {
  const std::size_t before = problems.size();
  check_place(wiring, options.place, problems);
  const PacketFilter filter(options.filter);
  if (!filter.fault().empty()) {
    problems.add({}, fmt::format("the filter `{}` does not compile: {}", options.filter, filter.fault()), "see `man pcap-filter`");
  }
  if (options.snaplen < 14 || options.snaplen > TapOptions::kLongest) {
    problems.add({}, fmt::format("{} bytes of a packet cannot be kept", options.snaplen),
                 fmt::format("14 to {} can", TapOptions::kLongest));
  }
  if (options.ring.bytes < kLeastRing || options.ring.bytes > kMostRing) {
    problems.add({}, fmt::format("a ring cannot have {}", to_string(options.ring)),
                 fmt::format("from {} to {}", to_string(ByteSize{kLeastRing}), to_string(ByteSize{kMostRing})));
  }
  return problems.size() == before;
}

std::unique_ptr<Tap> Tap::make(const TapOptions& options, const Wiring& wiring, TapSink sink, Problems& problems) {
  if (!check(options, wiring, problems)) return nullptr;
  return std::unique_ptr<Tap>(new Tap(options, PacketFilter(options.filter), std::move(sink)));
}

Tap::Tap(TapOptions options, PacketFilter filter, TapSink sink)
    : options_(std::move(options)),
      filter_(std::move(filter)),
      sink_(std::move(sink)),
      wall_minus_monotonic_(read(CLOCK_REALTIME) - read(CLOCK_MONOTONIC)),
      last_moment_(options_.length.nanoseconds == 0 ? INT64_MAX : read(CLOCK_MONOTONIC) + options_.length.nanoseconds) {
  thread_ = std::thread(&Tap::run, this);
}

Tap::~Tap() { end(); }

void Tap::attach(std::shared_ptr<const Wiring> wiring) {
  const std::lock_guard lock(mutex_);
  wiring_ = std::move(wiring);
  interfaces_.assign(wiring_->edges().size(), 0);
  for (const Edge& edge : wiring_->edges()) {
    if (!passes(*wiring_, options_.place, edge)) continue;
    const auto at = std::find(names_.begin(), names_.end(), edge.name());
    interfaces_[edge.number] = static_cast<std::uint32_t>(at - names_.begin());
    if (at == names_.end()) names_.push_back(edge.name());
  }
  while (lanes_.size() < wiring_->workers()) lanes_.push_back(std::make_unique<Lane>(options_.ring.bytes));
  for (const auto& lane : lanes_) {
    while (lane->passed.size() < names_.size()) lane->passed.emplace_back();
  }
}

bool Tap::wants(const Edge& edge) const { return passes(*wiring_, options_.place, edge); }

void Tap::pass(const Edge& edge, Batch& batch, Onward onward) {
  if (!full()) {
    Lane& lane = *lanes_[edge.from->worker_number];
    const std::int64_t time = read(CLOCK_MONOTONIC) + wall_minus_monotonic_;
    for (const Packet packet : batch) {
      if (filter_.matches(packet)) keep(lane, interfaces_[edge.number], packet, time);
    }
    lane.ring.publish();
  }
  onward.push(batch);
}

void Tap::keep(Lane& lane, std::uint32_t interface, Packet packet, std::int64_t time) {
  const Record record{time, interface, packet.wire_length(), std::min(packet.wire_length(), options_.snaplen)};
  if (lane.ring.room() < sizeof record + record.kept) {
    lane.passed[interface].missed.add();
    missed_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  if (taken_.fetch_add(1, std::memory_order_relaxed) >= options_.count && options_.count != 0) return;
  lane.passed[interface].kept.add();
  lane.ring.write(&record, sizeof record);
  std::uint32_t left = record.kept;
  for (const rte_mbuf* segment = packet.mbuf(); left > 0; segment = segment->next) {
    const std::uint32_t n = std::min<std::uint32_t>(left, segment->data_len);
    lane.ring.write(rte_pktmbuf_mtod(segment, const std::uint8_t*), n);
    left -= n;
  }
}

bool Tap::wait(Duration at_most) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::nanoseconds(at_most.nanoseconds), [this] { return ended_ || ending_; });
}

void Tap::end() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Tap::Counts Tap::counts() const {
  const std::uint64_t taken = taken_.load(std::memory_order_relaxed);
  return {options_.count == 0 ? taken : std::min(taken, options_.count), missed_.load(std::memory_order_relaxed)};
}

void Tap::run() {
  pthread_setname_np(pthread_self(), "tap");
  pcapng::section_header(out_, "SmartSwitch", fmt::format("smartswitch tap {}", options_.place));
  bool last = false;
  while (!last) {
    last = rest();
    if (!fault_.empty()) continue;
    describe_interfaces();
    write_rings();
    write_statistics_now_and_then();
    hand_out();
    const bool over = full() || read(CLOCK_MONOTONIC) >= last_moment_;
    if (over || !fault_.empty()) {
      const std::lock_guard lock(mutex_);
      ended_ = true;
      changed_.notify_all();
    }
  }
  if (!fault_.empty()) return;
  write_statistics();
  hand_out();
}

// Until it is time to look at the rings again. True if that is to be the last time.
bool Tap::rest() {
  std::unique_lock lock(mutex_);
  // Who has nothing more to do waits for end() alone.
  if (ended_) {
    changed_.wait(lock, [this] { return ending_; });
  } else {
    changed_.wait_for(lock, kLook, [this] { return ending_; });
  }
  new_names_.assign(names_.begin() + described_, names_.end());
  rings_.clear();
  for (const auto& lane : lanes_) rings_.push_back(&lane->ring);
  return ending_;
}

void Tap::describe_interfaces() {
  for (const std::string& name : new_names_) pcapng::interface(out_, name, options_.filter, options_.snaplen);
  described_ += static_cast<std::uint32_t>(new_names_.size());
}

// Packets of all workers in the order of their times, as far as rings go now.
void Tap::write_rings() {
  std::vector<std::size_t> ready;
  for (const ByteRing* ring : rings_) ready.push_back(ring->readable());
  while (fault_.empty()) {
    std::size_t oldest = rings_.size();
    Record next{};
    for (std::size_t i = 0; i < rings_.size(); ++i) {
      if (ready[i] == 0) continue;
      Record record{};
      rings_[i]->peek(&record, sizeof record);
      if (oldest < rings_.size() && record.time >= next.time) continue;
      oldest = i;
      next = record;
    }
    if (oldest == rings_.size()) return;
    ByteRing& ring = *rings_[oldest];
    bytes_.resize(next.kept);
    ring.peek(bytes_.data(), next.kept, sizeof next);
    ring.discard(sizeof next + next.kept);
    ready[oldest] -= sizeof next + next.kept;
    pcapng::packet(out_, next.interface, next.time, bytes_, next.length);
    if (out_.size() >= kHandOut) hand_out();
  }
}

void Tap::write_statistics() {
  const std::lock_guard lock(mutex_);
  for (std::uint32_t i = 0; i < described_; ++i) {
    std::uint64_t kept = 0;
    std::uint64_t missed = 0;
    for (const auto& lane : lanes_) {
      kept += lane->passed[i].kept.value();
      missed += lane->passed[i].missed.value();
    }
    const std::string comment =
        missed == 0 ? "" : fmt::format("{} packets were missed: they came faster than the capture was taken", missed);
    pcapng::statistics(out_, i, read(CLOCK_REALTIME), kept + missed, missed, comment);
  }
}

// So that a capture whose reader leaves without a word says what it misses, too.
void Tap::write_statistics_now_and_then() {
  constexpr std::int64_t kSecond = 1'000'000'000;
  const std::uint64_t missed = missed_.load(std::memory_order_relaxed);
  const std::int64_t now = read(CLOCK_MONOTONIC);
  if (missed == missed_told_ || now < next_statistics_) return;
  missed_told_ = missed;
  next_statistics_ = now + kSecond;
  write_statistics();
}

void Tap::hand_out() {
  if (!out_.empty() && fault_.empty()) fault_ = sink_(out_);
  out_.clear();
}

}  // namespace smartswitch::observe
