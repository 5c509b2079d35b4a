// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <net/if.h>
#include <rte_byteorder.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "elements/memcached/backend_pool.h"
#include "elements/memcached/client_networks.h"
#include "elements/memcached/xdp_program.h"
#include "elements/sdk/element.h"

namespace smartswitch::memcached {

class XdpRedirect final : public Element {
 public:
  static void describe(Describe<XdpRedirect>& d) {
    d.summary("Has the kernel send plain gets to their servers, and replies back, before they come to the switch at all.");
    d.details(
        R"(For ports that are interfaces of Linux (`net_af_packet`), between which a packet costs the switch more than what it does with it. An XDP program on
`interface` looks at each packet that comes in: a `get` of one key of up to 128 bytes, over UDP and IPv4, to one of the `service` addresses,
gets its server's MAC address and is sent out of that server's interface. The key's server is the one that the pool has for it: as servers go down, come
back or are drained, the kernel is told so within 0.1 s. Another, on the servers' interfaces (those of `ways`), sends the replies to these gets out of
`interface`. Everything else comes into the graph as ever, through the ports' PollDevices, replies to writes above all: put this element behind that of
the clients.

What the kernel redirects, nothing else sees: no limit, no cache, no capture, no trace. `clients` lets it do so for these networks only. The pool must
have `distribution: ketama` and `hash: xxh3` and no `hash_stop`, `hash_tag` and `keys`, with up to 65,535 points, which 409 servers of one weight have.

A reply is known by its client's address and port and the request's number, and that it goes to the MAC address that the get came from. It takes the
graph's way if 65,536 younger gets are under way, or a reload came in between. Of several of these elements whose servers are behind the same interface, for clients
at several ports, one has its replies redirected.

`mode: native` is faster where the driver has XDP of its own; then the interfaces that packets are sent out of must take them from XDP too. (A veth does if its
other end has `ethtool -K DEVICE gro on`. If it does not, what is sent to it is lost.) `generic` works with any interface.

It needs Linux 5.18, CAP_BPF and CAP_NET_ADMIN. An interface runs one XDP program: so its port cannot be `net_af_xdp`. The programs are taken off when the
switch ends, however it does. If the pipeline runs on several workers, one copy of this element does the work.)");
    d.outside();
    d.example(
        "express: {class: XdpRedirect, interface: client, service: [10.11.0.100], backends: backends, ways: {mc1: server1, mc2: server2}}");
    d.input<&XdpRedirect::push>("in", "packets from clients");
    d.output("out", &XdpRedirect::out_, "the same");
    d.parameter("interface", &XdpRedirect::interface_, "the interface of Linux that requests come in by").required();
    d.parameter("service", &XdpRedirect::service_, "addresses that requests are sent to, up to 16").required();
    d.parameter("udp_port", &XdpRedirect::port_, "port that requests are sent to").at_least(1);
    d.parameter("backends", &XdpRedirect::backends_, "the servers to choose from; each needs its `mac`");
    d.parameter("ways", &XdpRedirect::ways_,
                "the interface behind which each server is: `name of the server: interface`. Gets for servers that are not named come into "
                "the graph")
        .required();
    d.parameter("clients", &XdpRedirect::clients_, "networks, up to 64, whose gets are redirected; none: anybody's");
    d.parameter("mode", &XdpRedirect::mode_, {{"generic", XdpProgram::Mode::kGeneric}, {"native", XdpProgram::Mode::kNative}},
                "where the kernel does it: behind the driver, or in it");
    d.parameter("replies", &XdpRedirect::replies_,
                "whether the kernel redirects replies, too. Not needed where servers answer clients by a network of their own");
    d.counter("redirected", &XdpRedirect::redirected_, "gets that the kernel has sent to their servers; brought up to date every 0.1 s");
    d.counter("replies_redirected", &XdpRedirect::replies_redirected_, "packets of replies that it has sent to their clients; likewise");
  }

  void validate(Problems& problems) const override {
    if (service_.empty() || service_.size() > XDP_MOST_SERVICES)
      problems.add({}, fmt::format("`service` has {} addresses", service_.size()), "give it 1 to 16");
    if (clients_.ranges().size() > XDP_MOST_CLIENTS)
      problems.add({}, fmt::format("`clients` has {} networks", clients_.ranges().size()),
                   "at most 64: put them together, or let the graph see all requests");
  }

  void start(Problems& problems) override {
    ring_ = backends_->ring();
    if (!ring_)
      problems.add({}, fmt::format("the kernel cannot choose as `{}` does", backends_->name()),
                   "it takes `distribution: ketama`, `hash: xxh3` and neither `hash_stop`, `hash_tag` nor `keys`");
    if (ring_ && ring_->size() > XDP_MOST_POINTS)
      problems.add({}, fmt::format("`{}` has {} points on its ring", backends_->name(), ring_->size()),
                   fmt::format("the kernel takes {}", XDP_MOST_POINTS));
    find_places(problems);
    if (!problems.empty()) return;
    program_ = XdpProgram::load(problems);
    if (program_ == nullptr) return;
    fill_table(problems);
    generation_ = backends_->generation();
    program_->set_ring(*ring_);
    look_.bind<&XdpRedirect::look>(this);
    schedule_in(look_, Duration{});
  }

  // The programs that are there go on until these take their places.
  void take_over(Element& before) override {
    auto& old = static_cast<XdpRedirect&>(before);
    if (old.mode_ != mode_) return;
    for (const Place& place : places_) {
      if (const int error = program_->replace(place.number, place.side, *old.program_); error != 0)
        log(fmt::format("the kernel does not replace the XDP program of {}: {}; what comes in by it goes through the graph for a moment",
                        place.interface, std::strerror(error)));
    }
  }

  void push(Batch& batch) { out_.push(batch); }

 private:
  static constexpr Duration kPeriod{100'000'000};
  using Side = XdpProgram::Side;

  // An interface that runs one of the programs.
  struct Place {
    std::string interface;
    unsigned number;
    Side side;
    int fault;  // the last one that was logged
  };

  static unsigned number_of(const std::string& interface, Problems& problems) {
    const unsigned number = if_nametoindex(interface.c_str());
    if (number == 0)
      problems.add({}, fmt::format("there is no interface {}: {}", interface, std::strerror(errno)),
                   "`ip link` shows those of this network namespace");
    return number;
  }

  // The clients' first: without it there are no replies to redirect.
  void find_places(Problems& problems) {
    add_place(interface_, Side::kClients, problems);
    if (!replies_) return;
    for (const auto& [name, interface] : ways_) {
      if (!is_place(interface)) add_place(interface, Side::kServers, problems);
    }
  }

  [[nodiscard]] bool is_place(const std::string& interface) const {
    return std::any_of(places_.begin(), places_.end(), [&](const Place& p) { return p.interface == interface; });
  }

  void add_place(const std::string& interface, Side side, Problems& problems) {
    const unsigned number = number_of(interface, problems);
    if (number == 0) return;
    if (const auto other = foreign_xdp_program(number))
      problems.add({}, fmt::format("the interface {} runs another XDP program already: {}", interface, *other),
                   fmt::format("take it off, if it is not needed: ip link set dev {} xdp off", interface));
    places_.push_back({interface, number, side, 0});
  }

  void fill_table(Problems& problems) {
    xdp_table& table = program_->table();
    if (replies_) table.replies_to = places_.front().number;
    table.port = rte_cpu_to_be_16(port_);
    for (const Ipv4Address address : service_) table.service[table.services++] = rte_cpu_to_be_32(address.host_order);
    program_->set_clients(clients_);
    for (const auto& [name, interface] : ways_) fill_way(name, interface, problems);
  }

  void fill_way(const std::string& name, const std::string& interface, Problems& problems) {
    const std::vector<Backend>& servers = backends_->servers();
    const auto server = std::find_if(servers.begin(), servers.end(), [&](const Backend& s) { return s.name == name; });
    if (server == servers.end()) {
      std::vector<std::string> names;
      for (const Backend& s : servers) names.push_back(s.name);
      problems.add({}, fmt::format("`ways` names `{}`, which is none of the servers of `{}`", name, backends_->name()),
                   did_you_mean(name, names));
    } else if (!server->mac) {
      problems.add({}, fmt::format("server `{}` of `{}` has no MAC address to send requests to", name, backends_->name()),
                   "say what it is, such as `mac: \"02:00:00:00:01:01\"`");
    } else {
      xdp_server& entry = program_->table().server[server - servers.begin()];
      std::memcpy(entry.mac, server->mac->bytes.data(), sizeof entry.mac);
      entry.interface = number_of(interface, problems);
    }
  }

  void look() {
    for (Place& place : places_) {
      if (!program_->attached(place.number) && !attach(place) && place.side == Side::kClients) break;
    }
    const std::uint64_t generation = backends_->generation();
    if (generation != generation_) {
      generation_ = generation;
      program_->set_ring(*backends_->ring());
    }
    count();
    schedule_in(look_, kPeriod);
  }

  // Another copy of this element may have done so: then this one stands by, should that one's worker end in a reload.
  bool attach(Place& place) {
    const int error = program_->attach(place.number, place.side, mode_);
    if (error == 0) return true;
    if (error == EBUSY || error == place.fault) return false;
    place.fault = error;
    log(fmt::format("the kernel does not run the XDP program on {} in this mode: {}; what comes in by it goes through the graph",
                    place.interface, std::strerror(error)));
    return false;
  }

  void count() {
    const xdp_counts redirected = program_->redirected();
    redirected_.add(redirected.gets - seen_.gets);
    replies_redirected_.add(redirected.replies - seen_.replies);
    seen_ = redirected;
  }

  std::string interface_;
  std::vector<Ipv4Address> service_;
  std::uint16_t port_ = kPort;
  StateRef<BackendPool> backends_;
  NamedList<std::string> ways_;
  ClientNetworks clients_;
  XdpProgram::Mode mode_ = XdpProgram::Mode::kGeneric;
  bool replies_ = true;
  std::vector<Place> places_;
  std::optional<std::vector<Ring::Point>> ring_;
  std::unique_ptr<XdpProgram> program_;
  std::uint64_t generation_ = 0;
  xdp_counts seen_{};  // of what is redirected
  Timer look_;
  Output out_;
  Counter redirected_;
  Counter replies_redirected_;
};

SMARTSWITCH_ELEMENT(XdpRedirect)

}  // namespace smartswitch::memcached
