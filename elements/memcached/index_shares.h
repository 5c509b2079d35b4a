// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstddef>

#include "elements/memcached/cache_bucket.h"

namespace smartswitch::memcached {

/// How the memory of an ItemStore is shared out. An eighth is index: at 70 % load, enough for items of 90 bytes.
constexpr std::size_t buckets_in(std::size_t bytes) { return bytes / 8 / sizeof(CacheBucket); }
constexpr std::size_t items_in(std::size_t bytes) { return bytes - buckets_in(bytes) * sizeof(CacheBucket); }

}  // namespace smartswitch::memcached
