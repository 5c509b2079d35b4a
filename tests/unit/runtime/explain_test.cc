// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gmock/gmock.h>

#include "tests/unit/runtime/command_fixture.h"

namespace smartswitch {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

class Explain : public CommandTest {
 protected:
  Result explain(const std::string& packet, const std::string& more = {}) {
    return run("explain " SMARTSWITCH_SOURCE_DIR "/configs/memswitch.yaml '" + packet + "' " + more);
  }
};

TEST_F(Explain, AGetGoesToTheServerOfItsKey) {
  const Result result = explain("udp 10.11.0.1:999 -> 10.11.0.100:11211 get foo");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out,
              ContainsRegex("classify +MemcachedClassifier +-> get +gets \\+1; verb get; key foo; key hash ab6e5f64077e7d8a\n"));
  EXPECT_THAT(result.out, ContainsRegex("cache +CacheResponder +-> out +misses \\+1\n"));
  EXPECT_THAT(result.out,
              ContainsRegex("choose +KeyHashSwitch +-> out +server mc1 \\(10.11.0.11:11211\\); destination MAC 02:00:00:00:01:01"));
  EXPECT_THAT(result.out, ContainsRegex("to_server1 +ToDevice +sent\n"));
}

TEST_F(Explain, AWriteInvalidatesTheCache) {
  EXPECT_THAT(explain("udp 10.11.0.1:999 -> 10.11.0.100:11211 set foo 0 0 3\\r\\nbar").out,
              ContainsRegex("classify .*-> write .*\n.*invalidate +CacheInvalidate +-> out"));
}

TEST_F(Explain, AStrangerIsDroppedByName) {
  const Result result = explain("udp 10.11.0.1:999 -> 10.11.0.100:11211 get foo", "--set CLIENT_NETWORKS=10.9.0.0/16");
  EXPECT_THAT(result.out, ContainsRegex("guard +RequestGuard +dropped: not_a_client"));
  EXPECT_THAT(result.out, Not(HasSubstr("defragment")));
}

TEST_F(Explain, AForbiddenCommandIsRefused) {
  EXPECT_THAT(explain("udp 10.11.0.1:999 -> 10.11.0.100:11211 flush_all").out,
              ContainsRegex("filter_control +CommandFilter +-> refused +forbidden \\+1\n.*refuse +ErrorResponder +-> out"));
}

TEST_F(Explain, ArpPingAndVersionSix) {
  EXPECT_THAT(explain("arp who-has 10.11.0.100 tell 10.11.0.1").out, ContainsRegex("arp +ARPResponder +-> reply +answered \\+1"));
  EXPECT_THAT(explain("icmp 10.11.0.1 -> 10.11.0.100").out, ContainsRegex("ping +ICMPEchoResponder +-> reply +answered \\+1"));
  EXPECT_THAT(explain("tcp [2001:db8::1]:999 -> [2001:db8::2]:80 syn", "--port server1").out,
              ContainsRegex("from from_server1 .*\n(.*\n)*.*switch +EtherSwitch +-> clients, server2"));
}

TEST_F(Explain, WritesJson) {
  const Result result = explain("udp 10.11.0.1:999 -> 10.11.0.100:11211 get foo", "--json --bytes 14");
  EXPECT_THAT(result.out, HasSubstr("\"server\": \"mc1 (10.11.0.11:11211)\""));
  EXPECT_THAT(result.out, HasSubstr("\"bytes\": \"0200000000020200000000010800\""));
}

TEST_F(Explain, SaysWhatIsWrong) {
  Result result = explain("udp 10.11.0.1 -> 10.11.0.100:11211 get foo");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("packet:1:5: error: `10.11.0.1` is not ADDRESS:PORT\n"));
  result = explain("icmp 10.11.0.1 -> 10.11.0.100", "--port clint");
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("no packet comes in by a port `clint`"));
  EXPECT_THAT(result.err, HasSubstr("packets come in by `clients`, `server1` and `server2`"));
}

// What would touch files and wait for time.
TEST_F(Explain, TouchesNoFileAndLetsTimePass) {
  const std::string capture = folder_ / "capture.pcap";
  const std::string graph = file("delay.yaml", R"(smartswitch: 1
elements:
  in: {class: Source, count: 1}
  wait: {class: Impair, delay: 200ms}
  write: {class: ToPcap, file: )" + capture + R"(}
  queue: Queue
  end: Discard
connections: [in -> wait -> queue -> write -> end]
)");
  const Result result = run("explain " + graph + " 'icmp 10.0.0.1 -> 10.0.0.2'");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(
      result.out,
      ContainsRegex("wait +Impair +-> out.*\n.*queue +Queue +-> out.*\n.*write +ToPcap +-> out.*\n.*end +Discard +dropped: discarded"));
  EXPECT_FALSE(std::filesystem::exists(capture));
}

}  // namespace
}  // namespace smartswitch
