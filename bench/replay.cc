// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "bench/replay.h"

#include <cstdio>
#include <cstdlib>

namespace smartswitch::bench {

void PacketRing::fill(const std::vector<Bytes>& templates, rte_mempool* pool) {
  templates_ = templates;
  for (unsigned i = 0; i < kPackets; ++i) {
    const Packet packet(rte_pktmbuf_alloc(pool));
    if (!packet) {
      std::fputs("bench: the packet pool is too small\n", stderr);
      std::abort();
    }
    packets_.push_back(packet.mbuf());
    restore(packet, i);
  }
}

void PacketRing::restore(Packet packet, unsigned index) const {
  const Bytes& bytes = templates_[index % templates_.size()];
  rte_mbuf* mbuf = packet.mbuf();
  mbuf->data_off = RTE_PKTMBUF_HEADROOM;
  mbuf->hash.usr = kMark;
  rte_mbuf_refcnt_set(mbuf, 2);  // an element that drops it does not give it back to the pool
  if (!packet.resize(static_cast<std::uint32_t>(bytes.size()))) std::abort();
  std::memcpy(packet.data(), bytes.data(), bytes.size());
}

void PacketRing::take(Batch& batch, unsigned n) {
  for (unsigned i = 0; i < n; ++i) {
    const unsigned index = next_++ % kPackets;
    const Packet packet(packets_[index]);
    if (restore_) restore(packet, index);
    if (keys_ != nullptr) {
      std::memcpy(packet.data() + key_offset_, (*keys_)[next_key_].data(), sizeof(Key));
      if (++next_key_ == keys_->size()) next_key_ = 0;
    }
    if (port_offset_ != 0) {
      const std::uint32_t request = next_request_++;
      const auto id = static_cast<std::uint16_t>(request);
      const auto port = static_cast<std::uint16_t>(0x8000 | request >> 16);
      std::memcpy(packet.data() + id_offset_, &id, sizeof id);
      std::memcpy(packet.data() + port_offset_, &port, sizeof port);
    }
    if (flows_ != 0) {
      std::memcpy(packet.data() + flow_offset_, &next_flow_, sizeof next_flow_);
      if (++next_flow_ == flows_) next_flow_ = 0;
    }
    packet.reset_annotations();
    batch.add(packet);
  }
}

void Replay::describe(Describe<Replay>& d) {
  d.summary("Gives out the same packets again and again.");
  d.output("out", &Replay::out_, "the packets");
  d.source<&Replay::poll>();
}

unsigned Replay::poll() {
  Batch batch;
  ring_.take(batch, burst_);
  out_.push(batch);
  return burst_;
}

void Collect::describe(Describe<Collect>& d) {
  d.summary("Takes back what Replay has given out.");
  d.input<&Collect::push>("in", "packets");
  d.counter("packets", &Collect::packets_, "packets taken back");
}

void Collect::push(Batch& batch) {
  packets_.add(batch.size());
  for (Packet packet : batch) {
    if (!PacketRing::owns(packet.mbuf())) rte_pktmbuf_free(packet.mbuf());
  }
  batch.release();
}

SMARTSWITCH_ELEMENT(Replay)
SMARTSWITCH_ELEMENT(Collect)

}  // namespace smartswitch::bench
