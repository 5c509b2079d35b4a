// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/draw.h"
#include "graph/load.h"
#include "tests/unit/runtime/command_fixture.h"

namespace smartswitch {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class NewConfigTest : public CommandTest {
 protected:
  graph::Plan made(const std::string& arguments) {
    const Result result = run("new-config " + arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.err, IsEmpty());
    EXPECT_THAT(result.out, StartsWith("# Made by `smartswitch new-config"));
    graph::Loaded loaded = graph::load_text(result.out, "made.yaml", {});
    for (const graph::Diagnostic& d : loaded.diagnostics) ADD_FAILURE() << render(d, false);
    return loaded.plan ? std::move(*loaded.plan) : graph::Plan();
  }
  static std::string device(const graph::Plan& plan, const std::string& port) {
    for (const graph::Port& p : plan.ports) {
      if (p.name == port) return p.device;
    }
    return "no such port";
  }
};

TEST_F(NewConfigTest, SaysWhatKindsThereAre) {
  const Result kinds = run("new-config");
  EXPECT_EQ(kinds.exit_code, 0);
  for (const char* kind : {"bridge", "capture", "generate", "impair", "memswitch"}) EXPECT_THAT(kinds.out, HasSubstr(kind));
}

TEST_F(NewConfigTest, EveryKindIsRightAsItIs) {
  for (const char* kind : {"bridge", "capture", "generate", "impair", "memswitch"}) {
    SCOPED_TRACE(kind);
    made(kind);
  }
}

TEST_F(NewConfigTest, TakesInterfacesAndDpdkDevices) {
  const graph::Plan plan = made("bridge --device eth1 --device 0000:3b:00.0,arg=1");
  EXPECT_EQ(device(plan, "a"), "net_af_packet0,iface=eth1");
  EXPECT_EQ(device(plan, "b"), "0000:3b:00.0,arg=1");
  EXPECT_EQ(device(made("generate --device net_null3"), "out"), "net_null3");
}

TEST_F(NewConfigTest, AsManyServersAsThereAre) {
  for (const std::size_t servers : {1U, 2U, 3U, 12U}) {
    SCOPED_TRACE(servers);
    std::string arguments = "memswitch --client eth0";
    for (std::size_t i = 1; i <= servers; ++i) {
      arguments +=
          " --server node-" + std::to_string(i * 11) + "=veth" + std::to_string(i) + ",02:00:00:00:0a:01,10.0.0." + std::to_string(i);
    }
    const graph::Plan plan = made(arguments);
    EXPECT_EQ(plan.ports.size(), servers + 1);
    EXPECT_EQ(device(plan, "server" + std::to_string(servers)),
              "net_af_packet" + std::to_string(servers) + ",iface=veth" + std::to_string(servers));
    ASSERT_FALSE(plan.states.empty());
    const std::vector<Value>& pool = plan.states.front().parameters.find("servers")->items();
    ASSERT_EQ(pool.size(), servers);
    EXPECT_EQ(pool.back().find("name")->text(), "node-" + std::to_string(servers * 11));
    EXPECT_EQ(pool.back().find("address")->text(), "10.0.0." + std::to_string(servers));
  }
}

TEST_F(NewConfigTest, WithTheExamplesServersItIsTheExample) {
  const graph::Plan plan =
      made("memswitch --client client --server mc1=server1,02:00:00:00:01:01,10.11.0.11 --server mc2=server2,02:00:00:00:01:02,10.11.0.12");
  const graph::Loaded example = graph::load_file(std::string(SMARTSWITCH_SOURCE_DIR) + "/configs/memswitch.yaml", {});
  ASSERT_TRUE(example.plan);
  EXPECT_EQ(graph::draw_dot(plan), graph::draw_dot(*example.plan));
}

TEST_F(NewConfigTest, ValuesWithCommentsBehindThem) {
  const Result result =
      run("new-config capture --set FILTER='udp port 53 and host not 10.0.0.1' --set \"FILE=it's.pcap\" --set SNAPLEN=64");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("  FILTER: 'udp port 53 and host not 10.0.0.1'   # as tcpdump takes it"));
  EXPECT_THAT(result.out, HasSubstr("  FILE: 'it''s.pcap'\n"));
  EXPECT_THAT(result.out, HasSubstr("  SNAPLEN: 64              # bytes of each packet to keep"));
  EXPECT_THAT(result.out, Not(HasSubstr("SPDX")));
}

TEST_F(NewConfigTest, SaysWhatIsWrong) {
  const auto expect = [this](const std::string& arguments, int exit_code, const std::string& message) {
    SCOPED_TRACE(arguments);
    const Result result = run("new-config " + arguments);
    EXPECT_EQ(result.exit_code, exit_code);
    EXPECT_THAT(result.out, IsEmpty());
    EXPECT_THAT(result.err, HasSubstr(message));
  };
  expect("memswich", 2, "did you mean `memswitch`?");
  expect("bridge --device a --device b --device c", 2, "3 devices are too many for `bridge`");
  expect("bridge --server a=b,02:00:00:00:01:01,10.0.0.1", 2, "`bridge` has no servers");
  expect("bridge --set A_DEVICE=x", 2, "it has `A_DEV` and `B_DEV`");
  expect("memswitch --server eth1,02:00:00:00:01:01,10.0.0.1", 2, "a name is missing");
  expect("memswitch --server a=eth1,10.0.0.1", 2, "are needed");
  expect("memswitch --server a=eth1,02:00,10.0.0.1", 2, "`02:00` is no MAC address");
  expect("memswitch --server a=eth1,02:00:00:00:01:01,10.0.0", 2, "`10.0.0` is no IPv4 address");
  expect("memswitch --server 'a}=eth1,02:00:00:00:01:01,10.0.0.1'", 2, "a name has letters");
  expect("memswitch --set CACHE_MEMORY=much", 1, "`much` is not a byte size");
}

}  // namespace
}  // namespace smartswitch
