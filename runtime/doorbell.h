// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What wakes a worker that sleeps: descriptors of its devices that can be read from as long as packets wait (poll(2)), a point in time, or
// another thread. Between two sleeps it costs nothing: nobody is on the descriptors' lists of waiters then. And it misses nothing: poll(2)
// joins those lists before it looks, so a packet that comes after the last look at its device ends the sleep or keeps it from beginning.
#pragma once

#include <poll.h>

#include <atomic>
#include <cstdint>
#include <vector>

namespace smartswitch::runtime {

/// For the thread that sleeps, except ring().
class Doorbell {
 public:
  enum class Listen : std::uint8_t {
    kBells,  ///< to everything
    kRing,   ///< to ring() only
  };

  /// Throws std::system_error if the process has no descriptor left.
  Doorbell();
  ~Doorbell();
  Doorbell(const Doorbell&) = delete;
  Doorbell& operator=(const Doorbell&) = delete;

  /// `descriptor` stays its owner's, and open for as long as anybody sleeps here, or until remove_all().
  void add(int descriptor);
  void remove_all();
  /// Sleeps until a bell rings, ring() is called or `until` is there (ns of CLOCK_MONOTONIC; INT64_MAX: never). A signal may end it early.
  /// Returns whether a bell rang.
  bool sleep(std::int64_t until, Listen listen = Listen::kBells);
  /// From any thread: ends the sleep and all later ones at once, until silence().
  void ring();
  void silence();

 private:
  const int ring_;
  std::vector<pollfd> bells_;  // ring_ is the first
};

}  // namespace smartswitch::runtime
