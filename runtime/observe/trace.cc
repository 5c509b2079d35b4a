// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/observe/trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <bitset>

#include "elements/sdk/suggest.h"
#include "runtime/observe/clock.h"
#include "runtime/observe/gauges.h"
#include "runtime/observe/trace_story.h"

namespace smartswitch::observe {
namespace {

// Elements that a packet and its copies visit: more than any graph has on one way.
constexpr std::size_t kStepsAPacket = 64;
constexpr std::size_t kMostMemory = std::size_t{8} << 20;
// Enough for all headers and the beginning of the payload, so that it can be told what an element has changed.
constexpr unsigned kLeastBytes = 160;

// Numbers go on from trace to trace, so that a packet that an element still holds from the last one is not taken for one of this.
std::uint16_t take_numbers(unsigned count) {
  static std::atomic<std::uint32_t> next{1};
  std::uint32_t first = next.load();
  std::uint32_t begin = 0;
  do {
    begin = first + count > UINT16_MAX ? 1 : first;
  } while (!next.compare_exchange_weak(first, begin + count));
  return static_cast<std::uint16_t>(begin);
}

}  // namespace

std::unique_ptr<Trace> Trace::make(const TraceOptions& options, const Wiring& wiring, Problems& problems) {
  const std::size_t before = problems.size();
  PacketFilter filter(options.filter);
  if (!filter.fault().empty()) {
    problems.add({}, fmt::format("the filter `{}` does not compile: {}", options.filter, filter.fault()), "see `man pcap-filter`");
  }
  if (options.count < 1 || options.count > TraceOptions::kMostPackets) {
    problems.add({}, fmt::format("{} packets cannot be followed", options.count), fmt::format("1 to {} can", TraceOptions::kMostPackets));
  }
  if (options.bytes > TraceOptions::kMostBytes) {
    problems.add({}, fmt::format("{} bytes of each packet are too many", options.bytes),
                 fmt::format("ask for {} at most", TraceOptions::kMostBytes));
  }
  const std::vector<std::string> names = wiring.element_names();
  if (!options.element.empty() && std::find(names.begin(), names.end(), options.element) == names.end()) {
    const std::string near = did_you_mean(options.element, names);
    problems.add({}, fmt::format("there is no element `{}`", options.element), near.empty() ? "there are " + spoken_list(names) : near);
  } else if (std::none_of(wiring.edges().begin(), wiring.edges().end(), [&](const Edge& edge) {
               return options.element.empty() ? edge.from->source() : edge.from->name == options.element;
             })) {
    problems.add(
        {}, options.element.empty() ? "this graph has no source" : fmt::format("`{}` has no output that leads anywhere", options.element),
        "name an element that packets leave with --element");
  }
  if (problems.size() != before) return nullptr;
  return std::unique_ptr<Trace>(new Trace(options, std::move(filter), wiring.workers()));
}

Trace::Trace(TraceOptions options, PacketFilter filter, std::size_t workers)
    : options_(std::move(options)),
      filter_(std::move(filter)),
      first_number_(take_numbers(options_.count)),
      wall_minus_monotonic_(read(CLOCK_REALTIME) - read(CLOCK_MONOTONIC)) {
  const std::size_t room = kMostMemory / workers / (sizeof(TraceStep) + bytes_of_a_step());
  log_steps_ = std::min(options_.count * kStepsAPacket, room);
}

Trace::~Trace() = default;

std::size_t Trace::bytes_of_a_step() const { return std::max(options_.bytes, kLeastBytes); }

void Trace::attach(std::shared_ptr<const Wiring> wiring) {
  while (logs_.size() < wiring->workers()) logs_.push_back(std::make_unique<TraceLog>(log_steps_, bytes_of_a_step()));
  wirings_.push_back(std::move(wiring));
}

void Trace::pass(const Edge& edge, Batch& batch, Onward onward) {
  TraceLog& log = *logs_[edge.from->worker_number];
  const bool picks = picks_at(edge);
  bool any = false;
  std::bitset<Batch::kCapacity> made;
  for (unsigned i = 0; i < batch.size(); ++i) {
    const Packet packet = batch[i];
    if (!follows(packet) && !(picks ? pick(edge, packet) : (made[i] = adopt(log, edge, packet)))) continue;
    any = true;
  }
  if (!any) return onward.push(batch);
  Batch part;
  for (unsigned i = 0; i < batch.size(); ++i) {
    const Packet packet = batch[i];
    if (!follows(packet)) {
      part.add(packet);
      continue;
    }
    onward.push(part);
    part.add(packet);
    follow(log, edge, part, made[i], onward);
  }
  batch.release();
  onward.push(part);
}

bool Trace::pick(const Edge& edge, Packet packet) {
  if (picked_.load(std::memory_order_relaxed) >= options_.count || !filter_.matches(packet)) return false;
  const unsigned place = picked_.fetch_add(1, std::memory_order_relaxed);
  if (place >= options_.count) return false;  // another worker was first
  under_way_.fetch_add(1, std::memory_order_relaxed);
  Annotations& annotations = packet.annotations();
  annotations.trace = static_cast<std::uint16_t>(first_number_ + place);
  // What the packet before left there is nothing that was chosen for this one.
  if (edge.from->source()) annotations.next = NextHop{};
  return true;
}

// A packet that an element has made while it was given a followed one, and because of it, is followed too.
bool Trace::adopt(TraceLog& log, const Edge& edge, Packet packet) {
  if (log.frames.empty()) return false;
  TraceLog::Frame& frame = log.frames.back();
  if (frame.node != edge.from || edge.from->element->created() <= frame.made_before) return false;
  ++frame.made_before;
  packet.annotations().trace = frame.number;
  return true;
}

void Trace::follow(TraceLog& log, const Edge& edge, Batch& alone, bool made, Onward onward) {
  const Annotations& annotations = alone[0].annotations();
  const bool within = !log.frames.empty() && log.frames.back().node == edge.from && log.frames.back().number == annotations.trace;
  if (log.full()) {
    steps_left_out_.fetch_add(1, std::memory_order_relaxed);
    if (!within) under_way_.fetch_sub(1, std::memory_order_relaxed);
    return onward.push(alone);
  }
  const auto number = static_cast<std::int32_t>(log.steps.size());
  TraceStep& step = log.add(alone[0]);
  step.edge = &edge;
  step.made = made;
  if (within) {
    step.parent = log.frames.back().step;
    ++log.steps[static_cast<std::size_t>(step.parent)].ways_on;
  }
  log.frames.push_back({edge.to, number, step.number, log.gauges.size(), edge.to->element->created()});
  Gauges::read(*edge.to, log.gauges);
  step.begin = read(CLOCK_MONOTONIC);
  onward.push(alone);
  // Steps do not move: there was room for all of them from the beginning.
  step.end = read(CLOCK_MONOTONIC);
  const TraceLog::Frame frame = log.frames.back();
  log.frames.pop_back();
  log.settle(frame);
  note_end(step);
}

// Keeps count of packets that are on their way: one that an element holds is; each that went on is in place of it.
void Trace::note_end(const TraceStep& step) {
  const bool held = step.ways_on == 0 && fate_of(step).first == Fate::kHeld;
  if (!held) under_way_.fetch_add(step.ways_on - 1, std::memory_order_relaxed);
}

TraceResult Trace::result() const {
  std::vector<const TraceLog*> logs;
  for (const auto& log : logs_) logs.push_back(log.get());
  TraceResult result = tell(logs, {first_number_, wall_minus_monotonic_, options_.bytes});
  result.asked = options_.count;
  result.left_out = steps_left_out_.load(std::memory_order_relaxed);
  return result;
}

}  // namespace smartswitch::observe
