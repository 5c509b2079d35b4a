// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Copies of the packets that pass edges of a running graph, as a capture in the pcapng format.
//
// A worker copies into a ring of its own and never waits; a thread of the tap empties the rings and hands the capture out. What does not
// fit the ring is counted as missed.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "elements/sdk/units.h"
#include "runtime/observe/byte_ring.h"
#include "runtime/observe/edge_hooks.h"
#include "runtime/observe/packet_filter.h"

namespace smartswitch::observe {

struct TapOptions {
  static constexpr std::uint32_t kLongest = 65535;

  /// "classify.get": what leaves an element by an output. "classify": by any. "clients": a port of the file, both ways.
  std::string place{};
  std::string filter{};                   ///< pcap-filter(7); empty: any packet
  std::uint32_t snaplen = kLongest;       ///< bytes of a packet to keep, at most
  std::uint64_t count = 0;                ///< ends after so many packets; 0: no limit
  Duration length{};                      ///< ends after that time; 0: no limit
  ByteSize ring{std::uint64_t{4} << 20};  ///< of each worker
};

/// Takes the next bytes of the capture, on the tap's thread, and may wait. What it returns, if not empty, is why no more can be taken:
/// the tap ends then.
using TapSink = std::function<std::string(std::span<const std::uint8_t>)>;

class Tap final : public EdgeUser {
 public:
  struct Counts {
    std::uint64_t packets = 0;  ///< in the capture
    std::uint64_t missed = 0;   ///< that passed and matched, but found a ring full
  };

  /// Whether the options are right and fit `wiring`; if not, why, in `problems`.
  static bool check(const TapOptions& options, const Wiring& wiring, Problems& problems);
  /// Null, with the reasons in `problems`, if the options are wrong or do not fit `wiring`.
  static std::unique_ptr<Tap> make(const TapOptions& options, const Wiring& wiring, TapSink sink, Problems& problems);
  /// Ends it.
  ~Tap() override;

  void attach(std::shared_ptr<const Wiring> wiring) override;
  [[nodiscard]] bool wants(const Edge& edge) const override;
  void pass(const Edge& edge, Batch& batch, Onward onward) override;

  /// Waits until it has come to its end by itself (count, time, or its sink takes no more) or end() was called, or `at_most` has gone by.
  /// True if there is an end. Any thread.
  bool wait(Duration at_most);
  /// Writes what is left and the statistics. After it was removed from its edges, so that nothing comes any more. Once.
  void end();
  /// Any thread.
  [[nodiscard]] Counts counts() const;
  /// Why the sink took no more; empty if it took everything. After end().
  [[nodiscard]] const std::string& fault() const { return fault_; }

 private:
  struct Record;
  struct Lane;
  Tap(TapOptions options, PacketFilter filter, TapSink sink);
  void keep(Lane& lane, std::uint32_t interface, Packet packet, std::int64_t time);
  [[nodiscard]] bool full() const { return options_.count != 0 && taken_.load(std::memory_order_relaxed) >= options_.count; }
  void run();
  bool rest();
  void describe_interfaces();
  void write_rings();
  void write_statistics();
  void write_statistics_now_and_then();
  void hand_out();

  TapOptions options_;
  PacketFilter filter_;
  TapSink sink_;
  std::int64_t wall_minus_monotonic_ = 0;
  std::int64_t last_moment_ = 0;  // ns, CLOCK_MONOTONIC
  std::shared_ptr<const Wiring> wiring_;
  std::vector<std::uint32_t> interfaces_;  // by edge: its number among `names_`
  std::atomic<std::uint64_t> taken_{0};
  std::atomic<std::uint64_t> missed_{0};

  std::mutex mutex_;  // for what stands between here and the thread
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Lane>>
      lanes_;                       // by worker, of those that have left, too; workers need no lock: nobody adds to them meanwhile
  std::vector<std::string> names_;  // of interfaces
  bool ending_ = false;
  bool ended_ = false;
  std::thread thread_;

  // The thread's own.
  std::vector<ByteRing*> rings_;  // of all lanes
  std::vector<std::string> new_names_;
  std::uint32_t described_ = 0;       // interfaces in the capture so far
  std::uint64_t missed_told_ = 0;     // what the capture says of missed packets
  std::int64_t next_statistics_ = 0;  // when it may say so again
  std::vector<std::uint8_t> out_;
  std::vector<std::uint8_t> bytes_;
  std::string fault_;
};

}  // namespace smartswitch::observe
