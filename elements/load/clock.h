// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstdint>
#include <ctime>

namespace smartswitch::load {

inline std::int64_t read_clock(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return t.tv_sec * 1'000'000'000LL + t.tv_nsec;
}
/// Of the clock that Element::now() is of.
inline std::int64_t clock_now() { return read_clock(CLOCK_MONOTONIC); }

}  // namespace smartswitch::load
