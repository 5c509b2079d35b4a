// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <pcap/pcap.h>

#include "tests/unit/basic/frames.h"

namespace smartswitch::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Value filter(const std::string& expression) { return Value::map({{"filter", expression}}); }

/// What libpcap's own interpreter says.
class Reference {
 public:
  explicit Reference(const std::string& expression) {
    pcap_t* handle = pcap_open_dead(DLT_EN10MB, 65535);
    EXPECT_EQ(pcap_compile(handle, &program_, expression.c_str(), 1, PCAP_NETMASK_UNKNOWN), 0) << expression << ": " << pcap_geterr(handle);
    pcap_close(handle);
  }
  ~Reference() { pcap_freecode(&program_); }
  Reference(const Reference&) = delete;
  Reference& operator=(const Reference&) = delete;
  [[nodiscard]] bool matches(const Bytes& bytes) const {
    const auto length = static_cast<u_int>(bytes.size());
    return bpf_filter(program_.bf_insns, bytes.data(), length, length) != 0;
  }

 private:
  bpf_program program_{};
};

const char* const kExpressions[] = {
    "",
    "ip",
    "ip6",
    "arp",
    "udp",
    "tcp",
    "not udp",
    "udp port 11211",
    "udp dst port 11211 and src host 10.0.0.1",
    "tcp port 11211 or arp",
    "net 10.0.0.0/24",
    "ip6 host fd00::1",
    "vlan",
    "vlan 100",
    "vlan 100 and udp port 11211",
    "vlan and vlan 200 and ip",
    "greater 100",
    "less 60",
    "len = 14",
    "icmp[icmptype] = icmp-echo",
    "tcp[tcpflags] & (tcp-syn|tcp-ack) != 0",
    "ip[6:2] & 0x1fff != 0",
    "ip[2:2] > 40 and ip[8] < 65",
    "udp[8:4] = 0x00070000",
    "udp[8:2] + 1 = 8",
    "ether[0] & 1 = 1",
    "ether src 02:00:00:00:00:01",
    "ether multicast",
    "ether[len - 1] = 0xee",
    "ip[ip[0] & 15] = 3",
    "portrange 900-1000",
    "ip proto 17 and not dst port 53",
    "ether[1300:4] != 0",
    "ether[8000:4] = 0x6a6a6a6a",
};

TEST(BpfFilter, TellsPacketsApart) {
  TestBench bench("BpfFilter", filter("udp port 53"));
  const Bytes dns = frame().ipv4("10.0.0.1", "10.0.0.2").udp(53, 999);
  bench.push({numbered(1), dns, numbered(2)});
  ASSERT_THAT(bench.output("out"), SizeIs(1));
  EXPECT_EQ(bench.output("out")[0].bytes, dns);
  EXPECT_THAT(numbers(bench.output("other")), ElementsAre(1, 2));
}

TEST(BpfFilter, DropsTheOthersIfTheirOutputIsLoose) {
  TestBench::Options options;
  options.unconnected = {"other"};
  TestBench bench("BpfFilter", filter("udp port 53"), options);
  bench.push(numbered(0, 4));
  EXPECT_EQ(bench.counter("no_match"), 4U);
  EXPECT_THAT(bench.output("out"), IsEmpty());
}

TEST(BpfFilter, AgreesWithLibpcapAboutEveryPacket) {
  std::vector<Bytes> packets;
  for (const NastyPacket& nasty : nasty_packets()) {
    if (!nasty.bytes.empty()) packets.push_back(nasty.bytes);
  }
  for (const char* expression : kExpressions) {
    SCOPED_TRACE(expression);
    const Reference reference(expression);
    TestBench bench("BpfFilter", filter(expression));
    std::size_t matching = 0;
    for (std::size_t i = 0; i < packets.size(); ++i) {
      bench.push({packets[i]});
      const bool matches = reference.matches(packets[i]);
      matching += matches ? 1 : 0;
      ASSERT_EQ(bench.output("out").size(), matching) << "packet " << i << " of " << packets[i].size() << " bytes";
    }
  }
}

// Arithmetic on bytes, at fixed places and behind the IP header: every instruction that libpcap makes comes up.
std::string random_expression(Random& random) {
  const auto below = [&](unsigned n) { return static_cast<unsigned>((random.next() >> 32) % n); };
  static constexpr const char* kOperators[] = {"+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>"};
  static constexpr const char* kRelations[] = {"=", "!=", "<", ">", "<=", ">="};
  static constexpr const char* kLayers[] = {"ether", "ip", "udp", "tcp", "icmp", "ip6"};
  static constexpr unsigned kSizes[] = {1, 2, 4};
  const std::string layer = kLayers[below(6)];
  const auto operand = [&]() -> std::string {
    switch (below(4)) {
      case 0:
        return std::to_string(1 + below(31));
      case 1:
        return "len";
      default:
        return fmt::format("{}[{}:{}]", layer, below(24), kSizes[below(3)]);
    }
  };
  std::string sum = fmt::format("{}[{}:{}]", layer, below(24), kSizes[below(3)]);
  for (unsigned n = below(4); n > 0; --n) sum = fmt::format("({} {} {})", sum, kOperators[below(10)], operand());
  return fmt::format("{}{} {} {}", below(4) == 0 ? "not " : "", sum, kRelations[below(6)], operand());
}

TEST(BpfFilter, AgreesWithLibpcapAboutRandomExpressions) {
  Random random(1);
  int tried = 0;
  for (int i = 0; i < 400; ++i) {
    const std::string expression = random_expression(random);
    SCOPED_TRACE(expression);
    if (!TestBench::problems_of("BpfFilter", filter(expression)).empty()) continue;  // such as a division by a constant 0
    ++tried;
    const Reference reference(expression);
    TestBench bench("BpfFilter", filter(expression));
    std::size_t matching = 0;
    for (std::size_t n = static_cast<std::size_t>(i) % 7 + 1; n < nasty_packets().size(); n += 7) {
      const Bytes& bytes = nasty_packets()[n].bytes;
      if (bytes.empty()) continue;
      bench.push({bytes});
      matching += reference.matches(bytes) ? 1 : 0;
      ASSERT_EQ(bench.output("out").size(), matching) << nasty_packets()[n].name;
    }
  }
  EXPECT_GT(tried, 200);
}

TEST(BpfFilter, AgreesWithLibpcapAboutPacketsInSegments) {
  for (const char* expression : kExpressions) {
    SCOPED_TRACE(expression);
    const Reference reference(expression);
    TestBench bench("BpfFilter", filter(expression));
    std::size_t matching = 0;
    const auto expect_agreement = [&](const Bytes& bytes, std::size_t first) {
      push_one(bench, segmented(bench, bytes, first));
      matching += reference.matches(bytes) ? 1 : 0;
      ASSERT_EQ(bench.output("out").size(), matching) << bytes.size() << " bytes, " << first << " in the first segment";
    };
    for (const std::size_t first : {0, 1, 7, 13, 14, 15, 23, 30, 36, 42, 100}) ASSERT_NO_FATAL_FAILURE(expect_agreement(jumbo(), first));
    for (std::size_t i = 0; i < nasty_packets().size(); i += 3) {
      const Bytes& bytes = nasty_packets()[i].bytes;
      for (const std::size_t first : {1, 13, 20, 36}) {
        if (bytes.size() <= first) continue;
        ASSERT_NO_FATAL_FAILURE(expect_agreement(bytes, first));
      }
    }
  }
}

TEST(BpfFilter, RunsProgramsWithLoops) {
  TestBench bench("BpfFilter", filter("ip6 protochain 17"));
  bench.push({nasty::extension_chain(0, 3), frame().ipv6("fd00::1", "fd00::2").tcp(1, 2)});
  EXPECT_THAT(bench.output("out"), SizeIs(1));
  EXPECT_THAT(bench.output("other"), SizeIs(1));
}

TEST(BpfFilter, ReportsBadExpressionsInLibpcapsWords) {
  const Problems problems = TestBench::problems_of("BpfFilter", Value::map({{"filter", Value("udp prt 53", {"f.yaml", 4, 20})}}));
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_THAT(problems.list()[0].message, AllOf(HasSubstr("the filter `udp prt 53` does not compile"), HasSubstr("syntax error")));
  EXPECT_EQ(problems.list()[0].where, (Location{"f.yaml", 4, 20}));
  EXPECT_THAT(said(TestBench::problems_of("BpfFilter", filter("tcp and udp"))), HasSubstr("rejects all packets"));
  EXPECT_THAT(said(TestBench::problems_of("BpfFilter")), HasSubstr("needs the parameter `filter`"));
}

TEST(BpfFilter, SortsNastyPackets) {
  TestBench bench("BpfFilter", filter("udp port 11211"));
  push_nasty_packets(bench);
  EXPECT_THAT(bench.output("out"), ::testing::Not(IsEmpty()));
}

}  // namespace
}  // namespace smartswitch::testing
