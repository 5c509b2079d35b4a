// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/command/load_settings.h"

#include <fmt/format.h>

#include <charconv>

namespace smartswitch::command {
namespace {

constexpr std::string_view kDefaultPort = "11211";
// Of a device's MAC address that nobody gave: locally administered (IEEE 802), then the IPv4 address.
constexpr unsigned kMacPrefix = 0x0200;

struct ServerName {
  std::string address;
  std::string port;
};

ServerName split(const std::string& server) {
  const std::size_t colon = server.rfind(':');
  if (colon == std::string::npos) return {server, std::string(kDefaultPort)};
  return {server.substr(0, colon), server.substr(colon + 1)};
}

bool is_port(const std::string& text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && port > 0 && port < 65536;
}

std::string mac_of(const std::string& address) {
  const std::uint32_t ip = parse_ipv4(address)->host_order;
  return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", kMacPrefix >> 8, kMacPrefix & 255, ip >> 24, ip >> 16 & 255,
                     ip >> 8 & 255, ip & 255);
}

std::string quoted(const std::string& text) { return '"' + text + '"'; }

}  // namespace

void LoadSettings::add_to(CLI::App& verb) {
  verb.add_option("--server", server, "The server, or the switch in front of servers (an IPv4 address)")
      ->required()
      ->type_name("ADDRESS[:PORT]");
  verb.add_option("--protocol", protocol, "Over which memcached is asked")->check(CLI::IsMember({"udp", "tcp"}))->capture_default_str();
  verb.add_option("--device", device, "Send from a DPDK device, not the kernel's sockets")->type_name("DPDK_ARGS");
  verb.add_option("--address", address, "With --device: our IPv4 address there")->type_name("OWN_IP");
  verb.add_option("--mac", mac, "With --device: our Ethernet address (made from OWN_IP)")->type_name("OWN_MAC");
  verb.add_option("--server-mac", server_mac, "With --device: the server's Ethernet address (asked for by ARP)")->type_name("MAC");
  verb.add_option("--keys", keys, "Different keys")->capture_default_str();
  verb.add_option("--first-key", first_key, "The first one's number")->capture_default_str();
  verb.add_option("--key-size", key_size, "Bytes of a key")->capture_default_str();
  verb.add_option("--distribution", distribution, "How often each is asked for")
      ->type_name("uniform|zipf:0.99|sequential")
      ->capture_default_str();
  verb.add_option("--value-size", value_size, "Bytes of a value, or sizes with their shares: 32:0.9,1KiB:0.1")
      ->type_name("SIZES")
      ->capture_default_str();
  verb.add_option("--get-ratio", get_ratio, "Share of gets; the rest are sets")->capture_default_str();
  auto* in_closed_loop = verb.add_option("--window", window, "Closed loop: requests under way per client")->capture_default_str();
  verb.add_option("--rate", rate, "Open loop: requests a second in all; latency counts from when a request was due")
      ->type_name("RATE")
      ->excludes(in_closed_loop);
  verb.add_option("--arrivals", arrivals, "With --rate: how requests are spread")
      ->check(CLI::IsMember({"poisson", "even"}))
      ->capture_default_str();
  verb.add_option("--clients", clients, "UDP ports or TCP connections")->capture_default_str();
  verb.add_flag("--fill", fill, "Store every key first; not counted");
  add_duration(verb, "--warm-up", warm_up, "Time of sending that is not counted [1s]", true);
  add_duration(verb, "--for", length, "Time of measuring [10s]; 0 with --fill: fill only", true);
  verb.add_option("--requests", requests, "End after that many requests, if that comes first");
  add_duration(verb, "--timeout", timeout, "After that time without an answer a request is lost [250ms]");
  verb.add_option("--seed", seed, "Of keys, kinds and arrival times")->capture_default_str();
  verb.add_option("--core", core, "Pin to this core")->type_name("N");
  verb.add_flag("--spin", spin, "Never wait in the kernel: takes the whole core (a device does so with --core, too)");
  verb.add_flag("--no-verify", no_verify, "Don't check the bytes of values");
}

std::string LoadSettings::fault() const {
  const ServerName to = split(server);
  if (!parse_ipv4(to.address) || !is_port(to.port)) return fmt::format("--server: `{}` is not ADDRESS or ADDRESS:PORT of IPv4", server);
  if (length.nanoseconds == 0 && !fill) return "--for 0 measures nothing; with --fill it fills only";
  if (device.empty()) {
    if (!address.empty() || !mac.empty() || !server_mac.empty()) return "--address, --mac and --server-mac are for --device";
    return {};
  }
  if (protocol != "udp") return "--device speaks UDP only";
  if (!parse_ipv4(address)) return "--device needs --address: an IPv4 address of its own, that no kernel has";
  if (!mac.empty() && !parse_mac(mac)) return fmt::format("--mac: `{}` is not an Ethernet address", mac);
  if (!server_mac.empty() && !parse_mac(server_mac)) return fmt::format("--server-mac: `{}` is not an Ethernet address", server_mac);
  if (device.find_first_of("\"\\\n") != std::string::npos) return "--device: no quotes, backslashes or line ends";
  return {};
}

std::string LoadSettings::yaml() const {
  const ServerName to = split(server);
  const bool sockets = device.empty();
  std::string text = "smartswitch: 1\n";
  if (!sockets) text += fmt::format("ports:\n  wire: {{device: {}}}\n", quoted(device));
  text += fmt::format("state:\n  {}: {{class: LoadReport, warm_up: {}, length: {}, requests: {}}}\n", kReportName, to_string(warm_up),
                      to_string(length), requests);
  text += fmt::format(
      "elements:\n"
      "  client:\n"
      "    {{class: LoadClient, report: {}, destination: {}, destination_port: {}, clients: {}, keys: {}, first_key: {}, key_size: {},\n"
      "     distribution: {}, value_size: \"{}\", get_ratio: {}, window: {}, rate: {}, arrivals: {}, timeout: {}, fill: {}, verify: {},\n"
      "     seed: {}, checksums: {}",
      kReportName, to.address, to.port, clients, keys, first_key, key_size, quoted(distribution), value_size, get_ratio, window,
      rate.empty() ? "0" : rate, arrivals, to_string(timeout), fill, !no_verify, seed, !sockets);
  std::string connections;
  if (sockets) {
    text += fmt::format("}}\n  sockets: {{class: {}, server: {}, port: {}, clients: {}, wait: {}}}\n",
                        protocol == "tcp" ? "KernelTcp" : "KernelUdp", to.address, to.port, clients, !spin);
    connections = "  - client -> sockets -> client\n";
  } else {
    const std::string own_mac = mac.empty() ? mac_of(address) : mac;
    text += fmt::format(", source: {}, source_mac: {}{}}}\n", address, quoted(own_mac),
                        server_mac.empty() ? "" : ", destination_mac: " + quoted(server_mac));
    text += "  rx: {class: PollDevice, port: wire}\n  tx: {class: ToDevice, port: wire}\n  cut: {class: IPFragmenter, mtu: 1500}\n";
    text += fmt::format("  arp: {{class: ARPResponder, addresses: [{}], mac: {}}}\n", address, quoted(own_mac));
    if (server_mac.empty()) {
      text += fmt::format("  ask: {{class: ARPQuerier, address: {}, mac: {}}}\n", address, quoted(own_mac));
      connections = "  - rx -> arp -> ask:replies.other -> client\n  - arp.reply, ask.query -> tx\n  - client -> ask:in -> cut -> tx\n";
    } else {
      connections = "  - rx -> arp -> client\n  - arp.reply -> tx\n  - client -> cut -> tx\n";
    }
  }
  text += "connections:\n" + connections;
  const bool poll = sockets || spin || core;
  return text + fmt::format("workers:\n  - {{name: load, {}run: all, idle: {}}}\n", core ? fmt::format("core: {}, ", *core) : "",
                            poll ? "poll" : "adaptive");
}

}  // namespace smartswitch::command
