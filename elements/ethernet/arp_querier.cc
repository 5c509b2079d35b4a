// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <rte_arp.h>
#include <rte_ether.h>
#include <rte_ip.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <unordered_map>
#include <vector>

#include "elements/sdk/element.h"
#include "elements/sdk/headers.h"

namespace smartswitch {

class ARPQuerier final : public Element {
 public:
  static void describe(Describe<ARPQuerier>& d) {
    d.summary("Finds out the Ethernet address that IPv4 packets go to, by ARP.");
    d.details(
        "A packet that comes in at `in` leaves with the Ethernet address of its IP destination, or of the `gateway` if there is one, and "
        "with "
        "`mac` as its source. Where that is not known, a request (RFC 826) is sent, up to three times, and the packet waits for the "
        "answer. "
        "An address that is in use is asked for again after `refresh`; until there is an answer the old one stays.\n\n"
        "What comes at `replies` leaves through `other`, but for ARP's answers to `address`, which end here. Put an ARPResponder in front, "
        "so "
        "that others find this address too.");
    d.example("ask: {class: ARPQuerier, address: 10.0.0.1, mac: \"02:00:00:00:00:01\"}");
    d.input<&ARPQuerier::push>("in", "Ethernet packets with IPv4 in them").leads_to({"out", "query"});
    d.input<&ARPQuerier::replies>("replies", "packets that came, answers of ARP among them").leads_to({"out", "other"});
    d.output("out", &ARPQuerier::out_, "packets on their way to the right address");
    d.output("query", &ARPQuerier::query_, "ARP requests");
    d.output("other", &ARPQuerier::other_, "what came at `replies` and is no answer to us");
    d.parameter("address", &ARPQuerier::address_, "our own IPv4 address").required();
    d.parameter("mac", &ARPQuerier::mac_, "our own Ethernet address").required();
    d.parameter("gateway", &ARPQuerier::gateway_, "send all packets there; without one each goes to its destination itself");
    d.parameter("refresh", &ARPQuerier::refresh_, "ask for an address again after that time").at_least({1'000'000'000});
    d.parameter("most_waiting", &ARPQuerier::most_waiting_, "packets that may wait for answers").between(1, 65536);
    d.counter("asked", &ARPQuerier::asked_, "requests sent");
    d.counter("learnt", &ARPQuerier::learnt_, "answers that brought a new address");
    d.drop("not_ipv4", &ARPQuerier::not_ipv4_, "packets that are not IPv4");
    d.drop("unanswered", &ARPQuerier::unanswered_, "packets to addresses that nobody has");
    d.drop("too_many", &ARPQuerier::too_many_, "packets for which there was no place to wait");
  }

  void start(Problems&) override { tick_.bind<&ARPQuerier::on_tick>(this); }
  void take_over(Element& before) override {
    auto& old = static_cast<ARPQuerier&>(before);
    neighbours_.swap(old.neighbours_);
    old.last_ = nullptr;
    const std::uint64_t waiting = old.held();
    came_to_wait_.add(waiting);
    old.went_.add(waiting);
    count_taken_over(waiting);
    if (waiting > 0) schedule_in(tick_, kBetweenTries);
  }
  [[nodiscard]] std::uint64_t held() const override { return came_to_wait_.value() - went_.value(); }
  [[nodiscard]] std::uint64_t may_hold() const override { return most_waiting_; }
  ~ARPQuerier() override {
    for (auto& [address, neighbour] : neighbours_) give_up(neighbour);
  }

  void push(Batch& batch) {
    Batch ready;
    for (const Packet packet : batch) {
      const Headers& headers = locate_headers(packet);
      const auto* ip = headers.ip_version == 4 ? packet.at<rte_ipv4_hdr>(headers.l3) : nullptr;
      if (ip == nullptr) {
        drop(packet, not_ipv4_);
        continue;
      }
      const std::uint32_t to = gateway_ ? gateway_->host_order : rte_be_to_cpu_32(ip->dst_addr);
      Neighbour* neighbour = to == last_address_ && last_ != nullptr ? last_ : find(to);
      if (neighbour == nullptr) {
        drop(packet, too_many_);
      } else if (neighbour->known) {
        if (now() >= neighbour->ask_at) ask(to, *neighbour);
        address(packet, neighbour->mac);
        ready.add(packet);
      } else {
        wait_for(to, *neighbour, packet);
      }
    }
    batch.release();
    out_.push(ready);
  }

  void replies(Batch& batch) {
    Batch answers;
    batch.split(answers, [this](Packet packet) { return !is_answer(packet); });
    for (const Packet packet : answers) {
      learn(*packet.at<rte_arp_hdr>(locate_headers(packet).l3));
      consume(packet);
    }
    answers.release();
    other_.push(batch);
  }

 private:
  struct Neighbour {
    MacAddress mac;
    bool known = false;
    unsigned tries = 0;
    std::int64_t ask_at = INT64_MIN;  // then ask (again)
    std::vector<Packet> waiting;
  };
  static constexpr unsigned kMostTries = 3;
  static constexpr Duration kBetweenTries{200'000'000};
  static constexpr std::size_t kMostNeighbours = 4096;

  // nullptr if there are too many already.
  Neighbour* find(std::uint32_t address) {
    const auto known = neighbours_.find(address);
    if (known == neighbours_.end() && neighbours_.size() == kMostNeighbours) return nullptr;
    last_ = known != neighbours_.end() ? &known->second : &neighbours_[address];
    last_address_ = address;
    return last_;
  }

  void address(Packet packet, const MacAddress& to) const {
    auto* ether = packet.at<rte_ether_hdr>(0);
    std::memcpy(&ether->dst_addr, to.bytes.data(), RTE_ETHER_ADDR_LEN);
    std::memcpy(&ether->src_addr, mac_.bytes.data(), RTE_ETHER_ADDR_LEN);
  }

  void wait_for(std::uint32_t to, Neighbour& neighbour, Packet packet) {
    if (held() == most_waiting_) return drop(packet, too_many_);
    neighbour.waiting.push_back(packet);
    came_to_wait_.add();
    if (now() >= neighbour.ask_at) {
      neighbour.tries = 1;
      ask(to, neighbour);
    }
    if (!tick_.scheduled()) schedule_in(tick_, kBetweenTries);
  }

  void ask(std::uint32_t to, Neighbour& neighbour) {
    neighbour.ask_at = now() + (neighbour.known ? refresh_ : kBetweenTries).nanoseconds;
    const Packet packet = allocate();
    if (!packet) return;  // it is asked again
    if (!packet.resize(sizeof(rte_ether_hdr) + sizeof(rte_arp_hdr))) return drop(packet, too_many_);
    auto* ether = packet.at<rte_ether_hdr>(0);
    std::memset(&ether->dst_addr, 0xFF, RTE_ETHER_ADDR_LEN);
    std::memcpy(&ether->src_addr, mac_.bytes.data(), RTE_ETHER_ADDR_LEN);
    ether->ether_type = rte_cpu_to_be_16(ether_type::kArp);
    auto* arp = packet.at<rte_arp_hdr>(sizeof *ether);
    *arp = {};
    arp->arp_hardware = rte_cpu_to_be_16(RTE_ARP_HRD_ETHER);
    arp->arp_protocol = rte_cpu_to_be_16(ether_type::kIpv4);
    arp->arp_hlen = RTE_ETHER_ADDR_LEN;
    arp->arp_plen = sizeof(rte_be32_t);
    arp->arp_opcode = rte_cpu_to_be_16(RTE_ARP_OP_REQUEST);
    arp->arp_data.arp_sha = ether->src_addr;
    arp->arp_data.arp_sip = rte_cpu_to_be_32(address_.host_order);
    arp->arp_data.arp_tip = rte_cpu_to_be_32(to);
    asked_.add();
    query_.push(packet);
  }

  [[nodiscard]] bool is_answer(Packet packet) const {
    const Headers& headers = locate_headers(packet);
    if (headers.ether_type != ether_type::kArp) return false;
    const auto* arp = packet.at<rte_arp_hdr>(headers.l3);
    return arp != nullptr && arp->arp_hardware == rte_cpu_to_be_16(RTE_ARP_HRD_ETHER) &&
           arp->arp_protocol == rte_cpu_to_be_16(ether_type::kIpv4) && arp->arp_hlen == RTE_ETHER_ADDR_LEN &&
           arp->arp_plen == sizeof(rte_be32_t) && arp->arp_opcode == rte_cpu_to_be_16(RTE_ARP_OP_REPLY) &&
           arp->arp_data.arp_tip == rte_cpu_to_be_32(address_.host_order);
  }

  void learn(const rte_arp_hdr& arp) {
    // Only what was asked for: nobody else is to say where packets go.
    const auto found = neighbours_.find(rte_be_to_cpu_32(arp.arp_data.arp_sip));
    if (found == neighbours_.end() || rte_is_multicast_ether_addr(&arp.arp_data.arp_sha)) return;
    Neighbour& neighbour = found->second;
    MacAddress mac;
    std::memcpy(mac.bytes.data(), &arp.arp_data.arp_sha, RTE_ETHER_ADDR_LEN);
    if (!neighbour.known || !(neighbour.mac == mac)) learnt_.add();
    neighbour.mac = mac;
    neighbour.known = true;
    neighbour.ask_at = now() + refresh_.nanoseconds;
    Batch batch;
    for (const Packet packet : neighbour.waiting) {
      address(packet, mac);
      batch.add(packet);
      if (batch.full()) out_.push(batch);
    }
    went_.add(neighbour.waiting.size());
    neighbour.waiting.clear();
    out_.push(batch);
  }

  void give_up(Neighbour& neighbour) {
    for (const Packet packet : neighbour.waiting) drop(packet, unanswered_);
    went_.add(neighbour.waiting.size());
    neighbour.waiting.clear();
  }

  void on_tick() {
    for (auto& [to, neighbour] : neighbours_) {
      if (neighbour.waiting.empty() || now() < neighbour.ask_at) continue;
      if (neighbour.tries++ < kMostTries) {
        ask(to, neighbour);
      } else {
        give_up(neighbour);
      }
    }
    if (held() > 0) schedule_in(tick_, kBetweenTries);
  }

  Ipv4Address address_;
  MacAddress mac_;
  std::optional<Ipv4Address> gateway_;
  Duration refresh_{30'000'000'000};
  std::uint32_t most_waiting_ = 256;
  std::unordered_map<std::uint32_t, Neighbour> neighbours_;
  Neighbour* last_ = nullptr;  // elements of the map stay where they are
  std::uint32_t last_address_ = 0;
  Timer tick_;
  Output out_;
  Output query_;
  Output other_;
  Counter came_to_wait_;
  Counter went_;
  Counter asked_;
  Counter learnt_;
  DropReason not_ipv4_;
  DropReason unanswered_;
  DropReason too_many_;
};
SMARTSWITCH_ELEMENT(ARPQuerier)

}  // namespace smartswitch
