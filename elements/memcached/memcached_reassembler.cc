// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <rte_ip.h>
#include <rte_udp.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "elements/memcached/datagram.h"
#include "elements/sdk/reassembler.h"

namespace smartswitch::memcached {

class MemcachedReassembler final : public Reassembler {
 public:
  static void describe(Describe<MemcachedReassembler>& d) {
    d.summary("Joins memcached requests that come in several datagrams, in whatever order, into one.");
    d.details(
        R"(memcached's frame header can say "part 2 of 5", but memcached itself drops such requests in silence. Here the parts become one
datagram, "part 1 of 1", which every memcached takes: with the headers of the first part and a checksum of its own. If it is longer than the
next link allows, an IPFragmenter has to be in front of the device. All else passes untouched.

Parts belong together if client, port, destination and request id are the same. A client must not use a request id again within `timeout`,
unless it sends the same request again. The longest request is 65,407 bytes with its headers, in 64 parts at most.

Memory is bounded: 64 parts for each of `incomplete` requests. One client has no more than `per_source` of them. When the table is full, a
request of which nothing has come for 10 ms makes way for a new one.)");
    d.example("join: {class: MemcachedReassembler, service: [10.11.0.100]}");
    d.input<&MemcachedReassembler::push>("in", "packets from clients");
    d.output("out", &MemcachedReassembler::out_, "the same, with joined requests in place of parts");
    d.parameter("service", &MemcachedReassembler::service_, "addresses that requests are sent to; none: every address");
    d.parameter("udp_port", &MemcachedReassembler::port_, "port that requests are sent to").at_least(1);
    describe_assembling(d, "requests");
    d.counter("joined", &MemcachedReassembler::joined_, "requests joined");
    d.drop("bad_checksum", &MemcachedReassembler::bad_checksum_,
           "parts whose UDP checksum is wrong: it would be lost when they are joined");
  }

  MemcachedReassembler() {
    longest_ = kMostPieces;
    timeout_ = Duration{200'000'000};
  }

  void start(Problems& problems) override {
    Reassembler::start(problems);
    next_id_ = static_cast<std::uint16_t>(random().next() >> 48);
  }

  void push(Batch& batch) {
    unsigned kept = 0;
    rte_mbuf** mbufs = batch.mbufs();
    for (Packet packet : batch) {
      const Headers& headers = locate_headers(packet);
      const auto datagram = read_datagram(packet, headers);
      // 0 parts make no sense; the classifier drops them.
      if (datagram && rte_be_to_cpu_16(datagram->frame->total) > 1 && serves(packet, headers)) packet = take(packet, headers, *datagram);
      if (packet) mbufs[kept++] = packet.mbuf();
    }
    batch.set_size(kept);
    out_.push(batch);
  }

 private:
  [[nodiscard]] bool serves(Packet packet, const Headers& headers) const {
    const auto* udp = reinterpret_cast<const rte_udp_hdr*>(packet.data() + headers.l4);
    if (udp->dst_port != rte_cpu_to_be_16(port_)) return false;
    if (service_.empty()) return true;
    if (headers.ip_version != 4) return false;
    const auto* ip = reinterpret_cast<const rte_ipv4_hdr*>(packet.data() + headers.l3);
    return std::find(service_.begin(), service_.end(), Ipv4Address{rte_be_to_cpu_32(ip->dst_addr)}) != service_.end();
  }

  // The whole, if this was the last missing part.
  Packet take(Packet packet, const Headers& headers, const Datagram& datagram) {
    const std::uint32_t sequence = rte_be_to_cpu_16(datagram.frame->sequence);
    const std::uint32_t total = rte_be_to_cpu_16(datagram.frame->total);
    const auto* udp = reinterpret_cast<const rte_udp_hdr*>(packet.data() + headers.l4);
    const bool unchecked = udp->dgram_cksum == 0 && headers.ip_version == 4;  // RFC 768; IPv6 asks for one (RFC 8200 section 8.1)
    if (sequence >= total) return dropped(packet, malformed_);
    if (!unchecked && udp_sum(packet, headers) != 0xFFFF) return dropped(packet, bad_checksum_);
    const std::uint64_t number = std::uint64_t{udp->src_port} << 16 | datagram.frame->request_id;
    const std::uint32_t at = headers.payload + static_cast<std::uint32_t>(sizeof(FrameHeader));
    const Piece piece{packet, sequence, sequence + 1, at, static_cast<std::uint32_t>(datagram.text.size())};
    Assembly* assembly = add(key_of(packet, headers, number), piece, total);
    return assembly == nullptr ? Packet() : join(*assembly);
  }

  static Packet dropped(Packet packet, DropReason& reason) {
    drop(packet, reason);
    return Packet();
  }

  Packet join(Assembly& assembly) {
    const Piece& first = assembly.pieces().front();
    const Headers& headers = locate_headers(first.packet);
    const std::uint32_t length = first.at + assembly.bytes();
    const Packet whole = length <= kLargestPacket ? allocate(length) : Packet();
    if (!whole || !whole.resize(length)) {
      give_up(assembly, length <= kLargestPacket ? no_buffer_ : too_long_);
      return Packet();
    }
    std::memcpy(whole.data(), first.packet.data(), first.at);
    std::uint8_t* text = whole.data() + first.at;
    for (const Piece& piece : assembly.pieces()) {
      std::memcpy(text, piece.bytes(), piece.length);
      text += piece.length;
    }
    complete(whole, headers);
    finish(assembly);
    joined_.add();
    return whole;
  }

  void complete(Packet whole, const Headers& headers) {
    auto* frame = reinterpret_cast<FrameHeader*>(whole.data() + headers.payload);
    frame->sequence = 0;
    frame->total = rte_cpu_to_be_16(1);
    if (headers.ip_version == 4) {
      auto* ip = reinterpret_cast<rte_ipv4_hdr*>(whole.data() + headers.l3);
      ip->total_length = rte_cpu_to_be_16(static_cast<std::uint16_t>(whole.length() - headers.l3));
      // What may be cut into fragments needs an id; one that may not usually has none (RFC 6864 section 4).
      ip->packet_id = rte_cpu_to_be_16(next_id_++);
      ip->fragment_offset = 0;
      ip->hdr_checksum = 0;
      ip->hdr_checksum = rte_ipv4_cksum(ip);
    } else {
      auto* ip = reinterpret_cast<rte_ipv6_hdr*>(whole.data() + headers.l3);
      ip->payload_len = rte_cpu_to_be_16(static_cast<std::uint16_t>(whole.length() - headers.l3 - sizeof *ip));
    }
    auto* udp = reinterpret_cast<rte_udp_hdr*>(whole.data() + headers.l4);
    udp->dgram_len = rte_cpu_to_be_16(static_cast<std::uint16_t>(whole.length() - headers.l4));
    udp->dgram_cksum = 0;
    const auto sum = static_cast<std::uint16_t>(~udp_sum(whole, headers));
    udp->dgram_cksum = sum == 0 ? 0xFFFF : sum;  // RFC 768: 0 would mean that there is none
  }

  // Of pseudo-header and datagram, its checksum included: 0xFFFF if that is right.
  static std::uint16_t udp_sum(Packet packet, const Headers& headers) {
    const bool v4 = headers.ip_version == 4;
    const std::uint8_t* addresses = packet.data() + headers.l3 + (v4 ? offsetof(rte_ipv4_hdr, src_addr) : offsetof(rte_ipv6_hdr, src_addr));
    const auto* udp = reinterpret_cast<const rte_udp_hdr*>(packet.data() + headers.l4);
    std::uint32_t sum = rte_raw_cksum(addresses, v4 ? 8 : 32);
    sum += rte_cpu_to_be_16(ip_protocol::kUdp);
    sum += udp->dgram_len;
    sum += rte_raw_cksum(udp, rte_be_to_cpu_16(udp->dgram_len));
    sum = (sum >> 16) + (sum & 0xFFFF);
    return static_cast<std::uint16_t>((sum >> 16) + (sum & 0xFFFF));
  }

  std::vector<Ipv4Address> service_;
  std::uint16_t port_ = kPort;
  std::uint16_t next_id_ = 0;
  Output out_;
  Counter joined_;
  DropReason bad_checksum_;
};

SMARTSWITCH_ELEMENT(MemcachedReassembler)

}  // namespace smartswitch::memcached
