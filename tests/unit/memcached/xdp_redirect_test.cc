// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The programs run in the kernel here, on packets that they are given by the call that tests programs: no interface is touched. That takes
// root. What they do on interfaces: tests/integration/xdp_test.py.
#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <rte_byteorder.h>

#include <functional>
#include <random>

#include "elements/memcached/backend_pool.h"
#include "elements/memcached/xdp_program.h"
#include "tests/unit/memcached/backends.h"
#include "tests/unit/memcached/requests.h"

namespace smartswitch::memcached {
namespace {

using testing::Bytes;
using testing::TestBench;
using Side = XdpProgram::Side;

constexpr std::uint32_t kServiceInHostOrder = 0x0A000064;  // kService

// The programs with a pool of mc0, mc1, ... behind an interface that does not matter.
struct InKernel {
  explicit InKernel(int servers_in_pool, std::vector<Value::Member> more = {}) {
    std::vector<Value::Member> parameters = servers(servers_in_pool).members();
    parameters.insert(parameters.end(), more.begin(), more.end());
    state = testing::make_state("BackendPool", Value::map(std::move(parameters)));
    Problems problems;
    program = XdpProgram::load(problems);
    EXPECT_TRUE(problems.empty()) << problems.list()[0].message;
    xdp_table& table = program->table();
    table.port = rte_cpu_to_be_16(11211);
    table.replies_to = 1;
    table.services = 2;
    table.service[1] = rte_cpu_to_be_32(kServiceInHostOrder);
    for (std::size_t i = 0; i < pool().servers().size(); ++i) {
      std::memcpy(table.server[i].mac, pool().servers()[i].mac->bytes.data(), sizeof table.server[i].mac);
      table.server[i].interface = 1;
    }
    update();
  }
  [[nodiscard]] BackendPool& pool() const { return static_cast<BackendPool&>(*state); }
  void update() const { program->set_ring(*pool().ring()); }

  // The packet as it leaves for a server, or for a client, or nothing if it goes on to the switch, untouched.
  [[nodiscard]] std::optional<Bytes> redirected(const Bytes& packet, Side side = Side::kClients) const {
    Bytes out(packet.size() + 512);
    bpf_test_run_opts run{};
    run.sz = sizeof run;
    run.data_in = packet.data();
    run.data_size_in = static_cast<std::uint32_t>(packet.size());
    run.data_out = out.data();
    run.data_size_out = static_cast<std::uint32_t>(out.size());
    run.repeat = 1;
    EXPECT_EQ(bpf_prog_test_run_opts(program->descriptor(side), &run), 0) << std::strerror(errno);
    out.resize(run.data_size_out);
    if (run.retval == XDP_REDIRECT) return out;
    EXPECT_EQ(run.retval, static_cast<std::uint32_t>(XDP_PASS));
    EXPECT_EQ(out, packet);
    return std::nullopt;
  }
  [[nodiscard]] bool redirects_reply(const Bytes& packet) const {
    const std::optional<Bytes> out = redirected(packet, Side::kServers);
    EXPECT_TRUE(!out || *out == packet);
    return out.has_value();
  }
  // Which server gets a request for `key`; BackendPool::kNone: that is for the switch to say.
  [[nodiscard]] std::uint32_t server_of(const std::string& key) const {
    const std::optional<Bytes> out = redirected(request("get " + key + "\r\n"));
    return out ? (*out)[5] : BackendPool::kNone;
  }
  [[nodiscard]] std::uint32_t chosen_by_switch(const std::string& key) const { return pool().choose(hash_key(key), key); }

  std::unique_ptr<State> state;
  std::unique_ptr<XdpProgram> program;
};

class XdpRedirect : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(geteuid(), 0U) << "only root may load programs into the kernel"; }
};

std::string some_key(std::size_t length, unsigned number) {
  std::minstd_rand random(number * 1000 + static_cast<unsigned>(length));
  std::string key(length, ' ');
  for (char& c : key) c = static_cast<char>('!' + random() % 222);  // bytes above 127 too
  return key;
}

TEST_F(XdpRedirect, ChoosesAsTheSwitchDoesForKeysOfEachLength) {
  const InKernel kernel(7);
  for (std::size_t length = 1; length <= XDP_LONGEST_KEY; ++length) {
    for (unsigned i = 0; i < 30; ++i) {
      const std::string key = some_key(length, i);
      ASSERT_EQ(kernel.server_of(key), kernel.chosen_by_switch(key)) << length << " bytes: " << key;
    }
  }
}

TEST_F(XdpRedirect, RewritesTheDestinationMacAndNothingElse) {
  const InKernel kernel(1);
  Bytes expected = request("get somekey\r\n");
  const Bytes mac = {0x02, 0x00, 0x00, 0x00, 0x01, 0x00};
  std::copy(mac.begin(), mac.end(), expected.begin());
  EXPECT_EQ(kernel.redirected(request("get somekey\r\n")), expected);
  EXPECT_EQ(kernel.program->redirected().gets, 1U);
  expected.insert(expected.end(), 18, 0xEE);
  Bytes padded = request("get somekey\r\n");
  padded.insert(padded.end(), 18, 0xEE);
  EXPECT_EQ(kernel.redirected(padded), expected);
}

TEST_F(XdpRedirect, LeavesToTheSwitchWhatIsNotPlain) {
  const InKernel kernel(3);
  for (const std::string text : {"get a b\r\n",
                                 "get  a\r\n",
                                 "get a \r\n",
                                 "get \r\n",
                                 "get a",
                                 "get a\r",
                                 "get a\n",
                                 "get a\r\n ",
                                 "get a\r\nget b\r\n",
                                 "gets a\r\n",
                                 "GET a\r\n",
                                 "get\ta\r\n",
                                 "set a 0 0 1\r\n1\r\n",
                                 "mg a v\r\n",
                                 "delete a\r\n",
                                 "version\r\n",
                                 "get a\tb\r\n",
                                 "get \1\r\n",
                                 "get a\r\n\r\n",
                                 "",
                                 "g"}) {
    EXPECT_FALSE(kernel.redirected(request(text))) << text;
  }
  EXPECT_FALSE(kernel.redirected(request("get " + std::string(XDP_LONGEST_KEY + 1, 'k') + "\r\n")));
  EXPECT_FALSE(kernel.redirected(request("get " + std::string(250, 'k') + "\r\n")));
  EXPECT_EQ(kernel.program->redirected().gets, 0U);
}

TEST_F(XdpRedirect, LeavesToTheSwitchWhatIsNoWholeRequestForTheService) {
  const InKernel kernel(3);
  const testing::PacketBuilder ether = testing::PacketBuilder().ether(kClientMac, kServiceMac);
  const testing::PacketBuilder ip = testing::PacketBuilder(ether).ipv4(kClient, kService);
  const std::string frame = testing::memcached_frame(1, "get a\r\n");
  ASSERT_TRUE(kernel.redirected(testing::PacketBuilder(ip).udp(4000, 11211).payload(frame)));
  EXPECT_FALSE(kernel.redirected(testing::PacketBuilder(ether).ipv4(kClient, "10.0.0.101").udp(4000, 11211).payload(frame)));
  EXPECT_FALSE(kernel.redirected(testing::PacketBuilder(ip).udp(4000, 11212).payload(frame)));
  EXPECT_FALSE(kernel.redirected(testing::PacketBuilder(ip).udp(11211, 11211).payload(frame)));
  EXPECT_FALSE(kernel.redirected(testing::PacketBuilder(ip).udp(0, 11211).payload(frame)));
  EXPECT_FALSE(kernel.redirected(testing::PacketBuilder(ip).tcp(4000, 11211).payload(frame)));
  EXPECT_FALSE(kernel.redirected(testing::PacketBuilder(ip).vlan(5).udp(4000, 11211).payload(frame)));
  EXPECT_FALSE(kernel.redirected(testing::PacketBuilder(ether).ipv6("fd00::1", "fd00::2").udp(4000, 11211).payload(frame)));
  EXPECT_FALSE(kernel.redirected(testing::PacketBuilder(ip).udp(4000, 11211).payload(frame).fragment(0, true)));
  Bytes parts = request("get a\r\n");
  parts[14 + 20 + 8 + 5] = 2;  // of two datagrams
  EXPECT_FALSE(kernel.redirected(parts));
}

TEST_F(XdpRedirect, GoesWithThePoolAsServersGoDownAndComeBack) {
  const InKernel kernel(4);
  const auto agrees = [&] {
    for (unsigned i = 0; i < 500; ++i) {
      const std::string key = some_key(16, i);
      if (kernel.server_of(key) != kernel.chosen_by_switch(key)) return false;
    }
    return true;
  };
  ASSERT_TRUE(agrees());
  kernel.pool().set_well(2, false);
  EXPECT_FALSE(agrees()) << "nobody has told the kernel yet";
  kernel.update();
  EXPECT_TRUE(agrees());
  kernel.pool().set_well(0, false);
  kernel.pool().set_well(3, false);
  kernel.update();
  EXPECT_TRUE(agrees());
  kernel.pool().set_well(1, false);
  kernel.update();
  EXPECT_TRUE(agrees()) << "no server is up";
  kernel.pool().set_well(2, true);
  kernel.update();
  EXPECT_TRUE(agrees());
}

TEST_F(XdpRedirect, LeavesKeysWithoutAServerToTheSwitch) {
  const InKernel kernel(2, {{"when_down", "refuse"}});
  kernel.pool().set_well(0, false);
  kernel.update();
  std::map<std::uint32_t, int> servers_seen;
  for (unsigned i = 0; i < 200; ++i) {
    const std::string key = some_key(10, i);
    const std::uint32_t server = kernel.server_of(key);
    EXPECT_EQ(server, kernel.chosen_by_switch(key));
    ++servers_seen[server];
  }
  EXPECT_EQ(servers_seen.size(), 2U);
  kernel.program->table().server[1].interface = 0;
  EXPECT_EQ(kernel.server_of(some_key(10, 1)), BackendPool::kNone) << "no way to it is known";
}

TEST_F(XdpRedirect, HasRoomForRingsOfTheSizeThatItSays) {
  std::vector<Value> many;
  for (int i = 0; i < 409; ++i) many.push_back(Value::map({{"name", "server" + std::to_string(i)}}));
  const auto large = testing::make_state("BackendPool", Value::map({{"servers", Value::list(many)}}));
  const InKernel kernel(1);
  const auto points = static_cast<BackendPool&>(*large).ring();
  ASSERT_LE(points->size(), static_cast<std::size_t>(XDP_MOST_POINTS));
  kernel.program->set_ring(*points);
  for (std::size_t i = 0; i < many.size(); ++i)
    kernel.program->table().server[i] = {{2, 0, 0, 0, static_cast<__u8>(i >> 8), static_cast<__u8>(i)}, 0, 1};
  for (unsigned i = 0; i < 500; ++i) {
    const std::string key = some_key(20, i);
    const auto out = kernel.redirected(request("get " + key + "\r\n"));
    ASSERT_TRUE(out);
    EXPECT_EQ((*out)[4] * 256U + (*out)[5], static_cast<BackendPool&>(*large).choose(hash_key(key), key));
  }
}

TEST_F(XdpRedirect, TakesRequestsFromClientsOnly) {
  const auto takes_one_from = [](const std::vector<std::string>& networks) {
    const InKernel kernel(1);
    ClientNetworks clients;
    for (const std::string& network : networks) EXPECT_TRUE(clients.add(network));
    kernel.program->set_clients(clients);
    return kernel.redirected(request("get a\r\n")).has_value();
  };
  EXPECT_TRUE(takes_one_from({}));
  EXPECT_TRUE(takes_one_from({"1.0.0.0/8", "10.0.0.1"}));
  EXPECT_FALSE(takes_one_from({"1.0.0.0/8", "10.0.0.2"}));
  EXPECT_TRUE(takes_one_from({"0.0.0.0/0", "::/0"}));
  EXPECT_TRUE(takes_one_from({"::/0"}));
  EXPECT_FALSE(takes_one_from({"fd00::/8"})) << "networks of IPv6 alone let nobody of IPv4 in";
}

// Whatever the kernel redirects, the switch would have sent to the same server, too.
TEST_F(XdpRedirect, RedirectsNothingThatTheSwitchWouldNot) {
  const InKernel kernel(3);
  TestBench::Options options;
  options.states["backends"] = kernel.state.get();
  TestBench guard("RequestGuard");
  TestBench classify("MemcachedClassifier", Value::map({{"service", Value::list({Value(std::string(kService)), Value("0.0.0.0")})}}));
  TestBench choose("KeyHashSwitch", Value::map({{"backends", "backends"}}), options);
  std::minstd_rand random(7);
  unsigned redirected = 0;
  for (unsigned i = 0; i < 20'000; ++i) {
    Bytes packet = request("get " + some_key(1 + random() % 130, i) + "\r\n");
    for (unsigned n = random() % 4; n > 0; --n) {
      // Mostly where it matters: the headers.
      const std::size_t place = random() % 2 == 0 ? random() % std::min<std::size_t>(packet.size(), 56) : random() % packet.size();
      packet[place] = static_cast<std::uint8_t>(random() % 3 == 0 ? random() % 256 : packet[place] + 1);
    }
    if (random() % 8 == 0) packet.resize(std::max<std::size_t>(14, packet.size() - random() % 20));
    const std::optional<Bytes> out = kernel.redirected(packet);
    if (!out) continue;
    ++redirected;
    guard.push({packet});
    const auto passed = guard.take("out");
    ASSERT_EQ(passed.size(), 1U) << i;
    hand_over(classify, passed[0]);
    const auto gets = classify.take("get");
    ASSERT_EQ(gets.size(), 1U) << i;
    hand_over(choose, gets[0]);
    const auto chosen = choose.take("out");
    ASSERT_EQ(chosen.size(), 1U) << i;
    ASSERT_EQ(chosen[0].bytes, *out) << i;
  }
  EXPECT_GT(redirected, 4'000U);
}

constexpr std::uint16_t kClientPort = 4000;

// As much of what a server sends to a client as matters. `sequence` of `total`: memcached's datagrams.
struct ServersReply {
  std::uint16_t id = 1;
  std::uint16_t sequence = 0;
  std::uint16_t total = 1;
  std::uint16_t to_port = kClientPort;
  std::string_view to_mac = kClientMac;
  std::string_view to = kClient;
  std::string_view from = kService;
  std::uint16_t from_port = 11211;

  [[nodiscard]] Bytes packet() const {
    std::string payload = testing::memcached_frame(id, "END\r\n");
    for (const auto& [place, number] : {std::pair{2, sequence}, {4, total}}) {
      payload[place] = static_cast<char>(number >> 8);
      payload[place + 1] = static_cast<char>(number);
    }
    return testing::PacketBuilder().ether(kServiceMac, to_mac).ipv4(from, to).udp(from_port, to_port).payload(payload);
  }
};

TEST_F(XdpRedirect, SendsRepliesBackToWhereGetsCameFrom) {
  const InKernel kernel(3);
  EXPECT_FALSE(kernel.redirects_reply(ServersReply().packet())) << "nobody has asked";
  ASSERT_TRUE(kernel.redirected(request("get a\r\n", 1)));
  EXPECT_FALSE(kernel.redirects_reply(ServersReply{.id = 2}.packet()));
  EXPECT_FALSE(kernel.redirects_reply(ServersReply{.to_port = kClientPort + 1}.packet()));
  EXPECT_FALSE(kernel.redirects_reply(ServersReply{.to_mac = "02:00:00:00:00:77"}.packet()));
  EXPECT_FALSE(kernel.redirects_reply(ServersReply{.to = "10.0.0.77"}.packet()));
  EXPECT_FALSE(kernel.redirects_reply(ServersReply{.from = "10.0.0.77"}.packet()));
  EXPECT_FALSE(kernel.redirects_reply(ServersReply{.from_port = 11212}.packet()));
  EXPECT_TRUE(kernel.redirects_reply(ServersReply().packet()));
  EXPECT_FALSE(kernel.redirects_reply(ServersReply().packet())) << "it has had its reply";
  EXPECT_EQ(kernel.program->redirected().gets, 1U);
  EXPECT_EQ(kernel.program->redirected().replies, 1U);
}

TEST_F(XdpRedirect, SendsAllPartsOfAReply) {
  const InKernel kernel(3);
  ASSERT_TRUE(kernel.redirected(request("get a\r\n", 7)));
  for (std::uint16_t sequence = 0; sequence < 300; ++sequence)
    EXPECT_TRUE(kernel.redirects_reply(ServersReply{.id = 7, .sequence = sequence, .total = 300}.packet())) << sequence;
  EXPECT_FALSE(kernel.redirects_reply(ServersReply{.id = 7, .sequence = 0, .total = 300}.packet()));
}

TEST_F(XdpRedirect, LeavesRepliesToWhatTheSwitchHasSeenToTheSwitch) {
  const InKernel kernel(3);
  ASSERT_TRUE(kernel.redirected(request("get a\r\n", 1)));
  ASSERT_TRUE(kernel.redirected(request("get a\r\n", 2)));
  ASSERT_FALSE(kernel.redirected(request("set a 0 0 1\r\n1\r\n", 1)));
  EXPECT_FALSE(kernel.redirects_reply(ServersReply{.id = 1}.packet())) << "the last request of this number was a write";
  EXPECT_TRUE(kernel.redirects_reply(ServersReply{.id = 2}.packet()));
  kernel.program->table().replies_to = 0;
  ASSERT_TRUE(kernel.redirected(request("get a\r\n", 1)));
  kernel.program->table().replies_to = 1;
  EXPECT_FALSE(kernel.redirects_reply(ServersReply{.id = 1}.packet())) << "replies were not to be redirected";
}

TEST_F(XdpRedirect, KnowsTheRepliesToManyGetsUnderWay) {
  const InKernel kernel(3);
  constexpr unsigned kMany = 4'000;
  unsigned found = 0;
  for (unsigned id = 0; id < kMany; ++id) ASSERT_TRUE(kernel.redirected(request("get a\r\n", static_cast<std::uint16_t>(id))));
  for (unsigned id = 0; id < kMany; ++id)
    found += kernel.redirects_reply(ServersReply{.id = static_cast<std::uint16_t>(id)}.packet()) ? 1 : 0;
  // Of two that fall on the same place, the younger one counts: 4,000 of 65,536 at random leave 97 in 100.
  EXPECT_GT(found, kMany * 95 / 100);
}

TEST_F(XdpRedirect, TakesNothingForAReplyThatIsNone) {
  const InKernel kernel(3);
  std::minstd_rand random(11);
  unsigned redirected = 0;
  for (unsigned i = 0; i < 20'000; ++i) {
    ASSERT_TRUE(kernel.redirected(request("get a\r\n", 1)));
    const Bytes whole = ServersReply().packet();
    Bytes packet = whole;
    for (unsigned n = random() % 4; n > 0; --n) packet[random() % packet.size()] = static_cast<std::uint8_t>(random() % 256);
    if (random() % 8 == 0) packet.resize(std::max<std::size_t>(14, packet.size() - random() % 20));
    if (!kernel.redirects_reply(packet)) continue;
    ++redirected;
    // Destination and type, IP's version to its fragments, protocol, addresses, ports, the request's number.
    for (const auto& [from, to] : {std::pair{0, 6}, {12, 15}, {16, 18}, {23, 24}, {26, 40}, {42, 44}})
      ASSERT_TRUE(std::equal(packet.begin() + from, packet.begin() + to, whole.begin() + from)) << i << ", from byte " << from;
  }
  EXPECT_GT(redirected, 4'000U);
}

TEST_F(XdpRedirect, SaysWhatIsWrongBeforeItStarts) {
  const auto problem = [](const Value& pool_parameters, std::vector<Value::Member> parameters) {
    const auto pool = testing::make_state("BackendPool", pool_parameters);
    pool->set_name("backends");
    TestBench::Options options;
    options.states["backends"] = pool.get();
    for (Value::Member& member :
         std::vector<Value::Member>{{"service", Value::list({"10.0.0.100"})}, {"backends", "backends"}, {"interface", "lo"}}) {
      const auto given = std::find_if(parameters.begin(), parameters.end(), [&](const auto& m) { return m.key == member.key; });
      if (given == parameters.end()) parameters.push_back(member);
    }
    const Problems problems = TestBench::problems_of("XdpRedirect", Value::map(parameters), options);
    return problems.empty() ? std::string() : problems.list()[0].message;
  };
  const Value ways = Value::map({{"mc0", "lo"}});
  EXPECT_EQ(problem(servers(2), {{"ways", ways}, {"interface", "no_such"}}), "there is no interface no_such: No such device");
  EXPECT_EQ(problem(servers(2), {{"ways", Value::map({{"mc0", "no_such"}})}}), "there is no interface no_such: No such device");
  EXPECT_EQ(problem(servers(2), {{"ways", Value::map({{"mc7", "lo"}})}}), "`ways` names `mc7`, which is none of the servers of `backends`");
  EXPECT_EQ(problem(servers(2), {{"ways", ways}, {"service", Value::list({})}}), "`service` has 0 addresses");
  std::vector<Value::Member> modula = servers(2).members();
  modula.emplace_back("distribution", "modula");
  EXPECT_EQ(problem(Value::map(modula), {{"ways", ways}}), "the kernel cannot choose as `backends` does");
}

}  // namespace
}  // namespace smartswitch::memcached
