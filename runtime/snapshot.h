// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// All counts of a running switch at one moment, summed over the copies of an element. Counts go on while they are read, so sums hold
// exactly only once the switch has been stopped.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "elements/sdk/class_info.h"
#include "elements/sdk/histogram.h"

namespace smartswitch::runtime {

struct CounterValue {
  std::string name;
  std::uint64_t value = 0;
  bool drop = false;  ///< a reason for dropping packets
};

struct OutputCount {
  std::string name;
  std::uint64_t packets = 0;
  bool connected = true;  ///< otherwise these packets were dropped
};

/// Durations, in the buckets of a DurationHistogram.
struct Durations {
  std::string name;
  std::vector<std::uint64_t> counts;  ///< by index; empty: none at all
  std::uint64_t sum_ns = 0;
  std::int64_t max_ns = 0;

  void add(const DurationHistogram& histogram);
  [[nodiscard]] std::uint64_t count() const;
  /// What this share (0 to 1) of them took at most, in ns: the highest that is counted where it falls; 0 if there are none.
  [[nodiscard]] std::int64_t quantile_ns(double share) const;
};

struct ElementCounts {
  std::string name;
  std::string element_class;
  unsigned replicas = 1;
  std::uint64_t in = 0;        ///< packets that came from other elements
  std::uint64_t out = 0;       ///< packets given to other elements
  std::uint64_t received = 0;  ///< came into the graph here, from a device or file
  std::uint64_t sent = 0;      ///< left the graph here
  std::uint64_t created = 0;   ///< made here
  std::uint64_t consumed = 0;  ///< served their purpose here: their bytes went on in packets made here, or they were for the switch itself
  std::uint64_t held = 0;      ///< are here now
  std::vector<CounterValue> counters;
  std::vector<OutputCount> outputs;
  std::vector<Durations> histograms{};

  /// 0 if there is none of that name.
  [[nodiscard]] std::uint64_t counter(std::string_view counter_name) const;
  /// Under a named reason, or at an output that leads nowhere.
  [[nodiscard]] std::uint64_t dropped() const;
  /// What came or was made here and neither left, nor was dropped or consumed, nor is held: 0 unless the element is faulty.
  [[nodiscard]] std::int64_t unaccounted() const;
};

struct Ranking {
  std::string name;
  std::vector<Ranked> foremost;  ///< best first
};

struct StateCounts {
  std::string name;
  std::string state_class;
  std::vector<CounterValue> counters;
  std::vector<Ranking> rankings;
};

/// As the device counts.
struct PortCounts {
  std::string name;
  std::string device;
  bool link_up = false;
  std::uint64_t rx_packets = 0;
  std::uint64_t rx_bytes = 0;
  std::uint64_t tx_packets = 0;
  std::uint64_t tx_bytes = 0;
  std::uint64_t rx_missed = 0;  ///< lost because nobody polled in time
  std::uint64_t rx_errors = 0;
  std::uint64_t rx_no_buffer = 0;  ///< lost because the packet pool was empty
  std::uint64_t tx_errors = 0;
};

struct WorkerCounts {
  std::string name;
  unsigned core = 0;
  std::uint64_t rounds = 0;
  std::uint64_t busy_rounds = 0;  ///< in which there was something to do
  std::uint64_t sleeps = 0;
  std::int64_t asleep_until_ns = 0;  ///< when the sleep ends that it is in (CLOCK_MONOTONIC); 0 if it is awake
  double busy_seconds = 0;
  double idle_seconds = 0;
  double last_pause_seconds = 0;     ///< that it stood still for a change of the graph
  double longest_pause_seconds = 0;  ///< the longest of these
  double waited_seconds = 0;         ///< for its core, because something else ran on it
};

struct Snapshot {
  double seconds = 0;  ///< since start()
  std::vector<ElementCounts> elements;
  /// What elements did that reloads have ended or made anew, all together; its one counter is `dropped`.
  ElementCounts departed{.name = "departed", .element_class = {}, .counters = {{"dropped", 0, true}}, .outputs = {}};
  std::vector<StateCounts> states;
  std::vector<PortCounts> ports;
  std::vector<WorkerCounts> workers;
  std::uint64_t pool_packets = 0;
  std::uint64_t pool_in_use = 0;

  /// nullptr if there is none of that name.
  [[nodiscard]] const ElementCounts* element(std::string_view name) const;
  [[nodiscard]] const StateCounts* state(std::string_view name) const;
  [[nodiscard]] std::uint64_t came() const;  ///< received and created
  [[nodiscard]] std::uint64_t sent() const;
  [[nodiscard]] std::uint64_t dropped() const;
  [[nodiscard]] std::uint64_t consumed() const;
  [[nodiscard]] std::uint64_t held() const;
  /// came() - sent() - dropped() - consumed() - held(): 0 in a stopped switch, to the packet.
  [[nodiscard]] std::int64_t unaccounted() const;
};

}  // namespace smartswitch::runtime
