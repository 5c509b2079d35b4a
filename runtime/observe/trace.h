// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Follows single packets through the graph.
//
// A packet that is picked gets a number, which stands in its Annotations, so it is known again at every edge, its copies and what comes out
// of a Queue on another worker included. A followed packet is given to each element alone, behind what was before it in its batch and
// before what was behind: order stays, and what the element counts meanwhile is what it did with this packet.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/observe/edge_hooks.h"
#include "runtime/observe/packet_filter.h"
#include "runtime/observe/trace_log.h"
#include "runtime/observe/traced_packet.h"

namespace smartswitch::observe {

struct TraceOptions {
  static constexpr unsigned kMostPackets = 1000;
  static constexpr unsigned kMostBytes = 2048;

  std::string element{};  ///< packets are picked as they leave it; empty: as they leave sources
  std::string filter{};   ///< pcap-filter(7); empty: any
  unsigned count = 10;    ///< packets to pick, from 1 to kMostPackets
  unsigned bytes = 0;     ///< bytes to show of each packet at each step, up to kMostBytes
};

class Trace final : public EdgeUser {
 public:
  /// Null, with the reasons in `problems`, if the options are wrong or do not fit `wiring`. A graph has as many workers after a reload as
  /// before. One trace of a graph at a time: packets have room for one number.
  static std::unique_ptr<Trace> make(const TraceOptions& options, const Wiring& wiring, Problems& problems);
  ~Trace() override;

  void attach(std::shared_ptr<const Wiring> wiring) override;
  [[nodiscard]] bool wants(const Edge&) const override { return true; }
  void pass(const Edge& edge, Batch& batch, Onward onward) override;

  /// Packets picked so far. Any thread.
  [[nodiscard]] unsigned picked() const { return std::min(picked_.load(std::memory_order_relaxed), options_.count); }
  /// All that were asked for have been picked. Any thread.
  [[nodiscard]] bool picked_all() const { return picked() == options_.count; }
  /// So, and all of them have met their end: none is held any more. Any thread.
  [[nodiscard]] bool done() const { return picked_all() && under_way_.load(std::memory_order_relaxed) <= 0; }

  /// What it has seen, packet by packet in the order in which they were picked. Once it is removed from its edges.
  [[nodiscard]] TraceResult result() const;

 private:
  Trace(TraceOptions options, PacketFilter filter, std::size_t workers);
  [[nodiscard]] bool follows(Packet packet) const {
    return static_cast<std::uint16_t>(packet.annotations().trace - first_number_) < options_.count;
  }
  [[nodiscard]] std::size_t bytes_of_a_step() const;
  bool pick(const Edge& edge, Packet packet);
  static bool adopt(TraceLog& log, const Edge& edge, Packet packet);
  void follow(TraceLog& log, const Edge& edge, Batch& alone, bool made, Onward onward);
  void note_end(const TraceStep& step);
  [[nodiscard]] bool picks_at(const Edge& edge) const {
    return options_.element.empty() ? edge.from->source() : edge.from->name == options_.element;
  }

  TraceOptions options_;
  PacketFilter filter_;
  std::uint16_t first_number_ = 0;
  std::int64_t wall_minus_monotonic_ = 0;
  std::vector<std::shared_ptr<const Wiring>> wirings_;  // those that steps point into
  std::size_t log_steps_ = 0;                           // that a log has room for
  std::vector<std::unique_ptr<TraceLog>> logs_;         // by worker; of those that have left, too
  std::atomic<unsigned> picked_{0};
  std::atomic<int> under_way_{0};
  std::atomic<std::uint64_t> steps_left_out_{0};
};

}  // namespace smartswitch::observe
