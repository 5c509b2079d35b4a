// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <rte_ether.h>

#include <cstring>
#include <optional>
#include <random>
#include <set>
#include <vector>

#include "elements/ethernet/mac_table.h"
#include "elements/sdk/element.h"
#include "elements/sdk/headers.h"

namespace smartswitch {

class EtherSwitch final : public Element {
 public:
  static void describe(Describe<EtherSwitch>& d) {
    d.summary("A learning switch: sends each packet to the port where its destination was last seen.");
    d.details(
        "Each name in `ports` is an input and an output. What comes in through one is never sent out of it again. Broadcast, multicast and "
        "unknown destinations go to all other ports; copies are made for all but the last.\n\n"
        "Stations are learnt from source addresses and forgotten `max_age` after they last spoke; one that appears at another port has "
        "moved. "
        "Each VLAN learns on its own (IEEE 802.1Q, independent learning, by the outer tag); packets without a tag are VLAN 0, and tags are "
        "kept. "
        "The table never grows: when it is full, addresses that spoke only once go first, so made-up addresses cannot push out those in "
        "use.\n\n"
        "There is no spanning tree: the ports must not be joined elsewhere. The addresses of IEEE 802.1D's own protocols "
        "(01:80:c2:00:00:00 to :0f) are not passed on, as from any bridge.");
    d.example(
        "switch: {class: EtherSwitch, ports: [clients, servers]}\n"
        "# connections: [rx_clients -> switch:clients, switch.clients -> to_clients, rx_servers -> switch:servers, ...]");
    d.input<&EtherSwitch::push>("in", "packets that came from this port").keyed_by("ports");
    d.outputs("out", &EtherSwitch::outs_, "packets to send to this port").keyed_by("ports");
    d.parameter("ports", &EtherSwitch::ports_, "names of the ports, two at least").required();
    d.parameter("max_age", &EtherSwitch::max_age_, "how long a silent station is remembered")
        .between(Duration{1'000'000'000}, Duration{86'400'000'000'000});
    d.parameter("table_size", &EtherSwitch::table_size_, "addresses to remember, rounded up to a power of two; 16 bytes each")
        .between(8, 1 << 24);
    d.counter("learned", &EtherSwitch::learned_, "addresses entered into the table");
    d.counter("moved", &EtherSwitch::moved_, "times that a station appeared at another port");
    d.counter("flooded", &EtherSwitch::flooded_, "packets sent to all other ports");
    d.counter("no_buffer", &EtherSwitch::no_buffer_, "copies that could not be made because no packet buffer was free");
    d.drop("same_port", &EtherSwitch::same_port_, "packets whose destination is on the port they came from");
    d.drop("bad_source", &EtherSwitch::bad_source_, "packets with a multicast address as their source");
    d.drop("link_local", &EtherSwitch::link_local_, "packets to the reserved addresses of IEEE 802.1D");
    d.drop("malformed", &EtherSwitch::malformed_, "packets without a whole Ethernet header or VLAN tag");
  }

  void validate(Problems& problems) const override {
    if (ports_.size() < 2) problems.add({}, "a switch needs two ports at least", "give `ports: [name, name]`");
    std::set<std::string> seen;
    for (const std::string& port : ports_) {
      if (!seen.insert(port).second) problems.add({}, fmt::format("`{}` is in `ports` twice", port));
    }
  }

  void start(Problems&) override {
    std::random_device seed;
    table_.emplace(table_size_, max_age_.nanoseconds, std::uint64_t{seed()} << 32 | seed());
  }

  // Stations are known by the number of their port.
  void take_over(Element& before) override {
    auto& old = static_cast<EtherSwitch&>(before);
    if (old.ports_ == ports_ && old.table_size_ == table_size_ && old.max_age_.nanoseconds == max_age_.nanoseconds) {
      std::swap(table_, old.table_);
    }
  }

  void push(unsigned port, Batch& batch) {
    // First all are looked at and their buckets fetched, then all are sent: the table's memory is waited for once a batch.
    Stations stations[Batch::kCapacity];
    Batch unfit;
    std::uint64_t last = 0;
    batch.split(unfit, [&, n = 0U](Packet packet) mutable {
      Stations& s = stations[n];
      if (!read_stations(packet, s)) return false;
      if (s.source != last) table_->prefetch(s.source);
      last = s.source;
      if (!s.group) table_->prefetch(s.destination);
      ++n;
      return true;
    });
    unfit.free_all();
    last = 0;
    for (unsigned i = 0; i < batch.size(); ++i) {
      if (stations[i].source != last) learn(stations[i].source, port);
      last = stations[i].source;
      send(batch[i], stations[i], port);
    }
    batch.release();
    outs_.flush();
  }

 private:
  struct Stations {
    std::uint64_t source;
    std::uint64_t destination;
    bool group;
  };

  // An address and its VLAN in one number, which is never 0.
  static std::uint64_t station(const rte_ether_addr& address, std::uint64_t vlan) {
    // Not one memcpy() of six bytes, which the processor would have to put together in memory.
    std::uint32_t first = 0;
    std::uint16_t last = 0;
    std::memcpy(&first, address.addr_bytes, sizeof first);
    std::memcpy(&last, address.addr_bytes + sizeof first, sizeof last);
    return first | std::uint64_t{last} << 32 | vlan << 48 | std::uint64_t{1} << 63;
  }

  // False if the packet is not to be switched: it is counted then.
  bool read_stations(Packet packet, Stations& s) {
    const auto* ether = packet.at<rte_ether_hdr>(0);
    std::uint64_t vlan = 0;
    if (ether == nullptr) return refuse(malformed_);
    if (ether->ether_type == rte_cpu_to_be_16(ether_type::kVlan) || ether->ether_type == rte_cpu_to_be_16(ether_type::kQinQ)) {
      const auto* tag = packet.at<rte_vlan_hdr>(sizeof(rte_ether_hdr));
      if (tag == nullptr) return refuse(malformed_);
      vlan = rte_be_to_cpu_16(tag->vlan_tci) & 0x0FFF;
    }
    if (rte_is_multicast_ether_addr(&ether->src_addr)) return refuse(bad_source_);
    s.group = rte_is_multicast_ether_addr(&ether->dst_addr);
    static constexpr std::uint8_t kReserved[] = {0x01, 0x80, 0xC2, 0x00, 0x00};
    if (s.group && std::memcmp(&ether->dst_addr, kReserved, sizeof kReserved) == 0 && ether->dst_addr.addr_bytes[5] < 0x10) {
      return refuse(link_local_);
    }
    s.source = station(ether->src_addr, vlan);
    s.destination = station(ether->dst_addr, vlan);
    return true;
  }
  static bool refuse(DropReason& reason) {
    reason.add();
    return false;
  }

  void learn(std::uint64_t source, unsigned port) {
    const MacTable::Learned what = table_->learn(source, port, now());
    if (what == MacTable::Learned::kNew) learned_.add();
    if (what == MacTable::Learned::kMoved) moved_.add();
  }

  void send(Packet packet, const Stations& s, unsigned from) {
    const unsigned to = s.group ? MacTable::kNowhere : table_->find(s.destination, now());
    if (to == MacTable::kNowhere) {
      flood(packet, from);
    } else if (to == from) {
      drop(packet, same_port_);
    } else {
      outs_.add(to, packet);
    }
  }

  void flood(Packet packet, unsigned from) {
    flooded_.add();
    const unsigned last = from + 1 == outs_.size() ? from - 1 : outs_.size() - 1;
    for (unsigned to = 0; to < last; ++to) {
      if (to == from) continue;
      if (const Packet copy = copy_of(packet)) {
        outs_.add(to, copy);
      } else {
        no_buffer_.add();
      }
    }
    outs_.add(last, packet);
  }

  std::vector<std::string> ports_;
  Duration max_age_{300'000'000'000};
  std::size_t table_size_ = 16384;
  std::optional<MacTable> table_;
  OutputArray outs_;
  Counter learned_;
  Counter moved_;
  Counter flooded_;
  Counter no_buffer_;
  DropReason same_port_;
  DropReason bad_source_;
  DropReason link_local_;
  DropReason malformed_;
};
SMARTSWITCH_ELEMENT(EtherSwitch)

}  // namespace smartswitch
