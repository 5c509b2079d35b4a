// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// That keys go where TwemProxy sends them is held against the real one in tests/integration/twemproxy_test.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/runtime/command_fixture.h"

namespace smartswitch {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class ImportTwemproxyTest : public CommandTest {
 protected:
  Result import(const std::string& text, const std::string& arguments = {}) {
    return run("import-twemproxy " + file("nc.yml", text) + " " + arguments);
  }
  // What is said on stderr, without the folder.
  std::string said(const std::string& text, const std::string& arguments = {}) {
    const Result result = import(text, arguments);
    EXPECT_THAT(result.out, IsEmpty());
    EXPECT_NE(result.exit_code, 0);
    return without_folder(result.err);
  }
  [[nodiscard]] std::string without_folder(std::string text) const {
    const std::string folder = folder_.string() + "/";
    for (std::size_t at = text.find(folder); at != std::string::npos; at = text.find(folder)) text.erase(at, folder.size());
    return text;
  }
  void expect_check_to_pass(const Result& imported) {
    ASSERT_EQ(imported.exit_code, 0) << imported.err;
    const Result checked = run("check " + file("imported.yaml", imported.out));
    EXPECT_EQ(checked.exit_code, 0) << checked.err;
  }
};

constexpr const char* kWholePool = R"(alpha:
  listen: 10.9.8.7:22121
  hash: murmur
  hash_tag: "{}"
  distribution: modula
  auto_eject_hosts: true
  timeout: 400
  backlog: 1024
  client_connections: 100
  tcpkeepalive: true
  preconnect: false
  redis: false
  server_connections: 1
  server_retry_timeout: 2000
  server_failure_limit: 3
  servers:
    - 10.0.0.3:11211:2
    - 10.0.0.20:11212:1
    - cache.example.org:11211:1 mc"1$
    - 10.0.0.3:11211:1 x
)";

TEST_F(ImportTwemproxyTest, CarriesAPoolOver) {
  const Result result = import(kWholePool);
  expect_check_to_pass(result);
  EXPECT_THAT(result.out, HasSubstr("    hash: murmur\n    distribution: modula\n    hash_tag: \"{}\"\n    when_down: next"));
  EXPECT_THAT(result.out, HasSubstr(R"(    servers:
      - {name: "x", mac: "${SERVER1_MAC}", address: 10.0.0.3, port: 11211, weight: 1}
      - {name: "mc\"1$$", mac: "${SERVER2_MAC}", address: "${SERVER2_ADDRESS}", port: 11211, weight: 1}
      - {name: "10.0.0.3", mac: "${SERVER3_MAC}", address: 10.0.0.3, port: 11211, weight: 2}
      - {name: "10.0.0.20:11212", mac: "${SERVER4_MAC}", address: 10.0.0.20, port: 11212, weight: 1}
)"));
  EXPECT_THAT(result.out, HasSubstr("HealthProber, backends: backends, cache: hot, failures: 3, back_off: 2000ms}"));
  EXPECT_THAT(result.out, HasSubstr("  SERVICE_ADDRESS: 10.9.8.7\n  SERVICE_PORT: 11211"));
  EXPECT_EQ(
      without_folder(result.err),
      "nc.yml:2:3: note: `listen: 10.9.8.7:22121` is left out: clients send UDP datagrams to SERVICE_ADDRESS and SERVICE_PORT instead\n"
      "nc.yml:7:3: note: `timeout: 400` is left out: a request over UDP that is not answered is the client's to repeat\n"
      "nc.yml:8:3: note: `backlog: 1024` is left out: requests over UDP have no connections\n"
      "nc.yml:9:3: note: `client_connections: 100` is left out: requests over UDP have no connections\n"
      "nc.yml:10:3: note: `tcpkeepalive: true` is left out: requests over UDP have no connections\n"
      "nc.yml:13:3: note: `server_connections: 1` is left out: requests over UDP have no connections\n"
      "nc.yml:17:7: note: `x` and `10.0.0.3` are on one host: each needs a MAC address of its own, from a macvlan interface, say\n"
      "nc.yml:18:7: note: `10.0.0.20:11212` has to listen on SERVICE_PORT, not on 11212\n"
      "nc.yml:19:7: note: `cache.example.org` is not an IPv4 address: fill in SERVER2_ADDRESS\n");
  const Result ran = run("run " + file("imported.yaml", result.out) + " --set CLIENT_DEV=net_ring0 --set SERVER_DEV=net_ring1 --for 1ms");
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  // The names come through all the quoting.
  const Result where = run("where " + file("imported.yaml", result.out), "printf 'k0\\nk1\\nk2\\nk3\\nk4\\nk5\\nk6\\nk7\\n' |");
  EXPECT_THAT(where.out, HasSubstr(" mc\"1$\n"));
}

TEST_F(ImportTwemproxyTest, KnowsTwemProxysDefaults) {
  const Result result = import("beta:\n  listen: 127.0.0.1:22121\n  servers: ['::1:11211:1']\n");
  expect_check_to_pass(result);
  EXPECT_THAT(result.out, HasSubstr("    hash: fnv1a_64\n    distribution: ketama\n    when_down: refuse"));
  EXPECT_THAT(result.out, HasSubstr("- {name: \"::1\", mac: \"${SERVER1_MAC}\", address: \"${SERVER1_ADDRESS}\""));
  EXPECT_THAT(result.out, HasSubstr("SERVICE_ADDRESS: 10.11.0.100\n"));
}

TEST_F(ImportTwemproxyTest, TakesOnePoolOfSeveral) {
  const std::string two =
      "a:\n  listen: /run/a.sock 0660\n  distribution: random\n  servers: [10.0.0.1:11211:1]\n"
      "b:\n  listen: 0.0.0.0:2\n  redis: true\n  redis_auth: secret\n  redis_db: 1\n  servers: [10.0.0.2:6379:1]\n";
  const Result result = import(two, "--pool a");
  expect_check_to_pass(result);
  EXPECT_THAT(result.out, HasSubstr("distribution: random"));
  EXPECT_EQ(said(two), "nc.yml: error: the file has several pools\n  hint: say which with --pool: `a` and `b`\n");
  EXPECT_EQ(import(two).exit_code, 2);
  EXPECT_EQ(said(two, "--pool cache"), "nc.yml: error: there is no pool `cache`\n  hint: there are `a` and `b`\n");
  const std::string redis = said(two, "--pool b");
  EXPECT_THAT(redis, HasSubstr("nc.yml:5:1: error: the pool `b` is Redis's\n"));
  EXPECT_THAT(redis, Not(HasSubstr("secret")));
}

TEST_F(ImportTwemproxyTest, SaysWhatIsWrongWithAPool) {
  const auto expect = [this](const std::string& directives, const std::string& message) {
    const std::string text = "p:\n  listen: 127.0.0.1:1\n" + directives + "  servers: [10.0.0.1:11211:1]\n";
    EXPECT_EQ(import(text).exit_code, 1);
    const std::string all = said(text);
    EXPECT_THAT(all, HasSubstr(message)) << directives;
    EXPECT_EQ(all.find("error:"), all.rfind("error:")) << all;
  };
  expect("  hash: fnv1a_46\n",
         "nc.yml:3:9: error: `fnv1a_46` is no hash of TwemProxy\n  hash: fnv1a_46\n        ^\n  hint: did you mean `fnv1a_64`?");
  expect("  distribution: maglev\n", "nc.yml:3:17: error: `maglev` is no distribution of TwemProxy");
  expect("  hash_tag: \"{\"\n", "nc.yml:3:13: error: `{` is not two characters");
  expect("  hash_tag: {}\n", "nc.yml:3:13: error: `hash_tag` is a map, not text");
  expect("  timeout: 1s\n", "nc.yml:3:12: error: `1s` is not a number from 0 to 2147483647");
  expect("  backlog: 2147483648\n", "nc.yml:3:12: error: `2147483648` is not a number from 0 to 2147483647");
  expect("  server_connections: 0\n", "nc.yml:3:23: error: `server_connections` cannot be 0");
  expect("  redis: yes\n", "nc.yml:3:10: error: `yes` is neither `true` nor `false`");
  expect("  redis_auth: x\n", "nc.yml:3:15: error: `redis_auth` is for pools with `redis: true`");
  expect("  auto_eject_host: true\n", "nc.yml:3:3: error: TwemProxy has no directive `auto_eject_host`");
  expect("  hash: md5\n  hash: md5\n", "nc.yml:4:3: error: ");
}

TEST_F(ImportTwemproxyTest, SaysWhatIsWrongWithAServer) {
  const auto expect = [this](const std::string& server, const std::string& message) {
    const std::string all = said("p:\n  listen: 127.0.0.1:1\n  servers:\n    - 10.0.0.1:11211:1\n    - " + server + "\n");
    EXPECT_THAT(all, HasSubstr(message)) << server;
    EXPECT_EQ(all.find("error:"), all.rfind("error:")) << all;
  };
  const std::string form = "hint: write `host:port:weight` or `host:port:weight name`\n";
  expect("10.0.0.2", "nc.yml:5:7: error: `10.0.0.2` is not a server\n");
  expect("10.0.0.2", form);
  expect("10.0.0.2:11211", "error: `10.0.0.2:11211` is not a server\n");
  expect("10.0.0.2:0:1", "error: `10.0.0.2:0:1` is not a server: `0` is no port\n");
  expect("10.0.0.2:65536:1", "error: `10.0.0.2:65536:1` is not a server: `65536` is no port\n");
  expect("10.0.0.2:11211:0", "error: `10.0.0.2:11211:0` is not a server: `0` is not a weight from 1 to 1000000\n");
  expect("10.0.0.2:11211:-1", "`-1` is not a weight from 1 to 1000000\n");
  expect("10.0.0.2:11211:1  name", "`1 ` is not a weight from 1 to 1000000\n");
  expect("'10.0.0.2:11211:1 '", "error: `10.0.0.2:11211:1 ` is not a server\n");
  expect("':11211:1'", "error: `:11211:1` is not a server\n");
  expect("/run/mc.sock:1", "error: `/run/mc.sock:1` is on a Unix socket, where no packet gets to\n");
  expect("{a: b}", "error: a map is not a server\n");
  expect("10.0.0.1:11211:5", "error: two servers are called `10.0.0.1`\n");
  expect("10.0.0.9:11211:5 10.0.0.1", "hint: the first is in line 4; give them names: `host:port:weight name`\n");
}

TEST_F(ImportTwemproxyTest, SaysWhatIsWrongWithAFile) {
  EXPECT_THAT(said(""), HasSubstr("nc.yml: error: a configuration of TwemProxy is a map of pools, not nothing\n"));
  EXPECT_THAT(said("- a\n"), HasSubstr("nc.yml:1:1: error: a configuration of TwemProxy is a map of pools, not a list\n"));
  EXPECT_THAT(said("{}\n"), HasSubstr("is a map of pools"));
  EXPECT_THAT(said("p: 1\n"), HasSubstr("nc.yml:1:4: error: the pool `p` is `1`, not a map of directives\n"));
  EXPECT_THAT(said("p:\n  listen: 127.0.0.1:1\n"), HasSubstr("nc.yml:1:1: error: the pool `p` has no `servers`\n"));
  EXPECT_THAT(said("p:\n  servers: [10.0.0.1:11211:1]\n"), HasSubstr("nc.yml:1:1: error: the pool `p` has no `listen`\n"));
  EXPECT_THAT(said("p:\n  listen: 127.0.0.1:1\n  servers: []\n"), HasSubstr("nc.yml:3:12: error: the pool `p` has no servers\n"));
  EXPECT_THAT(said("p:\n  listen: 127.0.0.1\n  servers: [10.0.0.1:11211:1]\n"),
              HasSubstr("nc.yml:2:11: error: `127.0.0.1` is no address and port\n"));
  EXPECT_THAT(said("p:\n  listen: 127.0.0.1:1\n  servers: 10.0.0.1:11211:1\n"),
              HasSubstr("nc.yml:3:12: error: `servers` is `10.0.0.1:11211:1`, not a list"));
  EXPECT_THAT(said("p: [\n"), HasSubstr("bad YAML"));
  EXPECT_THAT(without_folder(run("import-twemproxy " + (folder_ / "none.yml").string()).err), HasSubstr("none.yml: error: "));
  EXPECT_EQ(run("import-twemproxy").exit_code, 2);
}

}  // namespace
}  // namespace smartswitch
