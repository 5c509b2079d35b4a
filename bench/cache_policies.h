// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Ways of choosing what a cache keeps, written for counting hits: items are numbers, and nothing is stored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <unordered_map>
#include <vector>

namespace smartswitch::bench {

/// A cache of `capacity` bytes. Whatever is asked for and is not there comes in.
class Policy {
 public:
  explicit Policy(std::size_t capacity) : capacity_(capacity) {}
  virtual ~Policy() = default;
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;
  /// True if the item was there.
  virtual bool get(std::uint32_t item, std::uint32_t bytes) = 0;

 protected:
  std::size_t capacity_;
};

class Lru final : public Policy {
 public:
  using Policy::Policy;
  bool get(std::uint32_t item, std::uint32_t bytes) override;

 private:
  struct Entry {
    std::uint32_t item, bytes;
  };
  std::list<Entry> queue_;  // the oldest is last
  std::unordered_map<std::uint32_t, std::list<Entry>::iterator> at_;
  std::size_t used_ = 0;
};

/// First in, first out, but what was asked for meanwhile goes round once more.
class Clock final : public Policy {
 public:
  using Policy::Policy;
  bool get(std::uint32_t item, std::uint32_t bytes) override;

 private:
  struct Entry {
    std::uint32_t bytes;
    bool referenced;
  };
  std::deque<std::uint32_t> queue_;
  std::unordered_map<std::uint32_t, Entry> entries_;
  std::size_t used_ = 0;
};

/// SIEVE (Zhang et al., NSDI 2024): as Clock, but what is kept stays where it is, and the hand moves over it.
class Sieve final : public Policy {
 public:
  using Policy::Policy;
  bool get(std::uint32_t item, std::uint32_t bytes) override;

 private:
  struct Entry {
    std::uint32_t item, bytes;
    bool visited;
  };
  using Queue = std::list<Entry>;
  void evict();
  Queue queue_;  // the newest is first
  Queue::iterator hand_ = queue_.end();
  std::unordered_map<std::uint32_t, Queue::iterator> at_;
  std::size_t used_ = 0;
};

/// S3-FIFO (Yang et al., SOSP 2023): a small queue that newcomers have to pass by being asked for again, a main queue, and a list of the
/// names of those that did not pass.
class S3Fifo final : public Policy {
 public:
  explicit S3Fifo(std::size_t capacity) : Policy(capacity), small_capacity_(capacity / 10) {}
  bool get(std::uint32_t item, std::uint32_t bytes) override;

 private:
  struct Entry {
    std::uint32_t bytes;
    std::uint8_t frequency;
    bool main;
  };
  void evict();
  void evict_small();
  void evict_main();
  std::size_t small_capacity_;
  std::deque<std::uint32_t> small_, main_;
  std::size_t small_used_ = 0;
  std::size_t main_used_ = 0;
  std::unordered_map<std::uint32_t, Entry> entries_;
  // A name is a ghost while fewer than main_.size() others have become one since.
  std::unordered_map<std::uint32_t, std::uint64_t> ghosts_;
  std::deque<std::pair<std::uint32_t, std::uint64_t>> ghost_queue_;
  std::uint64_t ghost_number_ = 0;
};

}  // namespace smartswitch::bench
