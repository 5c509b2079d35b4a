// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/cache_bucket.h"

#include <gtest/gtest.h>

namespace smartswitch::memcached {
namespace {

TEST(CacheBucket, NeverForgetsThatThereWereWrites) {
  CacheBucket bucket{};
  bucket.epoch = UINT32_MAX - 1;
  bucket.count_writes(1);
  EXPECT_EQ(bucket.epoch, UINT32_MAX);
  bucket.count_writes(1);
  EXPECT_EQ(bucket.epoch, 1U);
}

}  // namespace
}  // namespace smartswitch::memcached
