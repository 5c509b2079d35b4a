// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/sdk/reassembler.h"

#include <rte_ether.h>
#include <rte_ip.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <random>

#include "elements/sdk/hash.h"

namespace smartswitch {
namespace {

// The pieces of one whole are sent back to back. One that has had none for so long is a loss or an attack, and makes way when its place is
// needed; the others keep theirs, so that too many at once do not push each other out until none gets whole.
constexpr std::int64_t kStalled = 10'000'000;

}  // namespace

Reassembler::~Reassembler() {
  for (std::uint32_t i = oldest_; i != kUnknown; i = assemblies_[i].newer_) {
    for (const Piece& piece : assemblies_[i].pieces()) rte_pktmbuf_free(piece.packet.mbuf());
  }
}

void Reassembler::validate(Problems& problems) const {
  if (per_source_ > incomplete_) {
    problems.add({}, "one sender may have more incomplete (`per_source`) than all together (`incomplete`)", "make `incomplete` larger");
  }
}

void Reassembler::start(Problems& /*problems*/) {
  assemblies_ = std::make_unique<Assembly[]>(incomplete_);
  buckets_.assign(std::bit_ceil(incomplete_) * std::size_t{2}, kUnknown);
  free_.reserve(incomplete_);
  for (std::uint32_t i = incomplete_; i > 0; --i) free_.push_back(i - 1);
  // Secret, so that nobody can send what falls into one bucket.
  std::random_device random;
  seed_ = (std::uint64_t{random()} << 32) | random();
  timer_.bind<&Reassembler::on_timer>(this);
}

Reassembler::Key Reassembler::key_of(Packet packet, const Headers& headers, std::uint64_t number) {
  Key key;
  const std::uint8_t* l3 = packet.data() + headers.l3;
  if (headers.ip_version == 4) {
    const std::uint8_t* addresses = l3 + offsetof(rte_ipv4_hdr, src_addr);
    for (auto* address : {&key.source, &key.destination}) {
      (*address)[10] = (*address)[11] = 0xFF;
      std::memcpy(address->data() + 12, addresses, 4);
      addresses += 4;
    }
  } else {
    std::memcpy(key.source.data(), l3 + offsetof(rte_ipv6_hdr, src_addr), 16);
    std::memcpy(key.destination.data(), l3 + offsetof(rte_ipv6_hdr, dst_addr), 16);
  }
  // Networks on different VLANs may use the same addresses.
  for (std::uint32_t at = sizeof(rte_ether_hdr); at < headers.l3; at += sizeof(rte_vlan_hdr)) {
    const std::uint8_t* tag = packet.data() + at;
    number = number << 12 | (tag[0] & 0x0FU) << 8 | tag[1];
  }
  key.number = number;
  return key;
}

std::uint32_t& Reassembler::bucket(const Key& key) {
  static_assert(sizeof(Key) == 40, "no padding, whose bytes could be anything");
  return buckets_[XXH3_64bits_withSeed(&key, sizeof key, seed_) & (buckets_.size() - 1)];
}

Reassembler::Assembly* Reassembler::find(const Key& key) {
  for (std::uint32_t i = bucket(key); i != kUnknown; i = assemblies_[i].same_bucket_) {
    if (assemblies_[i].key_ == key) return &assemblies_[i];
  }
  return nullptr;
}

bool Reassembler::make_room(const Key& key, Packet packet) {
  std::uint32_t own = 0;
  for (std::uint32_t i = oldest_; i != kUnknown; i = assemblies_[i].newer_) own += assemblies_[i].key_.source == key.source;
  const bool over_share = own >= per_source_;
  if (!over_share && !free_.empty()) return true;
  DropReason& reason = over_share ? over_share_ : table_full_;
  for (std::uint32_t i = oldest_; i != kUnknown; i = assemblies_[i].newer_) {
    Assembly& other = assemblies_[i];
    if (now() - other.last_piece_ < kStalled || (over_share && other.key_.source != key.source)) continue;
    give_up(other, reason);
    return true;
  }
  drop(packet, reason);
  return false;
}

Reassembler::Assembly* Reassembler::open(const Key& key, Packet packet) {
  if (!make_room(key, packet)) return nullptr;
  const std::uint32_t index = free_.back();
  free_.pop_back();
  Assembly& a = assemblies_[index];
  a.key_ = key;
  a.opened_ = a.last_piece_ = now();
  a.end_ = kUnknown;
  a.covered_ = a.bytes_ = a.count_ = 0;
  a.abandoned_ = false;
  std::uint32_t& first = bucket(key);
  a.same_bucket_ = first;
  first = index;
  a.older_ = newest_;
  a.newer_ = kUnknown;
  (newest_ == kUnknown ? oldest_ : assemblies_[newest_].newer_) = index;
  newest_ = index;
  if (!timer_.scheduled()) schedule_in(timer_, timeout_);
  return &a;
}

Reassembler::Assembly* Reassembler::add(const Key& key, const Piece& piece, std::uint32_t end) {
  Assembly* a = find(key);
  if (a == nullptr) a = open(key, piece.packet);
  if (a == nullptr) return nullptr;
  if (a->abandoned_) {
    drop(piece.packet, abandoned_);
    return nullptr;
  }
  // From the end: most come in order.
  std::uint32_t at = a->count_;
  while (at > 0 && a->pieces_[at - 1].begin >= piece.begin) --at;
  const Piece* next = at < a->count_ ? &a->pieces_[at] : nullptr;
  const bool last = end != kUnknown;
  const bool contradicts =
      a->end_ != kUnknown ? (last ? end != a->end_ : piece.end >= a->end_) : last && a->count_ > 0 && a->pieces_[a->count_ - 1].end > end;
  const bool newly_last = last && a->end_ == kUnknown;
  if (!contradicts && !newly_last && next != nullptr && next->begin == piece.begin && next->end == piece.end &&
      next->length == piece.length && std::memcmp(next->bytes(), piece.bytes(), piece.length) == 0) {
    drop(piece.packet, duplicate_);
    return nullptr;
  }
  // RFC 5722 section 4: where pieces overlap, someone tries to slip something past us; nothing of it may be used.
  if (contradicts || (at > 0 && a->pieces_[at - 1].end > piece.begin) || (next != nullptr && next->begin < piece.end)) {
    abandon(*a, piece.packet, conflict_);
    return nullptr;
  }
  if (a->count_ == kMostPieces || a->bytes_ + piece.length > kLargestPacket || (last ? end : piece.end) > longest_) {
    abandon(*a, piece.packet, too_long_);
    return nullptr;
  }
  std::move_backward(a->pieces_.begin() + at, a->pieces_.begin() + a->count_, a->pieces_.begin() + a->count_ + 1);
  a->pieces_[at] = piece;
  ++a->count_;
  if (last) a->end_ = end;
  a->covered_ += piece.end - piece.begin;
  a->bytes_ += piece.length;
  a->last_piece_ = now();
  held_.store(held() + 1, std::memory_order_relaxed);
  return a->covered_ == a->end_ ? a : nullptr;
}

void Reassembler::finish(Assembly& assembly) {
  for (const Piece& piece : assembly.pieces()) consume(piece.packet);
  held_.store(held() - assembly.count_, std::memory_order_relaxed);
  close(assembly);
}

void Reassembler::drop_pieces(Assembly& assembly, DropReason& reason) {
  for (const Piece& piece : assembly.pieces()) drop(piece.packet, reason);
  held_.store(held() - assembly.count_, std::memory_order_relaxed);
  assembly.count_ = 0;
}

void Reassembler::give_up(Assembly& assembly, DropReason& reason) {
  drop_pieces(assembly, reason);
  close(assembly);
}

void Reassembler::abandon(Assembly& assembly, Packet packet, DropReason& reason) {
  drop_pieces(assembly, reason);
  drop(packet, reason);
  assembly.abandoned_ = true;
}

void Reassembler::close(Assembly& assembly) {
  const std::uint32_t index = index_of(assembly);
  std::uint32_t* link = &bucket(assembly.key_);
  while (*link != index) link = &assemblies_[*link].same_bucket_;
  *link = assembly.same_bucket_;
  (assembly.older_ == kUnknown ? oldest_ : assemblies_[assembly.older_].newer_) = assembly.newer_;
  (assembly.newer_ == kUnknown ? newest_ : assemblies_[assembly.newer_].older_) = assembly.older_;
  free_.push_back(index);
}

void Reassembler::on_timer() {
  while (oldest_ != kUnknown && assemblies_[oldest_].opened_ + timeout_.nanoseconds <= now()) give_up(assemblies_[oldest_], timed_out_);
  if (oldest_ != kUnknown) schedule_at(timer_, assemblies_[oldest_].opened_ + timeout_.nanoseconds);
}

}  // namespace smartswitch
