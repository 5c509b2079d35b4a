// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// A Batch owns up to kCapacity packets, in order. It lives on the stack of whoever fills it; whoever is given one leaves it empty:
// packets are passed on, kept, or dropped. A Batch that still has packets when it goes out of scope frees them, so that a fault
// never leaks, but nothing counts them then: the test bench fails on it.
#pragma once

#include <cassert>
#include <cstddef>
#include <utility>

#include "elements/sdk/packet.h"

namespace smartswitch {

class Batch {
 public:
  /// The most that one burst from a device may be. 32 is the default burst (docs/performance.md says what other sizes cost).
  static constexpr unsigned kCapacity = 64;

  Batch() {}  // NOLINT: the array stays uninitialised on purpose; clearing 512 bytes a hop would cost more than the hop
  ~Batch() { free_all(); }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  class Iterator {
   public:
    explicit Iterator(rte_mbuf* const* at) : at_(at) {}
    Packet operator*() const { return Packet(*at_); }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    bool operator==(const Iterator&) const = default;

   private:
    rte_mbuf* const* at_;
  };
  [[nodiscard]] Iterator begin() const { return Iterator(mbufs_); }
  [[nodiscard]] Iterator end() const { return Iterator(mbufs_ + size_); }

  [[nodiscard]] unsigned size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] bool full() const { return size_ == kCapacity; }
  [[nodiscard]] Packet operator[](unsigned i) const { return Packet(mbufs_[i]); }

  /// Takes ownership. There must be room.
  void add(Packet packet) {
    assert(size_ < kCapacity);
    mbufs_[size_++] = packet.mbuf();
  }
  /// Forgets all packets without freeing them: their owner is now whoever took them through mbufs() or operator[].
  void release() { size_ = 0; }
  /// For DPDK calls that fill or take an array: room for kCapacity pointers; then set_size().
  [[nodiscard]] rte_mbuf** mbufs() { return mbufs_; }
  void set_size(unsigned n) {
    assert(n <= kCapacity);
    size_ = n;
  }

  /// Keeps, in order, the packets for which `stays(packet)` is true and moves the others to `others`.
  template <class Predicate>
  void split(Batch& others, Predicate&& stays) {
    unsigned kept = 0;
    for (unsigned i = 0; i < size_; ++i) {
      rte_mbuf* mbuf = mbufs_[i];
      if (stays(Packet(mbuf))) {
        mbufs_[kept++] = mbuf;
      } else {
        others.add(Packet(mbuf));
      }
    }
    size_ = kept;
  }

  void free_all() {
    if (size_ == 0) return;
    rte_pktmbuf_free_bulk(mbufs_, size_);
    size_ = 0;
  }

 private:
  unsigned size_ = 0;
  rte_mbuf* mbufs_[kCapacity];
};

}  // namespace smartswitch
