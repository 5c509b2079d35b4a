// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What the graph hands to the runtime: a configuration that has passed every check, with each element placed on its worker.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "elements/sdk/describe_fields.h"

namespace smartswitch::graph {

/// One entry of `ports:`. Owned by the runtime once it runs.
struct Port {
  std::string name;
  Location where;
  std::string device;  ///< a DPDK device: PCI address, or a virtual device with its arguments ("net_tap0,iface=x")
  std::uint16_t rx_queues = 1;
  std::uint16_t tx_queues = 0;  ///< 0: one for each worker that sends there
  std::uint16_t rx_descriptors = 1024;
  std::uint16_t tx_descriptors = 1024;
  std::uint16_t mtu = 0;                          ///< bytes of layer 3; 0: as the device has it
  MacAddress mac;                                 ///< all zero: as the device has it
  bool promiscuous = true;                        ///< a switch sees what is not for its own address
  static void describe(DescribeFields<Port>& d);  // `name` and `where` are no parameters
};

struct StateObject {
  std::string name;
  Location where;
  const StateInfo* info = nullptr;
  Value parameters;  ///< the whole map, `class` included
};

/// An element as the file has it; templates are unfolded ("lane1/limit").
struct ElementSpec {
  std::string name;
  Location where;
  const ElementInfo* info = nullptr;
  Value parameters;                      ///< the whole map, `class` included, variables filled in
  std::vector<std::string> input_names;  ///< of all inputs, groups unfolded, in the order of the declaration
  std::vector<std::string> output_names;
};

/// One port of an element: `port` counts its declaration, `index` the port in its group.
struct PortRef {
  std::size_t port = 0;
  unsigned index = 0;
  bool each = false;  ///< only of a Connection's output: all of a numbered group, a copy of the Queue behind it for each (`spread.each`)
};

/// A connection between two entries of Plan::elements.
struct Connection {
  std::size_t from = 0;
  PortRef output;
  std::size_t to = 0;
  PortRef input;
  Location where;
};

/// `control:`: how the running switch can be reached. Files are opened by whoever runs it.
struct Control {
  Location where;           ///< line 0: the file has no such section
  std::string socket;       ///< path of the Unix socket, or "none"; empty: the usual place
  std::string listen;       ///< "127.0.0.1:8443" or "[::1]:8443", for HTTP over TLS; empty: nowhere
  std::string certificate;  ///< PEM file, with the chain
  std::string key;          ///< PEM file
  std::string token_file;
  std::string client_ca;  ///< PEM file; empty: clients need no certificate
  bool metrics_without_token = false;
  std::uint16_t connections = 256;
  static void describe(DescribeFields<Control>& d);  // `where` is no parameter
};

/// An address and a port, as `listen` writes them.
struct ListenAddress {
  std::string address;  ///< without brackets
  std::uint16_t port = 0;
};
std::optional<ListenAddress> parse_listen_address(std::string_view text);

/// `pool:`: where packets lie.
struct PacketPool {
  std::uint32_t packets = 0;        ///< 0: as many as ports, queues and elements can hold
  std::uint32_t cache = 256;        ///< packets that each worker keeps at hand
  std::uint32_t large_packets = 0;  ///< at least; and as many as elements make
  bool operator==(const PacketPool&) const = default;
  static void describe(DescribeFields<PacketPool>& d);
};

/// How a worker without packets waits.
enum class Idle : std::uint8_t {
  kPoll,      ///< never sleeps: lowest latency, takes its whole core
  kAdaptive,  ///< sleeps until packets come, or for at most `max_sleep` where nothing would wake it
};

struct Worker {
  std::string name;  ///< "worker0", ...
  Location where;
  std::optional<unsigned> core;  ///< empty: the runtime chooses one
  Idle idle = Idle::kAdaptive;
  Duration max_sleep{250'000};
  std::vector<std::size_t> sources;  ///< instances whose poll() it calls, in this order
};

/// One live copy of an element. A pipeline on several cores has one for each; a border (Queue) has one in all, unless `each` leads to it.
struct Instance {
  std::size_t element = 0;  ///< in Plan::elements
  std::size_t worker = 0;   ///< in Plan::workers; for a border: the one that polls it
  unsigned replica = 0;     ///< 0, 1, ... among the copies of this element
  unsigned replicas = 1;
};

/// A connection between instances.
struct Link {
  std::size_t from = 0;
  PortRef output;
  std::size_t to = 0;
  PortRef input;
};

/// A file that a configuration was read from.
struct ConfigurationFile {
  std::string name;
  std::string text;
};

/// A parameter that was given another value than the files say.
struct SetParameter {
  bool of_state = false;  ///< a state object's, not an element's
  std::string object;
  std::string parameter;  ///< or a part of it: "servers/mc1/weight"
  Value value;
};

struct Plan {
  std::vector<Port> ports;
  std::vector<StateObject> states;
  std::vector<ElementSpec> elements;
  std::vector<Connection> connections;
  std::vector<Worker> workers;
  std::vector<Instance> instances;
  std::vector<Link> links;
  Control control;
  PacketPool pool;
  std::vector<ConfigurationFile> files;  ///< the first, then what it includes
  std::vector<SetParameter> set;         ///< since the files were read; parameters above have these values
};

}  // namespace smartswitch::graph
