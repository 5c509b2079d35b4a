// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fmt/format.h>
#include <rte_ip.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <random>

#include "elements/ip/fragment_headers.h"
#include "elements/sdk/element.h"
#include "elements/sdk/headers.h"

namespace smartswitch {

class IPFragmenter final : public Element {
 public:
  static void describe(Describe<IPFragmenter>& d) {
    d.summary("Cuts IP packets that are too long for a link into fragments.");
    d.details(
        R"(An IPv4 or IPv6 packet of more than `mtu` bytes leaves as fragments (RFC 791, RFC 8200), in order, each with the Ethernet header,
VLAN tags and IP header of the packet. All else passes untouched: what is short enough, and what is not IP.

IPv4 packets with "don't fragment" are dropped, and nobody is told: senders must know the MTU of their own link. IPv6 lets only the sender cut
a packet; here the switch does it for those that it has put together or made itself, so put the element where no others come that are too long.)");
    d.example("cut: {class: IPFragmenter, mtu: 1500}");
    d.input<&IPFragmenter::push>("in", "Ethernet packets");
    d.output("out", &IPFragmenter::out_, "the same, none of IP longer than `mtu`");
    d.parameter("mtu", &IPFragmenter::mtu_, "bytes of an IP packet that the link behind takes").between(576, UINT16_MAX);
    d.counter("fragmented", &IPFragmenter::fragmented_, "packets cut up");
    d.drop("dont_fragment", &IPFragmenter::dont_fragment_, "too long, and marked \"don't fragment\" or an IPv6 fragment already");
    d.drop("malformed", &IPFragmenter::malformed_, "too long, and their headers are cut off or leave no room for data");
    d.drop("no_buffer", &IPFragmenter::no_buffer_, "packets, and their fragments so far, for which the packet pool had too few buffers");
  }

  void start(Problems& problems) override {
    const std::uint32_t room = rte_pktmbuf_data_room_size(worker().pool) - RTE_PKTMBUF_HEADROOM;
    if (mtu_ + kLongestLink > room) {
      problems.add({}, fmt::format("the switch's packets have room for {} bytes, too few for an `mtu` of {}", room, mtu_),
                   "give the port that sends them this `mtu` too");
    }
    random_ = Random((std::uint64_t{std::random_device{}()} << 32) | std::random_device{}());
  }

  void push(Batch& batch) {
    std::uint32_t longest = 0;
    for (const Packet packet : batch) longest = std::max(longest, packet.wire_length());
    if (longest <= mtu_ + kShortestLink) {
      out_.push(batch);
      return;
    }
    Batch out;
    for (const Packet packet : batch) {
      const Headers& headers = locate_headers(packet);
      if (packet.wire_length() <= headers.l3 + mtu_ || !cut(packet, headers.l3, headers.ether_type, out)) emit(packet, out);
    }
    batch.release();
    out_.push(out);
  }

 private:
  static constexpr std::uint32_t kShortestLink = 14;  // an Ethernet header
  static constexpr std::uint32_t kLongestLink = 22;   // the same with two VLAN tags
  static constexpr unsigned kMostFragments = 128;     // of 65,535 bytes for an MTU of 576, with the longest IPv4 header

  // How one packet is cut: `header` bytes are copied to each fragment, and those behind it divided.
  struct Plan {
    std::uint32_t l3 = 0;
    std::uint32_t header = 0;  // to its end, from the packet's start
    std::uint32_t end = 0;     // of the IP packet
    std::uint32_t share = 0;   // bytes of a fragment, but the last
  };

  void emit(Packet packet, Batch& out) {
    out.add(packet);
    if (out.full()) out_.push(out);
  }

  // False if it is to pass as it is. The packet may be in several segments, the headers in the first.
  bool cut(Packet packet, std::uint32_t l3, std::uint16_t type, Batch& out) {
    if (type == ether_type::kIpv4) return cut_ipv4(packet, l3, out);
    if (type == ether_type::kIpv6) return cut_ipv6(packet, l3, out);
    return false;
  }

  bool cut_ipv4(Packet packet, std::uint32_t l3, Batch& out) {
    const auto* ip = packet.at<rte_ipv4_hdr>(l3);
    if (ip == nullptr || ip->version_ihl >> 4 != 4) return dropped(packet, malformed_);
    const std::uint32_t header = rte_ipv4_hdr_len(ip);
    const std::uint32_t total = rte_be_to_cpu_16(ip->total_length);
    if (header < sizeof *ip || total < header || l3 + header > packet.length()) return dropped(packet, malformed_);
    if (total <= mtu_) return false;  // the rest is padding
    if (l3 + total > packet.wire_length()) return dropped(packet, malformed_);
    const std::uint16_t field = rte_be_to_cpu_16(ip->fragment_offset);
    if ((field & RTE_IPV4_HDR_DF_FLAG) != 0) return dropped(packet, dont_fragment_);
    const Plan plan{l3, l3 + header, l3 + total, (mtu_ - header) & ~7U};
    // Where a fragment is cut again, the pieces go on counting from its place.
    const std::uint32_t base = (field & RTE_IPV4_HDR_OFFSET_MASK) * 8U;
    const bool more_behind = (field & RTE_IPV4_HDR_MF_FLAG) != 0;
    return divide(packet, plan, plan.header, out, [&](Packet fragment, std::uint32_t offset, bool last) {
      auto* h = reinterpret_cast<rte_ipv4_hdr*>(fragment.data() + l3);
      if (offset > 0) keep_copied_options(fragment.data() + l3 + sizeof *h, header - static_cast<std::uint32_t>(sizeof *h));
      h->total_length = rte_cpu_to_be_16(static_cast<std::uint16_t>(fragment.length() - l3));
      h->fragment_offset =
          rte_cpu_to_be_16(static_cast<std::uint16_t>((base + offset) / 8 | (last && !more_behind ? 0U : RTE_IPV4_HDR_MF_FLAG)));
      h->hdr_checksum = 0;
      h->hdr_checksum = rte_ipv4_cksum(h);
    });
  }

  // Only options with the highest bit set belong in fragments behind the first (RFC 791 section 3.1); no-operations take the others' place.
  static void keep_copied_options(std::uint8_t* options, std::uint32_t length) {
    constexpr std::uint8_t kEnd = 0;
    constexpr std::uint8_t kNoOperation = 1;
    constexpr std::uint8_t kCopied = 0x80;
    for (std::uint32_t at = 0; at < length && options[at] != kEnd;) {
      const std::uint32_t size = options[at] == kNoOperation ? 1 : at + 1 < length ? options[at + 1] : 0;
      if (size == 0 || at + size > length) break;
      if ((options[at] & kCopied) == 0) std::memset(options + at, kNoOperation, size);
      at += size;
    }
  }

  bool cut_ipv6(Packet packet, std::uint32_t l3, Batch& out) {
    const auto before = ip::find_per_fragment_headers(packet, l3);
    if (!before) return dropped(packet, malformed_);
    const auto* ip = packet.at<rte_ipv6_hdr>(l3);
    const std::uint32_t total = static_cast<std::uint32_t>(sizeof *ip) + rte_be_to_cpu_16(ip->payload_len);
    if (total <= mtu_) return false;
    constexpr std::uint32_t kAdded = sizeof(ip::Ipv6FragmentHeader);
    const std::uint32_t header = before->end - l3;
    if (l3 + total > packet.wire_length() || header >= total || header + kAdded + 8 > mtu_) return dropped(packet, malformed_);
    if (before->next == IPPROTO_FRAGMENT) return dropped(packet, dont_fragment_);
    const Plan plan{l3, before->end, l3 + total, (mtu_ - header - kAdded) & ~7U};
    const auto id = static_cast<std::uint32_t>(random_.next() >> 32);  // not to be guessed (RFC 7739)
    return divide(packet, plan, plan.header + kAdded, out, [&](Packet fragment, std::uint32_t offset, bool last) {
      auto* h = reinterpret_cast<rte_ipv6_hdr*>(fragment.data() + l3);
      h->payload_len = rte_cpu_to_be_16(static_cast<std::uint16_t>(fragment.length() - l3 - sizeof *h));
      fragment.data()[before->next_field] = IPPROTO_FRAGMENT;
      const ip::Ipv6FragmentHeader added{before->next, 0, rte_cpu_to_be_16(static_cast<std::uint16_t>(offset | (last ? 0U : 1U))),
                                         rte_cpu_to_be_32(id)};
      std::memcpy(fragment.data() + before->end, &added, sizeof added);
    });
  }

  // Makes the fragments, whose payload starts at `payload`; `complete` fills in their headers.
  template <class Complete>
  bool divide(Packet packet, const Plan& plan, std::uint32_t payload, Batch& out, Complete complete) {
    const std::uint32_t length = plan.end - plan.header;
    if (plan.share == 0 || (length + plan.share - 1) / plan.share > kMostFragments) return dropped(packet, malformed_);
    std::array<Packet, kMostFragments> fragments;
    unsigned made = 0;
    for (std::uint32_t offset = 0; offset < length; offset += plan.share) {
      const std::uint32_t bytes = std::min(plan.share, length - offset);
      const Packet fragment = allocate(payload + bytes);
      if (!fragment || !fragment.resize(payload + bytes)) {
        for (unsigned i = 0; i < made; ++i) drop(fragments[i], no_buffer_);
        return dropped(packet, no_buffer_);
      }
      fragments[made++] = fragment;
      fragment.annotations().paint = packet.annotations().paint;
      std::memcpy(fragment.data(), packet.data(), plan.header);
      copy_from(packet, plan.header + offset, bytes, fragment.data() + payload);
      complete(fragment, offset, offset + bytes == length);
    }
    consume(packet);
    fragmented_.add();
    for (unsigned i = 0; i < made; ++i) emit(fragments[i], out);
    return true;
  }

  static void copy_from(Packet packet, std::uint32_t at, std::uint32_t bytes, std::uint8_t* to) {
    const void* from = rte_pktmbuf_read(packet.mbuf(), at, bytes, to);
    if (from != to) std::memcpy(to, from, bytes);
  }

  static bool dropped(Packet packet, DropReason& reason) {
    drop(packet, reason);
    return true;
  }

  std::uint16_t mtu_ = 1500;
  Random random_{1};
  Output out_;
  Counter fragmented_;
  DropReason dont_fragment_;
  DropReason malformed_;
  DropReason no_buffer_;
};
SMARTSWITCH_ELEMENT(IPFragmenter)

}  // namespace smartswitch
