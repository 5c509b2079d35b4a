// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "elements/sdk/batch.h"
#include "elements/sdk/counter.h"

namespace smartswitch {

/// How an input is called: the element, the input's number among inputs of its name, the batch (left empty by the callee).
using Entry = void (*)(void* element, unsigned index, Batch& batch);

/// One output port: a direct call into the input it is connected to. Unconnected, it drops and counts.
class Output {
 public:
  /// What a push calls.
  struct Target {
    Entry entry = nullptr;
    void* element = nullptr;
    unsigned index = 0;
    bool operator==(const Target&) const = default;
  };
  void connect(Entry entry, void* element, unsigned index) {
    entry_ = entry;
    element_ = element;
    index_ = index;
  }
  [[nodiscard]] bool connected() const { return element_ != nullptr; }
  /// For whoever puts something between, and later back what was there: the runtime, while no worker is at work.
  [[nodiscard]] Target target() const { return {entry_, element_, index_}; }

  /// Gives all packets of `batch` to the next element. An empty batch goes nowhere.
  void push(Batch& batch) {
    if (batch.empty()) return;
    packets_.add(batch.size());
    entry_(element_, index_, batch);
    assert(batch.empty());
  }
  void push(Packet packet) {
    Batch batch;
    batch.add(packet);
    push(batch);
  }
  /// Packets that left through here, whether connected or not.
  [[nodiscard]] std::uint64_t packets() const { return packets_.value(); }

 private:
  static void drop_unconnected(void*, unsigned, Batch& batch) { batch.free_all(); }
  Entry entry_ = &drop_unconnected;
  void* element_ = nullptr;
  unsigned index_ = 0;
  Counter packets_;
};

/// Output ports of one name, numbered or named after a parameter. Sorts the packets of a batch by output:
///
///   for (Packet p : batch) outs_.add(choose(p), p);
///   batch.release();
///   outs_.flush();
class OutputArray {
 public:
  /// Called by the graph before anything runs.
  void resize(unsigned n) {
    lanes_ = std::make_unique<Lane[]>(n);
    size_ = n;
    touched_.clear();
    touched_.reserve(n);
  }
  [[nodiscard]] unsigned size() const { return size_; }
  [[nodiscard]] Output& operator[](unsigned i) { return lanes_[i].output; }
  [[nodiscard]] const Output& operator[](unsigned i) const { return lanes_[i].output; }

  /// Takes ownership of `packet`; it leaves through output `i` at the next flush(), or when that output's batch is full.
  void add(unsigned i, Packet packet) {
    Lane& lane = lanes_[i];
    if (lane.pending.empty()) touched_.push_back(i);
    lane.pending.add(packet);
    if (lane.pending.full()) flush();
  }
  void flush() {
    for (unsigned i : touched_) lanes_[i].output.push(lanes_[i].pending);
    touched_.clear();
  }

 private:
  struct Lane {
    Output output;
    Batch pending;
  };
  std::unique_ptr<Lane[]> lanes_;
  unsigned size_ = 0;
  std::vector<unsigned> touched_;
};

}  // namespace smartswitch
