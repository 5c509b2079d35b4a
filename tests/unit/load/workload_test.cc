// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/load/workload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/load/served_client.h"

namespace smartswitch::load {
namespace {

using ::testing::HasSubstr;

// Key 7 alone, of which sets are asked for where that is possible.
class OneKey : public ::testing::Test {
 protected:
  // Chooses a request and writes it, and returns its text.
  std::string ask(UnderWay& request, bool again = false) {
    workload_.choose(request);
    return write(request, again);
  }
  std::string write(UnderWay& request, bool again = false) {
    const Packet packet = bench_.packet(testing::Bytes());
    workload_.write(packet, 5000, request, again);
    EXPECT_EQ(packet.length(), workload_.bytes(request));
    const std::string text(reinterpret_cast<const char*>(packet.data()) + sizeof(DatagramHeaders),
                           packet.length() - sizeof(DatagramHeaders));
    rte_pktmbuf_free(packet.mbuf());
    return text;
  }
  static std::string hit(const std::string& set) { return ServedClient::hit("key7", set.substr(17, 32)); }

  testing::TestBench bench_{"Discard"};
  Workload workload_{{.keys = 1, .first_key = 7, .key_size = 4, .distribution = {}, .sizes = {}, .get_ratio = 0, .verify = true, .seed = 1},
                     RequestAddresses{},
                     9};
};

TEST_F(OneKey, HasOneSetUnderWayUntilThatIsAnsweredOrLost) {
  UnderWay first;
  EXPECT_TRUE(workload_.choose(first));
  EXPECT_TRUE(first.set);
  EXPECT_THAT(write(first), HasSubstr("set key7 0 0 32\r\n"));
  UnderWay second;
  EXPECT_FALSE(workload_.choose(second));
  EXPECT_FALSE(second.set);
  EXPECT_EQ(write(second), "get key7\r\n");
  EXPECT_EQ(workload_.answered(first, "STORED\r\n"), Verdict::kStored);
  EXPECT_TRUE(workload_.choose(first));
  write(first);
  EXPECT_FALSE(workload_.choose(second));
  workload_.lost(first);
  EXPECT_TRUE(workload_.choose(first));
  write(first);
  EXPECT_EQ(workload_.answered(first, "SERVER_ERROR busy\r\n"), Verdict::kError);
  EXPECT_TRUE(workload_.choose(first));
}

TEST_F(OneKey, TakesNoValueFromBeforeAnAnsweredSet) {
  UnderWay set;
  const std::string old = ask(set);
  workload_.answered(set, "STORED\r\n");
  const std::string newer = ask(set);
  UnderWay before;
  ask(before);
  workload_.answered(set, "STORED\r\n");
  ask(set);  // so that the next is a get
  UnderWay after;
  ask(after);
  EXPECT_EQ(workload_.answered(before, hit(old)), Verdict::kHit);
  EXPECT_EQ(workload_.answered(after, hit(newer)), Verdict::kHit);
  EXPECT_EQ(workload_.answered(after, hit(old)), Verdict::kWrong);
  EXPECT_EQ(workload_.reason(after, hit(old)), "the answer to a get of key7 is version 1; 2 to 3 could be");
}

TEST_F(OneKey, TakesBothValuesOnceTheAnswerToASetIsLost) {
  UnderWay set;
  const std::string old = ask(set);
  workload_.answered(set, "STORED\r\n");
  const std::string lost = ask(set);
  workload_.lost(set);
  const std::string newer = ask(set);
  workload_.answered(set, "STORED\r\n");
  ask(set);
  UnderWay get;
  ask(get);
  for (const std::string& value : {old, lost, newer}) EXPECT_EQ(workload_.answered(get, hit(value)), Verdict::kHit);
}

TEST_F(OneKey, RepeatsALostSetAsItWas) {
  UnderWay set;
  const std::string first = ask(set);
  workload_.lost(set);
  EXPECT_EQ(ask(set, true), first);
  workload_.lost(set);
  EXPECT_NE(ask(set), first);
}

}  // namespace
}  // namespace smartswitch::load
