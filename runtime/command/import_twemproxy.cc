// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "elements/sdk/units.h"
#include "graph/report.h"
#include "graph/sources.h"
#include "graph/yaml_reader.h"
#include "runtime/command/command.h"
#include "runtime/command/twemproxy.h"

namespace smartswitch::command {
namespace {

struct ImportOptions {
  std::string file;
  std::string pool;
};

// A text as YAML and the variables of a configuration read it back.
std::string yaml_text(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      result += fmt::format("\\{}", c);
    } else if (c == '$') {
      result += "$$";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      result += c;
    }
  }
  return result + "\"";
}

std::string mac_of(std::size_t server) { return fmt::format("02:00:00:00:{:02x}:{:02x}", 1 + (server >> 8), server & 0xFF); }

// As an example for the operator: of the network in RFC 2544.
std::string address_of(std::size_t server) { return to_string(Ipv4Address{(198U << 24 | 18U << 16) + static_cast<std::uint32_t>(server)}); }

// The address that TwemProxy listens on, if clients elsewhere can reach it.
std::string service_address(const TwemproxyPool& pool) {
  const auto address = parse_ipv4(pool.listen);
  const std::uint32_t net = address ? address->host_order >> 24 : 0;
  return net == 0 || net == 127 ? "10.11.0.100" : pool.listen;
}

constexpr std::string_view kHead = R"(#
#   clients --- [ clients    switch    servers ] --- an Ethernet switch --- memcached, memcached, ...
#
# To be filled in, below or with --set: the devices, the service's address, and the MAC address of each server.
#
# Clients send their requests (text protocol over UDP) to the service address. Every server has it on its loopback device and so answers the
# client directly:
#   ip address add SERVICE_ADDRESS/32 dev lo
#   sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2   # only the switch speaks for the address
#   memcached -U SERVICE_PORT -l OWN_ADDRESS,SERVICE_ADDRESS
smartswitch: 1

variables:
  # Any DPDK device: a PCI address, or a virtual device such as these, which take over network interfaces of Linux.
  CLIENT_DEV: "net_af_packet0,iface=client"
  SERVER_DEV: "net_af_packet1,iface=servers"
)";

constexpr std::string_view kVariables = R"(  SERVICE_MAC: "02:00:00:00:00:64"   # an address that no card has
  # The switch's own address towards the servers: for requests that it splits, and for what it asks them itself.
  SWITCH_ADDRESS: 10.11.0.99
  SWITCH_MAC: "02:00:00:00:00:63"
  # Who may ask for what: networks with commas between. UDP's source addresses can be forged, so take no more than there are clients in.
  CLIENT_NETWORKS: "0.0.0.0/0, ::/0"
  OPERATOR_NETWORKS: 127.0.0.1       # those of clients that may flush_all, and change servers' settings: nobody
  MTU: 1500                          # of the networks on both sides
  CACHE_MEMORY: 256MiB
  # How long a value may be served before its server is asked again.
  CACHE_MAX_AGE: 10s
  # No request or reply may be on its way for longer than this, a busy server's queue included.
  REPLY_LIFETIME: 2s
)";

// configs/memswitch.yaml with one port for all servers.
constexpr std::string_view kRest =
    R"(  hot: {class: KeyCache, exact_expiry: true, memory: "${CACHE_MEMORY}", max_age: "${CACHE_MAX_AGE}", reply_lifetime: "${REPLY_LIFETIME}"}
  own: {class: RequestTable, address: "${SWITCH_ADDRESS}", mac: "${SWITCH_MAC}"}
  joins: {class: JoinTable}

ports:
  clients: {device: "${CLIENT_DEV}"}
  servers: {device: "${SERVER_DEV}"}

elements:
  from_clients: {class: PollDevice, port: clients}
  from_servers: {class: PollDevice, port: servers}
  to_clients: {class: ToDevice, port: clients}
  to_servers: {class: ToDevice, port: servers}

  # Requests may be long: in IP fragments, or in several datagrams of memcached's. They are made whole here, so that all of one goes to one
  # server, and cut again in front of the devices.
  defragment: {class: IPReassembler, addresses: ["${SERVICE_ADDRESS}"]}
  join: {class: MemcachedReassembler, service: ["${SERVICE_ADDRESS}"], udp_port: "${SERVICE_PORT}"}
  cut_to_clients: {class: IPFragmenter, mtu: "${MTU}"}
  cut_to_servers: {class: IPFragmenter, mtu: "${MTU}"}

  # The service address is nobody's own: the switch answers ARP and ping for it. Servers that answer the switch itself ask for its address.
  arp: {class: ARPResponder, addresses: ["${SERVICE_ADDRESS}"], mac: "${SERVICE_MAC}"}
  ping: {class: ICMPEchoResponder, addresses: ["${SERVICE_ADDRESS}"]}
  arp_servers: {class: ARPResponder, addresses: ["${SWITCH_ADDRESS}"], mac: "${SWITCH_MAC}"}

  # Requests from elsewhere are dropped, and commands of operators refused to clients.
  guard: {class: RequestGuard, clients: "${CLIENT_NETWORKS}", udp_port: "${SERVICE_PORT}"}
  filter_control: {class: CommandFilter, rules: [{from: "${OPERATOR_NETWORKS}", refuse: []}]}
  filter_several: {class: CommandFilter, rules: [{from: "${OPERATOR_NETWORKS}", refuse: []}]}

  classify: {class: MemcachedClassifier, service: ["${SERVICE_ADDRESS}"], udp_port: "${SERVICE_PORT}"}
  cache: {class: CacheResponder, cache: hot}
  refuse: {class: ErrorResponder}
  refuse_parts: {class: ErrorResponder}
  choose: {class: KeyHashSwitch, backends: backends}
  # Whatever may write goes through one of these on its way to a server, and all that comes from a server through `fill`: this is what
  # keeps the cache from ever serving a stale value.
  invalidate: {class: CacheInvalidate, cache: hot}
  invalidate_direct: {class: CacheInvalidate, cache: hot}
  invalidate_control: {class: CacheInvalidate, cache: hot}
  invalidate_parts: {class: CacheInvalidate, cache: hot}
  fetched: {class: CacheFetch, cache: hot}
  fill_parts: {class: CacheFill, cache: hot, udp_port: "${SERVICE_PORT}"}
  fill: {class: CacheFill, cache: hot, udp_port: "${SERVICE_PORT}"}

  # Requests with several keys: each key from the cache or its own server, joined into one reply.
  split: {class: RequestSplitter, joins: joins}
  gather: {class: ReplyJoiner, joins: joins}
  cache_parts: {class: CacheResponder, cache: hot}
  # flush_all is for all of them.
  all: {class: Broadcaster, backends: backends, joins: joins}
  choose_parts: {class: KeyHashSwitch, backends: backends}
  choose_fetch: {class: KeyHashSwitch, backends: backends}
  send: {class: RequestSender, requests: own, backends: backends}
  receive: {class: ReplyReceiver, requests: own}

  switch: {class: EtherSwitch, ports: [clients, servers]}

connections:
  - from_clients -> guard -> defragment -> arp -> ping -> join -> classify
  - arp.reply, ping.reply -> cut_to_clients -> to_clients

  # Gets: from the cache, or else from the server that has the key.
  - classify.get -> cache -> choose
  - cache.hit -> cut_to_clients
  # What goes on being asked for in vain is fetched, once for all.
  - cache.fetch, cache_parts.fetch -> choose_fetch -> send
  - receive.fetched -> fetched
  # Writes, and commands without a key: the cache is told, then the server.
  - classify.write -> invalidate -> choose
  - classify.control -> filter_control -> invalidate_control -> all
  - all -> send
  - all.one -> choose
  - choose -> switch:clients
  # Several keys or commands: a request each.
  - classify.several -> filter_several -> split
  - split.get -> cache_parts -> choose_parts
  - split.write, split.control -> invalidate_parts -> choose_parts
  - choose_parts -> send -> switch:clients
  - receive.part -> fill_parts -> gather
  - cache_parts.hit -> gather
  - gather -> cut_to_clients
  - split.refused -> refuse
  # Requests that would do harm at a server or are not allowed, and those for which none is up, get their error here.
  - classify.refused, filter_control.refused, filter_several.refused, choose.unavailable -> refuse -> cut_to_clients
  - choose_parts.unavailable -> refuse_parts -> gather
  # Which servers are well.
  - health.probe -> send
  - receive.probe -> health:replies
  # memcached traffic that is not for the service address: it may write too.
  - classify.direct -> invalidate_direct -> switch:clients
  - classify.other -> switch:clients

  - from_servers -> arp_servers -> receive
  - arp_servers.reply -> to_servers
  - receive.client, receive.other -> fill -> switch:servers
  - switch.clients -> cut_to_clients
  - switch.servers -> cut_to_servers -> to_servers
)";

std::string server_yaml(const TwemproxyServer& server, std::size_t number) {
  const std::string address = parse_ipv4(server.host) ? server.host : fmt::format("\"${{SERVER{}_ADDRESS}}\"", number);
  return fmt::format("      - {{name: {}, mac: \"${{SERVER{}_MAC}}\", address: {}, port: {}, weight: {}}}\n", yaml_text(server.name),
                     number, address, server.port, server.weight);
}

std::string pipeline(const TwemproxyPool& pool, const std::string& file) {
  std::string text = fmt::format("# The pool {} of {}, made by `smartswitch import-twemproxy`: every key goes where TwemProxy sends it.\n",
                                 yaml_text(pool.name), yaml_text(std::filesystem::path(file).filename().string()));
  text += kHead;
  text += fmt::format("  SERVICE_ADDRESS: {}\n  SERVICE_PORT: {}   # of the servers, too\n", service_address(pool), pool.servers[0].port);
  for (std::size_t i = 0; i < pool.servers.size(); ++i) {
    const TwemproxyServer& server = pool.servers[i];
    text += fmt::format("  SERVER{}_MAC: \"{}\"   # {}\n", i + 1, mac_of(i + 1), yaml_text(server.name));
    if (!parse_ipv4(server.host)) text += fmt::format("  SERVER{}_ADDRESS: {}   # {}\n", i + 1, address_of(i + 1), yaml_text(server.host));
  }
  text += kVariables;
  text += fmt::format("\nstate:\n  backends:\n    class: BackendPool\n    hash: {}\n    distribution: {}\n", pool.hash, pool.distribution);
  if (!pool.hash_tag.empty()) text += fmt::format("    hash_tag: {}\n", yaml_text(pool.hash_tag));
  text += fmt::format("    when_down: {}   # as with TwemProxy's `auto_eject_hosts: {}`\n", pool.auto_eject_hosts ? "next" : "refuse",
                      pool.auto_eject_hosts);
  text +=
      "    # In TwemProxy's order: by the length of the name, then by its bytes. The names decide which keys are whose.\n    servers:\n";
  for (std::size_t i = 0; i < pool.servers.size(); ++i) text += server_yaml(pool.servers[i], i + 1);
  text += kRest;
  const std::size_t connections = text.find("\nconnections:\n");
  text.insert(connections, fmt::format("  # As TwemProxy's `server_failure_limit` and `server_retry_timeout`, with probes.\n"
                                       "  health: {{class: HealthProber, backends: backends, cache: hot, failures: {}, back_off: {}ms}}\n",
                                       std::max(pool.failure_limit, 1U), std::max(pool.retry_timeout_ms, 10U)));
  return text;
}

// What the operator has to do about servers that TwemProxy reaches over TCP, each by its own port.
std::vector<Problem> notes_on_servers(const TwemproxyPool& pool) {
  std::vector<Problem> notes;
  std::map<std::string, const TwemproxyServer*> hosts;
  for (std::size_t i = 0; i < pool.servers.size(); ++i) {
    const TwemproxyServer& server = pool.servers[i];
    if (!parse_ipv4(server.host))
      notes.push_back({server.where, fmt::format("`{}` is not an IPv4 address: fill in SERVER{}_ADDRESS", server.host, i + 1), ""});
    if (server.port != pool.servers[0].port)
      notes.push_back({server.where, fmt::format("`{}` has to listen on SERVICE_PORT, not on {}", server.name, server.port), ""});
    const auto [first, is_new] = hosts.emplace(server.host, &server);
    if (!is_new)
      notes.push_back({server.where,
                       fmt::format("`{}` and `{}` are on one host: each needs a MAC address of its own, from a macvlan interface, say",
                                   first->second->name, server.name),
                       ""});
  }
  return notes;
}

std::optional<std::vector<TwemproxyPool>> read_pools(const std::string& path, Problems& problems) {
  graph::FileText file = graph::read_file(path);
  if (!file.text) {
    problems.add({path, 0, 0}, file.fault);
    return std::nullopt;
  }
  graph::Report report;
  const auto yaml = graph::read_yaml(*file.text, path, report);
  std::vector<TwemproxyPool> pools;
  if (yaml) pools = read_twemproxy(*yaml, report.problems());
  for (const Problem& problem : report.sorted({path})) problems.add(problem.where, problem.message, problem.hint);
  if (!problems.empty()) return std::nullopt;
  return pools;
}

const TwemproxyPool* pick(const std::vector<TwemproxyPool>& pools, const ImportOptions& options, Problems& problems) {
  std::vector<std::string> names;
  for (const TwemproxyPool& pool : pools) {
    if (pool.name == options.pool || (options.pool.empty() && pools.size() == 1)) return &pool;
    names.push_back(pool.name);
  }
  if (options.pool.empty()) {
    problems.add({options.file, 0, 0}, "the file has several pools", "say which with --pool: " + spoken_list(names));
  } else {
    const std::string near = did_you_mean(options.pool, names);
    problems.add({options.file, 0, 0}, fmt::format("there is no pool `{}`", options.pool),
                 near.empty() ? "there are " + spoken_list(names) : near);
  }
  return nullptr;
}

int import_pool(const ImportOptions& options) {
  Problems problems;
  const auto pools = read_pools(options.file, problems);
  if (!pools) {
    show(problems);
    return kBadConfiguration;
  }
  const TwemproxyPool* pool = pick(*pools, options, problems);
  if (pool == nullptr) {
    show(problems);
    return kBadUsage;
  }
  if (pool->redis) {
    problems.add(pool->where, fmt::format("the pool `{}` is Redis's", pool->name), "the switch knows memcached only");
    show(problems);
    return kBadConfiguration;
  }
  fmt::print("{}", pipeline(*pool, options.file));
  std::vector<Problem> notes = notes_on_servers(*pool);
  notes.insert(notes.begin(), pool->left_out.begin(), pool->left_out.end());
  std::stable_sort(notes.begin(), notes.end(), [](const Problem& a, const Problem& b) { return a.where.line < b.where.line; });
  for (const Problem& note : notes) fmt::print(stderr, "{}: note: {}\n", graph::spoken(note.where), note.message);
  return kOk;
}

}  // namespace

void add_import_twemproxy(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand("import-twemproxy", "Write a configuration that sends every key where a pool of TwemProxy does");
  verb->footer("The configuration goes to stdout; what cannot be carried over is said on stderr, a line for each.");
  auto options = std::make_shared<ImportOptions>();
  verb->add_option("file", options->file, "TwemProxy's configuration (nutcracker.yml)")->required()->type_name("FILE");
  verb->add_option("--pool", options->pool, "The pool; needed if there are several")->type_name("NAME");
  verb->callback([options, &exit_code] { exit_code = import_pool(*options); });
}

}  // namespace smartswitch::command
