// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// A Packet is a handle on an rte_mbuf: one pointer, copied freely, owning nothing. Exactly one holder owns the mbuf itself:
// the Batch it is in, or the element that keeps it. Elements read bytes only through at<T>(), which checks that they are there:
//
//   if (const auto* ether = packet.at<rte_ether_hdr>(0)) ...
#pragma once

#include <rte_mbuf.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace smartswitch {

/// Where the headers of a packet are, in bytes from its start. Filled by locate_headers(); valid if `located`.
struct Headers {
  bool located = false;
  std::uint8_t ip_version = 0;       ///< 4, 6, or 0 for anything else
  std::uint8_t l4_protocol = 0;      ///< IP protocol number of the payload; 0 if none was reached
  bool fragment : 1 = false;         ///< any IP fragment
  bool first_fragment : 1 = false;   ///< the fragment that has the layer 4 header
  bool malformed : 1 = false;        ///< a header lies about its length, or is cut short
  std::uint16_t l3 = 0;              ///< start of the IP (or other) header: behind Ethernet and VLAN tags
  std::uint16_t l4 = 0;              ///< start of the layer 4 header; 0 if there is none to read
  std::uint16_t payload = 0;         ///< start of the UDP or TCP payload; 0 if there is none to read
  std::uint16_t payload_length = 0;  ///< bytes of payload that IP and UDP announce and that are in the packet
  std::uint16_t ether_type = 0;      ///< the innermost EtherType, host order
};

/// The server that was chosen for a packet.
struct NextHop {
  std::uint32_t address = 0;  ///< IPv4, host order; 0: it has none
  std::uint16_t port = 0;
  std::uint16_t server = 0;  ///< its number in its pool
};

/// What elements have learnt about a packet. Lives in the mbuf's private area: one cache line.
struct alignas(64) Annotations {
  // What reset_annotations() clears stands together, down to Headers::ip_version: eight bytes, one store.
  std::uint8_t paint = 0;       ///< colour set by Paint, read by PaintSwitch
  std::uint8_t verb = 0;        ///< what the application asks for (e.g. memcached::Verb); 0: not known
  std::uint8_t key_length = 0;  ///< bytes of the application's key; 0: no key was found
  std::uint8_t flags = 0;       ///< application's own bits
  std::uint16_t trace = 0;      ///< its number while the runtime follows it through the graph; 0: it does not. No element's business
  Headers headers;
  std::uint16_t key_offset = 0;  ///< start of the key
  std::uint16_t request_id = 0;  ///< application's request number, host order
  std::uint64_t key_hash = 0;    ///< hash_key() of the key
  std::uint64_t context = 0;     ///< free for the elements of the application
  std::int64_t time = 0;         ///< when the packet was received or is due, ns of Element::now()
  NextHop next;
  std::int64_t arrival = 0;  ///< when it came into the graph, exact ns; only of packets that the runtime times (elements/device/transit.h)
};
static_assert(sizeof(Annotations) == 64, "annotations are one cache line");
static_assert(offsetof(Annotations, headers) + offsetof(Headers, l4_protocol) == 8, "what is reset is eight bytes");

/// What fits into one segment, whose length has 16 bits, behind the headroom that every packet has.
inline constexpr std::uint32_t kLargestPacket = UINT16_MAX - RTE_PKTMBUF_HEADROOM;

class Packet {
 public:
  Packet() = default;
  explicit Packet(rte_mbuf* mbuf) : mbuf_(mbuf) {}

  explicit operator bool() const { return mbuf_ != nullptr; }
  [[nodiscard]] rte_mbuf* mbuf() const { return mbuf_; }

  /// The first byte, and how many are readable from it. A packet in several segments shows its first one only.
  [[nodiscard]] std::uint8_t* data() const { return rte_pktmbuf_mtod(mbuf_, std::uint8_t*); }
  [[nodiscard]] std::uint32_t length() const { return rte_pktmbuf_data_len(mbuf_); }
  /// All segments together: what a device puts on the wire.
  [[nodiscard]] std::uint32_t wire_length() const { return rte_pktmbuf_pkt_len(mbuf_); }
  [[nodiscard]] bool linear() const { return length() == wire_length(); }
  [[nodiscard]] std::span<std::uint8_t> bytes() const { return {data(), length()}; }

  /// The T at `offset`, or nullptr if the packet has not that many bytes there. T must be a packed wire structure.
  template <class T>
  [[nodiscard]] T* at(std::uint32_t offset) const {
    if (offset > length() || length() - offset < sizeof(T)) return nullptr;
    return reinterpret_cast<T*>(data() + offset);
  }

  /// The largest length that resize() can give it; 0 if it has several segments.
  [[nodiscard]] std::uint32_t capacity() const {
    return mbuf_->nb_segs == 1 ? static_cast<std::uint32_t>(mbuf_->buf_len) - mbuf_->data_off : 0;
  }
  /// Room at the end is taken or given back so that the packet has `length` bytes. False, and nothing done, if the buffer is
  /// too small or the packet has several segments.
  [[nodiscard]] bool resize(std::uint32_t length) const {
    if (mbuf_->nb_segs != 1 || length > capacity()) return false;
    mbuf_->data_len = static_cast<std::uint16_t>(length);
    mbuf_->pkt_len = length;
    return true;
  }

  /// Valid until the packet is freed; reset by whoever brings a packet into the graph.
  [[nodiscard]] Annotations& annotations() const { return *static_cast<Annotations*>(rte_mbuf_to_priv(mbuf_)); }
  void reset_annotations() const {
    // The rest is only read when these say that it is set, so eight bytes a packet are enough on the receive path.
    Annotations& a = annotations();
    a.paint = 0;
    a.verb = 0;
    a.key_length = 0;
    a.flags = 0;
    a.trace = 0;
    a.headers.located = false;
    a.headers.ip_version = 0;
  }

  /// A copy with bytes and annotations of its own, or a null Packet if `pool` is empty or its buffers are too small.
  [[nodiscard]] Packet copy(rte_mempool* pool) const {
    rte_mbuf* twin = rte_pktmbuf_copy(mbuf_, pool, 0, UINT32_MAX);
    if (twin == nullptr) return Packet();
    Packet packet(twin);
    packet.annotations() = annotations();
    return packet;
  }

  void prefetch_data() const { rte_prefetch0(data()); }
  void prefetch_annotations() const { rte_prefetch0(&annotations()); }

 private:
  rte_mbuf* mbuf_ = nullptr;
};

}  // namespace smartswitch
