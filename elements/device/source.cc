// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include <algorithm>
#include <cstring>
#include <variant>
#include <vector>

#include "elements/device/payload_template.h"
#include "elements/sdk/element.h"
#include "elements/sdk/headers.h"

namespace smartswitch {

/// Of either version.
using IpAddress = std::variant<Ipv4Address, Ipv6Address>;

template <>
struct ParameterType<IpAddress> {
  static std::string name() { return "IP address"; }
  static bool parse(const Value& value, IpAddress& out, Problems& problems) {
    if (const auto v4 = parse_ipv4(value.text())) {
      out = *v4;
    } else if (const auto v6 = parse_ipv6(value.text())) {
      out = *v6;
    } else {
      report_type(value, "an IP address (such as 10.0.0.1 or \"2001:db8::1\", the latter in quotes)", problems);
      return false;
    }
    return true;
  }
  static std::string format(const IpAddress& v) {
    return std::visit([](const auto& address) { return to_string(address); }, v);
  }
};

class Source final : public Element {
 public:
  static void describe(Describe<Source>& d) {
    d.summary("Makes UDP packets from a template, at a rate or as fast as the graph takes them.");
    d.details(
        "The payload is text with escapes, `\\r` `\\n` `\\t` `\\\\` `\\{` and `\\xHH` (two hexadecimal digits: one byte), and with "
        "placeholders, "
        "which each packet fills anew:\n\n"
        "- `{counter}`: the packet's number in 10 decimal digits with leading zeros: 0, 1, 2, ...; after 9,999,999,999 it starts again.\n"
        "- `{key}`: a number drawn evenly from 0 to `key_space` - 1, in `key_digits` decimal digits with leading zeros. Several in one "
        "payload are drawn apart.\n"
        "- `{id}`: the packet's number in 2 bytes, the high one first; after 65,535 it starts again. It serves as the request number of "
        "memcached's UDP frame.\n\n"
        "In YAML, put the payload in single quotes, which leave backslashes alone. Lengths and checksums are right in every packet. With a "
        "`rate`, packets that are late are sent as soon as possible, but never more than 10 ms worth of them (or one burst): a worker "
        "that was held up does not flood the graph afterwards.");
    d.example(
        "requests:\n"
        "  class: Source\n"
        "  destination_mac: \"02:00:00:00:01:01\"\n"
        "  destination: 10.0.0.100\n"
        "  destination_port: 11211\n"
        "  payload: '{id}\\x00\\x00\\x00\\x01\\x00\\x00get key-{key}\\r\\n'\n"
        "  key_space: 100000\n"
        "  rate: 50k/s");
    d.source<&Source::poll>();
    d.output("out", &Source::out_, "the packets");
    d.parameter("source_mac", &Source::source_mac_, "Ethernet address they come from");
    d.parameter("destination_mac", &Source::destination_mac_, "Ethernet address they go to");
    d.parameter("source", &Source::source_, "IPv4 or IPv6 address they come from");
    d.parameter("destination", &Source::destination_, "IP address they go to, of the same version");
    d.parameter("source_port", &Source::source_port_, "UDP port they come from");
    d.parameter("destination_port", &Source::destination_port_, "UDP port they go to");
    d.parameter("payload", &Source::payload_text_, "what they say, with escapes and placeholders");
    d.parameter("key_space", &Source::key_space_, "different values of `{key}`").between(1, 1'000'000'000'000'000);
    d.parameter("key_digits", &Source::key_digits_, "digits of `{key}`").between(1, 18);
    d.parameter("length", &Source::length_, "bytes of a frame (without FCS): the payload is filled up with zero bytes; 0: as it comes");
    d.parameter("rate", &Source::rate_, "packets a second; 0: as many as possible");
    d.parameter("count", &Source::count_, "packets to make in all; 0: without end");
    d.parameter("burst", &Source::burst_, "most packets to make at a time").between(1, Batch::kCapacity);
    d.counter("no_buffer", &Source::no_buffer_, "times that no packet buffer was free; the packet is made later");
  }

  void validate(Problems& problems) const override {
    if (source_.index() != destination_.index()) {
      problems.add({}, "`source` and `destination` are addresses of different IP versions", "give two of IPv4 or two of IPv6");
    }
    PayloadTemplate payload;
    const std::string fault = payload.parse(payload_text_, key_digits_);
    if (!fault.empty()) problems.add({}, "payload: " + fault);
    double most = 1;
    for (std::uint32_t i = 0; i < key_digits_; ++i) most *= 10;
    if (static_cast<double>(key_space_) > most) {
      problems.add({}, fmt::format("{} keys cannot be told apart by {} digits", key_space_, key_digits_), "raise `key_digits`");
    }
    const std::size_t needed = header_bytes() + payload.bytes().size();
    if (fault.empty() && length_ != 0 && length_ < needed) {
      problems.add({}, fmt::format("`length` is {}, but headers and payload take {} bytes", length_, needed),
                   "raise `length` or leave it out");
    }
  }

  void start(Problems& problems) override {
    payload_.parse(payload_text_, key_digits_);
    const std::size_t room = rte_pktmbuf_data_room_size(worker().pool) - RTE_PKTMBUF_HEADROOM;
    const std::size_t length = std::max<std::size_t>(length_, header_bytes() + payload_.bytes().size());
    if (length > room) {
      problems.add({}, fmt::format("packets of {} bytes do not fit into the packet buffers of {}", length, room),
                   "make `length` or `payload` shorter");
      return;
    }
    build_template(length);
  }

  unsigned poll() {
    const unsigned due = packets_due();
    Batch batch;
    while (batch.size() < due) {
      const Packet packet = allocate();
      if (!packet) {
        no_buffer_.add();
        break;
      }
      fill(packet);
      batch.add(packet);
    }
    const unsigned made = batch.size();
    tokens_ -= made;
    out_.push(batch);
    return made;
  }

 private:
  [[nodiscard]] bool ipv6() const { return std::holds_alternative<Ipv6Address>(source_); }
  [[nodiscard]] std::size_t header_bytes() const {
    return sizeof(rte_ether_hdr) + (ipv6() ? sizeof(rte_ipv6_hdr) : sizeof(rte_ipv4_hdr)) + sizeof(rte_udp_hdr);
  }

  void build_template(std::size_t length) {
    template_.assign(length, 0);
    std::copy(payload_.bytes().begin(), payload_.bytes().end(), template_.begin() + static_cast<std::ptrdiff_t>(header_bytes()));
    auto* ether = reinterpret_cast<rte_ether_hdr*>(template_.data());
    std::memcpy(&ether->dst_addr, destination_mac_.bytes.data(), 6);
    std::memcpy(&ether->src_addr, source_mac_.bytes.data(), 6);
    ether->ether_type = rte_cpu_to_be_16(ipv6() ? ether_type::kIpv6 : ether_type::kIpv4);
    auto* udp = reinterpret_cast<rte_udp_hdr*>(template_.data() + header_bytes() - sizeof(rte_udp_hdr));
    const auto udp_length = static_cast<std::uint16_t>(sizeof(rte_udp_hdr) + length - header_bytes());
    udp->src_port = rte_cpu_to_be_16(source_port_);
    udp->dst_port = rte_cpu_to_be_16(destination_port_);
    udp->dgram_len = rte_cpu_to_be_16(udp_length);
    std::uint8_t* ip = template_.data() + sizeof(rte_ether_hdr);
    const std::uint16_t checksum = ipv6() ? build_ipv6(reinterpret_cast<rte_ipv6_hdr*>(ip), udp, udp_length)
                                          : build_ipv4(reinterpret_cast<rte_ipv4_hdr*>(ip), udp, udp_length);
    base_sum_ = static_cast<std::uint16_t>(~checksum);  // what the datagram without placeholders adds up to
  }

  std::uint16_t build_ipv4(rte_ipv4_hdr* ip, const rte_udp_hdr* udp, std::uint16_t udp_length) const {
    ip->version_ihl = 0x45;
    ip->total_length = rte_cpu_to_be_16(static_cast<std::uint16_t>(sizeof *ip + udp_length));
    ip->fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG);  // so that an identification of 0 is allowed (RFC 6864)
    ip->time_to_live = 64;
    ip->next_proto_id = ip_protocol::kUdp;
    ip->src_addr = rte_cpu_to_be_32(std::get<Ipv4Address>(source_).host_order);
    ip->dst_addr = rte_cpu_to_be_32(std::get<Ipv4Address>(destination_).host_order);
    ip->hdr_checksum = rte_ipv4_cksum(ip);
    return rte_ipv4_udptcp_cksum(ip, udp);
  }

  std::uint16_t build_ipv6(rte_ipv6_hdr* ip, const rte_udp_hdr* udp, std::uint16_t udp_length) const {
    ip->vtc_flow = rte_cpu_to_be_32(6U << 28);
    ip->payload_len = rte_cpu_to_be_16(udp_length);
    ip->proto = ip_protocol::kUdp;
    ip->hop_limits = 64;
    std::memcpy(ip->src_addr, std::get<Ipv6Address>(source_).bytes.data(), 16);
    std::memcpy(ip->dst_addr, std::get<Ipv6Address>(destination_).bytes.data(), 16);
    return rte_ipv6_udptcp_cksum(ip, udp);
  }

  unsigned packets_due() {
    double due = burst_;
    if (rate_.per_second > 0) {
      if (last_ == kNever) {
        tokens_ = 1;
      } else {
        const double most = std::max<double>(burst_, rate_.per_second * kCatchUpSeconds);
        tokens_ = std::min(most, tokens_ + static_cast<double>(now() - last_) * 1e-9 * rate_.per_second);
      }
      last_ = now();
      due = std::min(due, tokens_);
    }
    if (count_ != 0) due = std::min(due, static_cast<double>(count_ - made_));
    return static_cast<unsigned>(due);
  }

  void fill(Packet packet) {
    std::uint8_t* data = packet.data();
    packet.mbuf()->data_len = static_cast<std::uint16_t>(template_.size());
    packet.mbuf()->pkt_len = static_cast<std::uint32_t>(template_.size());
    std::memcpy(data, template_.data(), template_.size());
    std::uint8_t* payload = data + header_bytes();
    std::uint32_t sum = base_sum_ + payload_.fill(payload, made_++, key_space_, random());
    sum = (sum >> 16) + (sum & 0xFFFF);
    const auto checksum = static_cast<std::uint16_t>(~(sum + (sum >> 16)));
    // A checksum of 0 would say that there is none (RFC 768).
    reinterpret_cast<rte_udp_hdr*>(payload - sizeof(rte_udp_hdr))->dgram_cksum = checksum == 0 ? 0xFFFF : checksum;
  }

  static constexpr std::int64_t kNever = INT64_MIN;
  static constexpr double kCatchUpSeconds = 0.01;

  MacAddress source_mac_{{0x02, 0, 0, 0, 0, 0x01}};
  MacAddress destination_mac_{{0x02, 0, 0, 0, 0, 0x02}};
  IpAddress source_ = Ipv4Address{0x0A000001};
  IpAddress destination_ = Ipv4Address{0x0A000002};
  std::uint16_t source_port_ = 1024;
  std::uint16_t destination_port_ = 9;
  std::string payload_text_;
  std::uint64_t key_space_ = 1'000'000;
  std::uint32_t key_digits_ = 16;
  std::uint32_t length_ = 0;
  Rate rate_;
  std::uint64_t count_ = 0;
  std::uint16_t burst_ = 32;

  PayloadTemplate payload_;
  std::vector<std::uint8_t> template_;
  std::uint16_t base_sum_ = 0;
  std::uint64_t made_ = 0;
  double tokens_ = 0;
  std::int64_t last_ = kNever;
  Output out_;
  Counter no_buffer_;
};
SMARTSWITCH_ELEMENT(Source)

}  // namespace smartswitch
