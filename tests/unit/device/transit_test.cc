// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/device/transit.h"

#include <gtest/gtest.h>

#include <set>

#include "elements/sdk/testing/test_bench.h"

namespace smartswitch::testing {
namespace {

class Transit : public ::testing::Test {
 protected:
  Transit() {
    stamper_.start(problems_);
    departures_.start(problems_);
  }
  ~Transit() override { EXPECT_TRUE(problems_.empty()); }

  // A batch of `n` that comes at `now` and leaves `later` ns after it.
  void pass(unsigned n, std::int64_t now, std::int64_t later) {
    Batch batch;
    for (unsigned i = 0; i < n; ++i) batch.add(bench_.packet(Bytes(60)));
    stamper_.stamp(batch, now, [&] { return now; });
    departures_.collect(batch);
    departures_.record(
        n, [&] { return now + later; }, histogram_);
    for (const Packet packet : batch) EXPECT_EQ(packet.mbuf()->ol_flags & departures_.flag(), 0U);
  }
  [[nodiscard]] std::uint64_t count_of(std::int64_t ns) const { return histogram_.at(DurationHistogram::index_of(ns)); }

  Problems problems_;
  TestBench bench_{"PassThrough"};
  ArrivalStamper stamper_;
  Departures departures_;
  DurationHistogram histogram_;
};

TEST_F(Transit, AStampStandsForAllSinceTheOneBefore) {
  pass(1, 0, 500);
  EXPECT_EQ(count_of(500), 1U);
  pass(10, ArrivalStamper::kApart - 1, 9000);  // too early for another
  EXPECT_EQ(count_of(9000), 0U);
  pass(4, ArrivalStamper::kApart, 70);
  EXPECT_EQ(count_of(70), 14U);
  EXPECT_EQ(histogram_.sum(), 500U + 14 * 70);
  EXPECT_EQ(histogram_.max(), 500);
}

TEST_F(Transit, SeveralStampsInABatchShareWhatTheyStandFor) {
  Batch batch;
  for (int i = 0; i < 7; ++i) {
    Batch one;
    one.add(bench_.packet(Bytes(60)));
    stamper_.stamp(one, i * ArrivalStamper::kApart, [&] { return i * ArrivalStamper::kApart; });
    batch.add(one[0]);
    one.release();
  }
  departures_.collect(batch);
  departures_.record(
      100, [] { return 6 * ArrivalStamper::kApart; }, histogram_);
  std::uint64_t all = 0;
  for (unsigned i = 0; i < DurationHistogram::kCounts; ++i) all += histogram_.at(i);
  EXPECT_EQ(all, 100U);
  EXPECT_EQ(histogram_.max(), 6 * ArrivalStamper::kApart);
  EXPECT_EQ(histogram_.min(), 0);
}

TEST_F(Transit, EveryPlaceOfABatchIsStamped) {
  std::set<unsigned> places;
  for (int i = 0; i < 8; ++i) {
    Batch batch;
    for (int k = 0; k < 8; ++k) batch.add(bench_.packet(Bytes(60)));
    stamper_.stamp(batch, i * ArrivalStamper::kApart, [] { return 0; });
    for (unsigned k = 0; k < 8; ++k) {
      if ((batch[k].mbuf()->ol_flags & departures_.flag()) != 0) places.insert(k);
    }
  }
  EXPECT_EQ(places.size(), 8U);
}

}  // namespace
}  // namespace smartswitch::testing
