// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/observe/tap.h"

#include <gmock/gmock.h>
#include <pcap/pcap.h>

#include <cstdio>
#include <filesystem>

#include "tests/unit/runtime/observed_graph.h"

namespace smartswitch::observe {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::numbered;
using testing::ObservedGraph;

constexpr const char* kGraph = R"(
elements:
  in: {class: Source, count: 1}
  filter: {class: BpfFilter, filter: udp port 9}
  end: Discard
  rest: Discard
connections: [in -> filter -> end, filter.other -> rest]
)";

// A tap on a graph, and what it has handed out.
class Tapped {
 public:
  Tapped(ObservedGraph& graph, const TapOptions& options, std::string fault = {}) : graph_(graph) {
    Problems problems;
    const auto sink = [this, fault](std::span<const std::uint8_t> bytes) {
      capture.insert(capture.end(), bytes.begin(), bytes.end());
      return fault;
    };
    tap = Tap::make(options, *graph.wiring(), sink, problems);
    for (const Problem& problem : problems.list()) ADD_FAILURE() << problem.message;
    graph.hooks.add(*tap);
  }
  void end() {
    graph_.hooks.remove(*tap);
    tap->end();
  }
  std::unique_ptr<Tap> tap;
  std::vector<std::uint8_t> capture;

 private:
  ObservedGraph& graph_;
};

struct Captured {
  std::uint32_t length;
  std::vector<std::uint8_t> bytes;
  timeval time;
};

// As libpcap, and with it tcpdump and Wireshark, reads it.
std::vector<Captured> read_back(const std::vector<std::uint8_t>& capture) {
  std::vector<Captured> packets;
  FILE* file = fmemopen(const_cast<std::uint8_t*>(capture.data()), capture.size(), "r");
  char error[PCAP_ERRBUF_SIZE] = "";
  pcap_t* pcap = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, error);
  if (pcap == nullptr) {
    ADD_FAILURE() << error;
    return packets;
  }
  pcap_pkthdr* header = nullptr;
  const u_char* data = nullptr;
  int got = 0;
  while ((got = pcap_next_ex(pcap, &header, &data)) == 1) {
    packets.push_back({header->len, {data, data + header->caplen}, header->ts});
  }
  EXPECT_EQ(got, PCAP_ERROR_BREAK) << pcap_geterr(pcap);
  pcap_close(pcap);
  return packets;
}

TEST(Tap, CapturesWhatPassesAnEdge) {
  ObservedGraph graph(kGraph);
  const auto before = graph.targets();
  Tapped tapped(graph, {.place = "filter.other"});
  graph.push("in", {numbered(1), numbered(2, 10), numbered(3, 10)});
  tapped.end();
  EXPECT_EQ(graph.targets(), before);
  const auto packets = read_back(tapped.capture);
  ASSERT_EQ(packets.size(), 2U);
  EXPECT_EQ(packets[0].bytes, testing::Bytes(numbered(2, 10)));
  EXPECT_EQ(packets[1].bytes, testing::Bytes(numbered(3, 10)));
  EXPECT_GT(packets[0].time.tv_sec, 1'600'000'000);
  EXPECT_EQ(tapped.tap->counts().packets, 2U);
  EXPECT_EQ(tapped.tap->counts().missed, 0U);
}

TEST(Tap, CapturesAllOutputsOfAnElement) {
  ObservedGraph graph(kGraph);
  Tapped tapped(graph, {.place = "filter"});
  graph.push("in", {numbered(1), numbered(2, 10)});
  tapped.end();
  EXPECT_EQ(read_back(tapped.capture).size(), 2U);
  const std::string text(tapped.capture.begin(), tapped.capture.end());
  EXPECT_THAT(text, HasSubstr("filter.out"));
  EXPECT_THAT(text, HasSubstr("filter.other"));
}

TEST(Tap, FiltersAndCutsAndCounts) {
  ObservedGraph graph(kGraph);
  Tapped tapped(graph, {.place = "in", .filter = "udp port 9", .snaplen = 20, .count = 2});
  EXPECT_FALSE(tapped.tap->wait(Duration{0}));
  graph.push("in", {numbered(1), numbered(2, 10), numbered(3), numbered(4)});
  EXPECT_TRUE(tapped.tap->wait(Duration{10'000'000'000}));
  tapped.end();
  const auto packets = read_back(tapped.capture);
  ASSERT_EQ(packets.size(), 2U);
  EXPECT_EQ(packets[1].bytes.size(), 20U);
  EXPECT_EQ(packets[1].length, testing::Bytes(numbered(1)).size());
}

TEST(Tap, AFullRingMissesAndNeverWaits) {
  ObservedGraph graph(kGraph);
  std::mutex gate;
  gate.lock();
  Problems problems;
  // The sink takes nothing until the test lets it, so that the ring fills.
  const auto sink = [&](std::span<const std::uint8_t>) {
    const std::lock_guard wait(gate);
    return std::string();
  };
  const auto tap = Tap::make({.place = "in", .ring = ByteSize{128 << 10}}, *graph.wiring(), sink, problems);
  ASSERT_NE(tap, nullptr);
  graph.hooks.add(*tap);
  constexpr unsigned kPackets = 10'000;
  for (unsigned i = 0; i < kPackets / 50; ++i) graph.push("in", std::vector<testing::Bytes>(50, numbered(1)));
  graph.hooks.remove(*tap);
  gate.unlock();
  tap->end();
  EXPECT_GT(tap->counts().missed, 0U);
  EXPECT_EQ(tap->counts().packets + tap->counts().missed, kPackets);
}

TEST(Tap, EndsWhenItsSinkIsFull) {
  ObservedGraph graph(kGraph);
  Tapped tapped(graph, {.place = "in"}, "No space left on device");
  EXPECT_TRUE(tapped.tap->wait(Duration{10'000'000'000}));
  graph.push("in", {numbered(1)});
  tapped.end();
  EXPECT_EQ(tapped.tap->fault(), "No space left on device");
}

TEST(Tap, SaysWhatIsWrongWithItsOptions) {
  ObservedGraph graph(kGraph);
  const auto problem = [&](const TapOptions& options) -> std::string {
    Problems problems;
    EXPECT_EQ(Tap::make(
                  options, *graph.wiring(), [](auto) { return std::string(); }, problems),
              nullptr);
    return problems.empty() ? "" : problems.list()[0].message + " | " + problems.list()[0].hint;
  };
  EXPECT_EQ(problem({.place = "filtr.out"}), "there is no port or element `filtr.out` | did you mean `filter`?");
  EXPECT_EQ(problem({.place = "filter.oter"}), "nothing leaves at `filter.oter` | `filter` has the outputs `out` and `other`");
  EXPECT_EQ(problem({.place = "end"}),
            "nothing leaves at `end` | no output of `end` leads anywhere; its packets can be had where they come from");
  EXPECT_THAT(problem({.place = "in", .filter = "udp prt"}), HasSubstr("does not compile"));
  EXPECT_EQ(problem({.place = "in", .snaplen = 3}), "3 bytes of a packet cannot be kept | 14 to 65535 can");
}

}  // namespace
}  // namespace smartswitch::observe
