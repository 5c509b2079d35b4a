// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <rte_ether.h>
#include <rte_icmp.h>
#include <rte_ip.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "elements/sdk/element.h"
#include "elements/sdk/headers.h"

namespace smartswitch {

class ICMPEchoResponder final : public Element {
 public:
  static void describe(Describe<ICMPEchoResponder>& d) {
    d.summary("Answers pings to its addresses.");
    d.details(
        "An ICMP echo request (RFC 792) to one of `addresses`, or an ICMPv6 one (RFC 4443) to one of `ipv6_addresses`, becomes the reply: "
        "Ethernet and IP addresses are swapped, the time to live is 64, and the checksums are adjusted. It leaves through `reply`, which "
        "usually leads back to "
        "where the request came from; VLAN tags and data stay as they were.\n\n"
        "Everything else leaves through `out`, and so do requests that must not be answered: with a wrong checksum, in fragments, with IP "
        "options or extension headers, in several segments, or with a group address at either end.\n\n"
        "Neighbour discovery is not answered: hosts that ping by IPv6 need an entry for the address in their neighbour table.");
    d.example("ping: {class: ICMPEchoResponder, addresses: [10.0.0.100]}");
    d.input<&ICMPEchoResponder::push>("in", "Ethernet packets");
    d.output("out", &ICMPEchoResponder::out_, "all that is not answered");
    d.output("reply", &ICMPEchoResponder::reply_, "the answers");
    d.parameter("addresses", &ICMPEchoResponder::addresses_, "IPv4 addresses and prefixes to answer for");
    d.parameter("ipv6_addresses", &ICMPEchoResponder::ipv6_addresses_, "IPv6 addresses to answer for");
    d.counter("answered", &ICMPEchoResponder::answered_, "requests answered");
    d.counter("bad_checksum", &ICMPEchoResponder::bad_checksum_, "requests to its addresses passed on because a checksum is wrong");
  }

  void validate(Problems& problems) const override {
    if (addresses_.empty() && ipv6_addresses_.empty()) {
      problems.add({}, "there are no addresses to answer for", "give `addresses: [10.0.0.100]`, or `ipv6_addresses`");
    }
  }

  void push(Batch& batch) {
    Batch replies;
    batch.split(replies, [&](Packet packet) { return !answer(packet); });
    answered_.add(replies.size());
    reply_.push(replies);
    out_.push(batch);
  }

 private:
  bool answer(Packet packet) {
    const Headers& headers = locate_headers(packet);
    if (headers.malformed || headers.fragment || headers.l4 == 0) return false;
    auto* ether = packet.at<rte_ether_hdr>(0);
    auto* icmp = packet.at<rte_icmp_hdr>(headers.l4);
    if (icmp == nullptr || rte_is_multicast_ether_addr(&ether->dst_addr) || rte_is_multicast_ether_addr(&ether->src_addr)) return false;
    const bool answered = headers.l4_protocol == ip_protocol::kIcmp && headers.ip_version == 4    ? answer_ipv4(packet, headers, icmp)
                          : headers.l4_protocol == ip_protocol::kIcmp6 && headers.ip_version == 6 ? answer_ipv6(packet, headers, icmp)
                                                                                                  : false;
    if (answered) std::swap(ether->src_addr, ether->dst_addr);
    return answered;
  }

  bool answer_ipv4(Packet packet, const Headers& headers, rte_icmp_hdr* icmp) {
    auto* ip = packet.at<rte_ipv4_hdr>(headers.l3);
    if (headers.l4 != headers.l3 + sizeof *ip || icmp->icmp_type != RTE_IP_ICMP_ECHO_REQUEST || icmp->icmp_code != 0) return false;
    const std::uint32_t length = rte_be_to_cpu_16(ip->total_length) - sizeof *ip;
    if (length < sizeof *icmp) return false;
    // RFC 1122, section 3.2.2.6: no answer to groups, and none from addresses that are not one host's.
    const Ipv4Address source{rte_be_to_cpu_32(ip->src_addr)};
    if (source.host_order == 0 || source.host_order >= kFirstMulticast || !serves({rte_be_to_cpu_32(ip->dst_addr)})) return false;
    if (rte_raw_cksum(ip, sizeof *ip) != 0xFFFF || rte_raw_cksum(icmp, length) != 0xFFFF) {
      bad_checksum_.add();
      return false;
    }
    const rte_be32_t asker = ip->src_addr;
    ip->src_addr = ip->dst_addr;
    ip->dst_addr = asker;
    ip->hdr_checksum = adjusted(ip->hdr_checksum, ip->time_to_live, kTimeToLive);
    ip->time_to_live = kTimeToLive;
    icmp->icmp_cksum = adjusted(icmp->icmp_cksum, icmp->icmp_type, RTE_IP_ICMP_ECHO_REPLY);
    // RFC 1624 assumes that not all words are zero, but a reply without data may be: then only 0xFFFF is right. Elsewhere it is as good as
    // 0.
    if (icmp->icmp_cksum == 0) icmp->icmp_cksum = 0xFFFF;
    icmp->icmp_type = RTE_IP_ICMP_ECHO_REPLY;
    return true;
  }

  bool answer_ipv6(Packet packet, const Headers& headers, rte_icmp_hdr* icmp) {
    auto* ip = packet.at<rte_ipv6_hdr>(headers.l3);
    if (headers.l4 != headers.l3 + sizeof *ip || icmp->icmp_type != kEchoRequest6 || icmp->icmp_code != 0) return false;
    if (rte_be_to_cpu_16(ip->payload_len) < sizeof *icmp) return false;
    static constexpr std::uint8_t kUnspecified[16] = {};
    if (ip->src_addr[0] == 0xFF || std::memcmp(ip->src_addr, kUnspecified, 16) == 0 || !serves(ip->dst_addr)) return false;
    // Of a right packet, the checksum's own field included, the complement of the sum is 0 (RFC 1071).
    if (rte_ipv6_udptcp_cksum(ip, icmp) != 0) {
      bad_checksum_.add();
      return false;
    }
    std::swap(ip->src_addr, ip->dst_addr);
    ip->hop_limits = kTimeToLive;
    icmp->icmp_cksum = adjusted(icmp->icmp_cksum, icmp->icmp_type, kEchoReply6);
    icmp->icmp_type = kEchoReply6;
    return true;
  }

  // The checksum after the first byte of a 16-bit word has changed: HC' = ~(~HC + ~m + m') (RFC 1624, equation 3).
  static rte_be16_t adjusted(rte_be16_t checksum, std::uint8_t old_byte, std::uint8_t new_byte) {
    std::uint32_t sum = (~rte_be_to_cpu_16(checksum) & 0xFFFFU) + (~(old_byte << 8U) & 0xFFFFU) + (new_byte << 8U);
    sum = (sum >> 16) + (sum & 0xFFFF);
    sum += sum >> 16;
    return rte_cpu_to_be_16(static_cast<std::uint16_t>(~sum));
  }

  [[nodiscard]] bool serves(Ipv4Address address) const {
    return std::any_of(addresses_.begin(), addresses_.end(), [&](Ipv4Prefix p) { return p.contains(address); });
  }
  [[nodiscard]] bool serves(const std::uint8_t* address) const {
    return std::any_of(ipv6_addresses_.begin(), ipv6_addresses_.end(),
                       [&](const Ipv6Address& a) { return std::memcmp(a.bytes.data(), address, 16) == 0; });
  }

  static constexpr std::uint32_t kFirstMulticast = 0xE0000000;
  static constexpr std::uint8_t kTimeToLive = 64;
  static constexpr std::uint8_t kEchoRequest6 = 128;
  static constexpr std::uint8_t kEchoReply6 = 129;

  std::vector<Ipv4Prefix> addresses_;
  std::vector<Ipv6Address> ipv6_addresses_;
  Output out_;
  Output reply_;
  Counter answered_;
  Counter bad_checksum_;
};
SMARTSWITCH_ELEMENT(ICMPEchoResponder)

}  // namespace smartswitch
