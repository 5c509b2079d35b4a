// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fmt/format.h>
#include <rte_arp.h>
#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>

#include <algorithm>
#include <cstdio>
#include <iterator>

#include "elements/sdk/element.h"
#include "elements/sdk/headers.h"

namespace smartswitch {
namespace {

using Line = fmt::memory_buffer;

template <class... Arguments>
void add(Line& line, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  fmt::format_to(std::back_inserter(line), format, std::forward<Arguments>(arguments)...);
}

std::string mac(const rte_ether_addr& address) {
  MacAddress mac;
  std::copy(std::begin(address.addr_bytes), std::end(address.addr_bytes), mac.bytes.begin());
  return to_string(mac);
}

std::string ipv6(const std::uint8_t* bytes) {
  Ipv6Address address;
  std::copy(bytes, bytes + 16, address.bytes.begin());
  return to_string(address);
}

void add_ethernet(Line& line, Packet packet, const Headers& headers) {
  const auto* ether = packet.at<rte_ether_hdr>(0);
  if (ether == nullptr) return;
  add(line, ", {} > {}", mac(ether->src_addr), mac(ether->dst_addr));
  for (std::uint32_t at = sizeof(rte_ether_hdr); at + sizeof(rte_vlan_hdr) <= headers.l3; at += sizeof(rte_vlan_hdr)) {
    if (const auto* tag = packet.at<rte_vlan_hdr>(at)) add(line, ", VLAN {}", rte_be_to_cpu_16(tag->vlan_tci) & 0xFFF);
  }
}

void add_layer3(Line& line, Packet packet, const Headers& headers) {
  if (headers.ip_version == 4) {
    if (const auto* ip = packet.at<rte_ipv4_hdr>(headers.l3)) {
      add(line, ", IPv4 {} > {}", to_string(Ipv4Address{rte_be_to_cpu_32(ip->src_addr)}),
          to_string(Ipv4Address{rte_be_to_cpu_32(ip->dst_addr)}));
    }
  } else if (headers.ip_version == 6) {
    if (const auto* ip = packet.at<rte_ipv6_hdr>(headers.l3)) add(line, ", IPv6 {} > {}", ipv6(ip->src_addr), ipv6(ip->dst_addr));
  } else if (headers.ether_type == ether_type::kArp) {
    add(line, ", ARP");
    if (const auto* arp = packet.at<rte_arp_hdr>(headers.l3); arp != nullptr && arp->arp_protocol == rte_cpu_to_be_16(ether_type::kIpv4)) {
      add(line, " {} asks or answers for {}", to_string(Ipv4Address{rte_be_to_cpu_32(arp->arp_data.arp_sip)}),
          to_string(Ipv4Address{rte_be_to_cpu_32(arp->arp_data.arp_tip)}));
    }
  } else if (headers.l3 != 0) {
    add(line, ", type 0x{:04x}", headers.ether_type);
  }
  if (headers.fragment) add(line, ", {}fragment", headers.first_fragment ? "first " : "");
}

void add_layer4(Line& line, Packet packet, const Headers& headers) {
  if (headers.ip_version == 0) return;
  const bool udp = headers.l4_protocol == ip_protocol::kUdp;
  const bool tcp = headers.l4_protocol == ip_protocol::kTcp;
  const auto* ports = headers.l4 != 0 && (udp || tcp) ? packet.at<std::uint8_t[4]>(headers.l4) : nullptr;
  if (ports == nullptr) {
    add(line, ", protocol {}", headers.l4_protocol);
    return;
  }
  const std::uint8_t* p = *ports;
  add(line, ", {} {} > {}, payload {}", udp ? "UDP" : "TCP", p[0] << 8 | p[1], p[2] << 8 | p[3], headers.payload_length);
}

}  // namespace

class Print final : public Element {
 public:
  static void describe(Describe<Print>& d) {
    d.summary("Writes a line about packets that pass to standard error.");
    d.details(
        "For looking at what goes on, not for production: a line takes microseconds, and its worker waits for the terminal. So that it "
        "cannot flood, it writes at most `limit` lines a second and counts what it left out. A line has the worker's clock in seconds, the "
        "label, the length of the frame, what the headers say (Ethernet, VLAN, ARP, IPv4, IPv6, UDP, TCP), `malformed` if they are cut "
        "short or lie, and as many bytes in hexadecimal as `bytes` says.\n\n"
        "    12.345678 requests: 74 bytes, 02:00:00:00:00:01 > 02:00:00:00:00:02, IPv4 10.0.0.1 > 10.0.0.9, UDP 999 > 11211, payload 32");
    d.example("look: {class: Print, label: requests, every: 1000, bytes: 64}");
    d.input<&Print::push>("in", "any packets");
    d.output("out", &Print::out_, "the same packets");
    d.parameter("label", &Print::label_, "stands in each line; the element's name if it is not given");
    d.parameter("every", &Print::every_, "one of so many packets is chosen for a line").at_least(1);
    d.parameter("limit", &Print::limit_, "lines a second; 0: without limit");
    d.parameter("bytes", &Print::bytes_, "bytes of the packet that are shown in hexadecimal").between(0, 1500);
    d.counter("printed", &Print::printed_, "lines written");
    d.counter("left_out", &Print::left_out_, "lines not written because of `limit`");
  }

  void push(Batch& batch) {
    for (const Packet packet : batch) {
      if (++seen_ < every_) continue;
      seen_ = 0;
      if (may_print()) {
        print(packet);
        printed_.add();
      } else {
        left_out_.add();
      }
    }
    out_.push(batch);
  }

 private:
  bool may_print() {
    if (limit_.per_second == 0) return true;
    constexpr std::int64_t kSecond = 1'000'000'000;
    if (lines_ == 0 || now() - second_ >= kSecond) {
      second_ = now();
      lines_ = 0;
    }
    if (static_cast<double>(lines_) >= limit_.per_second) return false;
    ++lines_;
    return true;
  }

  void print(Packet packet) {
    const Headers& headers = locate_headers(packet);
    line_.clear();
    add(line_, "{}.{:06} {}: {} bytes", now() / 1'000'000'000, now() / 1000 % 1'000'000, label_.empty() ? name() : label_,
        packet.wire_length());
    if (!packet.linear()) add(line_, " in {} segments", packet.mbuf()->nb_segs);
    add_ethernet(line_, packet, headers);
    add_layer3(line_, packet, headers);
    add_layer4(line_, packet, headers);
    if (headers.malformed) add(line_, ", malformed");
    if (bytes_ > 0) {
      add(line_, " |");
      const auto shown = packet.bytes().first(std::min<std::size_t>(bytes_, packet.length()));
      for (std::size_t i = 0; i < shown.size(); ++i) add(line_, "{}{:02x}", i % 4 == 0 ? " " : "", shown[i]);
    }
    line_.push_back('\n');
    std::fwrite(line_.data(), 1, line_.size(), stderr);
  }

  std::string label_;
  std::uint64_t every_ = 1;
  Rate limit_{10};
  std::uint32_t bytes_ = 0;
  std::uint64_t seen_ = 0;
  std::int64_t second_ = 0;  // when the current second began
  std::uint64_t lines_ = 0;  // written in it
  Line line_;
  Output out_;
  Counter printed_;
  Counter left_out_;
};
SMARTSWITCH_ELEMENT(Print)

}  // namespace smartswitch
