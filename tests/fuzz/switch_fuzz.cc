// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Any packets from clients and servers, in any order, through the whole of configs/memswitch.yaml: nothing is read or written outside of
// a packet, and none is lost. Packets of odd clients, and of servers to them, are as large as the memory that they lie in, so that
// AddressSanitizer sees one byte too many; others have room behind them, as a device's have.
//
// The input is records with 0x1E between:
//   o OPTIONS   first of all: `e` for EXACT_EXPIRY, `n` for FORWARDING=nat
//   cN TEXT     client N sends TEXT, with the headers that belong to it
//   mST TEXT    as before, as datagram S of T of the same client's request
//   sN TEXT     the server answers the request that has been at it for the shortest time but N with TEXT
//   pNST TEXT   the same, as datagram S of T; the request goes on waiting
//   rN BYTES    a packet comes in by port N
//   xHLV        byte H * 256 + L of the next packet is changed by V
//   tN          N * N ms go by
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "elements/memcached/datagram.h"
#include "graph/load.h"
#include "runtime/objects.h"
#include "runtime/observe/edge_hooks.h"
#include "runtime/rehearsal.h"

namespace {

using namespace smartswitch;
using Bytes = std::vector<std::uint8_t>;

constexpr std::uint32_t kUdp = sizeof(rte_ether_hdr) + sizeof(rte_ipv4_hdr);
constexpr std::uint32_t kFrame = kUdp + sizeof(rte_udp_hdr);
constexpr std::uint32_t kText = kFrame + sizeof(memcached::FrameHeader);
constexpr std::size_t kMostText = 4000;
constexpr std::size_t kMostWaiting = 64;
constexpr std::int64_t kMs = 1'000'000;
constexpr int kPatience = 120;  // seconds until all that waits for something has given up
constexpr const char* kSources[] = {"from_clients", "from_server1", "from_server2"};

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "switch: %s\n", what);
  std::abort();
}

graph::Plan load_plan(bool exact_expiry, bool nat) {
  graph::LoadOptions options;
  options.use_environment = false;
  options.variables = {{"CACHE_MEMORY", "4MiB"}, {"EXACT_EXPIRY", exact_expiry ? "true" : "false"}, {"FORWARDING", nat ? "nat" : "direct"}};
  graph::Loaded loaded = graph::load_file(SMARTSWITCH_SOURCE_DIR "/configs/memswitch.yaml", options);
  for (const graph::Diagnostic& diagnostic : loaded.diagnostics) std::fprintf(stderr, "%s", graph::render(diagnostic, false).c_str());
  require(loaded.plan.has_value(), "the configuration is wrong");
  // Small tables are made sooner, and get full.
  graph::Plan plan = std::move(*loaded.plan);
  for (const auto& [object, parameter, value] :
       {std::tuple{"joins", "joins", "16"}, std::tuple{"joins", "memory", "64KiB"}, std::tuple{"own", "requests", "64"}}) {
    Problems problems;
    auto changed = runtime::with_parameter(std::move(plan), runtime::ObjectKind::kState, object, parameter, value, problems);
    require(changed.has_value(), "there is no such table");
    plan = std::move(*changed);
  }
  return plan;
}

// What goes to servers, to be answered.
class Servers final : public observe::EdgeUser {
 public:
  struct Request {
    std::size_t source;  // by which the reply comes in
    Bytes bytes;
  };
  void attach(std::shared_ptr<const observe::Wiring> /*wiring*/) override {}
  [[nodiscard]] bool wants(const observe::Edge& edge) const override { return edge.to->name.starts_with("to_server"); }
  void pass(const observe::Edge& edge, Batch& batch, observe::Onward onward) override {
    for (const Packet packet : batch) {
      if (packet.length() < kText || waiting.size() == kMostWaiting) continue;
      waiting.push_back({edge.to->name == "to_server1" ? 1U : 2U, Bytes(packet.data(), packet.data() + packet.length())});
    }
    onward.push(batch);
  }
  std::vector<Request> waiting;
};

// Memory of its own for the packet, which ends where it ends.
void put_exactly(Packet packet, const Bytes& bytes) {
  struct Memory {
    rte_mbuf_ext_shared_info shared{};
    std::unique_ptr<std::uint8_t[]> bytes;
  };
  auto* memory = new Memory;
  const std::size_t size = RTE_PKTMBUF_HEADROOM + bytes.size();
  memory->bytes = std::make_unique<std::uint8_t[]>(size);
  std::copy(bytes.begin(), bytes.end(), memory->bytes.get() + RTE_PKTMBUF_HEADROOM);
  memory->shared.free_cb = [](void*, void* of) { delete static_cast<Memory*>(of); };
  memory->shared.fcb_opaque = memory;
  rte_mbuf_ext_refcnt_set(&memory->shared, 1);
  rte_pktmbuf_attach_extbuf(packet.mbuf(), memory->bytes.get(), RTE_BAD_IOVA, static_cast<std::uint16_t>(size), &memory->shared);
  packet.mbuf()->data_off = RTE_PKTMBUF_HEADROOM;
  require(packet.resize(static_cast<std::uint32_t>(bytes.size())), "the test's own packet");
}

void set_lengths(Bytes& bytes) {
  auto* ip = reinterpret_cast<rte_ipv4_hdr*>(&bytes[sizeof(rte_ether_hdr)]);
  ip->total_length = rte_cpu_to_be_16(static_cast<std::uint16_t>(bytes.size() - sizeof(rte_ether_hdr)));
  reinterpret_cast<rte_udp_hdr*>(&bytes[kUdp])->dgram_len = rte_cpu_to_be_16(static_cast<std::uint16_t>(bytes.size() - kUdp));
}

void set_frame(Bytes& bytes, std::uint16_t sequence, std::uint16_t total) {
  auto* frame = reinterpret_cast<memcached::FrameHeader*>(&bytes[kFrame]);
  frame->sequence = rte_cpu_to_be_16(sequence);
  frame->total = rte_cpu_to_be_16(total);
}

class Play {
 public:
  explicit Play(std::string_view options) {
    static const graph::Plan plans[2][2] = {{load_plan(false, false), load_plan(false, true)},
                                            {load_plan(true, false), load_plan(true, true)}};
    const auto has = [options](char option) { return options.find(option) != std::string_view::npos ? 1 : 0; };
    const graph::Plan& plan = plans[has('e')][has('n')];
    spdlog::set_level(spdlog::level::off);
    Problems problems;
    rehearsal_ = runtime::Rehearsal::create(plan, problems);
    for (const Problem& problem : problems.list()) std::fprintf(stderr, "%s\n", problem.message.c_str());
    require(rehearsal_ != nullptr, "the switch cannot be made");
    // So that the switch knows where they are.
    for (const std::uint8_t server : {1, 2}) {
      Bytes hello(RTE_ETHER_MIN_LEN);
      auto* ether = reinterpret_cast<rte_ether_hdr*>(hello.data());
      ether->dst_addr = {{2, 0, 0, 0, 0, 0x63}};
      ether->src_addr = {{2, 0, 0, 0, 1, server}};
      ether->ether_type = 0xB588;  // local experimental (IEEE 802)
      come_in(server, hello);
    }
    hooks_.put_on(rehearsal_->wiring());
    hooks_.add(servers_);
  }
  ~Play() { hooks_.remove(servers_); }
  Play(const Play&) = delete;
  Play& operator=(const Play&) = delete;

  void record(std::string_view text) {
    if (text.empty()) return;
    const char kind = text.front();
    text.remove_prefix(1);
    const auto number = [&text] {
      if (text.empty()) return 0U;
      const unsigned value = static_cast<std::uint8_t>(text.front());
      text.remove_prefix(1);
      return value;
    };
    switch (kind) {
      case 'c':
        client_ = number() % 8;
        ++request_;
        return come_in(0, request(text, 0, 1));
      case 'm': {
        const unsigned sequence = number() - '0';
        const unsigned total = number() - '0';
        return come_in(0, request(text, sequence, total));
      }
      case 's':
        return answer(number() - '0', text, 0, 1, false);
      case 'p': {
        const unsigned which = number() - '0';
        const unsigned sequence = number() - '0';
        const unsigned total = number() - '0';
        return answer(which, text, sequence, total, true);
      }
      case 'r': {
        const unsigned port = number() % std::size(kSources);
        return come_in(port, Bytes(text.begin(), text.end()));
      }
      case 'x': {
        const unsigned high = number() - '0';
        const unsigned offset = high * 256 + number();
        changes_.emplace_back(offset, static_cast<std::uint8_t>(number()));
        return;
      }
      case 't': {
        const unsigned n = number();
        return pass(n * n * kMs);
      }
      default:
        return;
    }
  }

  void end() {
    for (int i = 0; i < kPatience && rehearsal_->held() > 0; ++i) pass(1000 * kMs);
    require(rehearsal_->held() == 0, "a packet is held for ever");
    require(rehearsal_->in_use() == 0, "a packet is lost");
  }

 private:
  void pass(std::int64_t time) {
    const std::int64_t until = rehearsal_->now() + time;
    while (rehearsal_->step(until)) {
    }
  }

  void come_in(std::size_t source, Bytes bytes) {
    for (const auto& [offset, value] : std::exchange(changes_, {})) {
      if (offset < bytes.size()) bytes[offset] ^= value;
    }
    if (bytes.size() > 60'000) return;
    const Packet packet = rehearsal_->packet();
    if (!packet) return;  // all are held
    Batch batch;
    if (client_ % 2 == 1 || !packet.resize(static_cast<std::uint32_t>(bytes.size()))) {
      put_exactly(packet, bytes);
    } else {
      std::copy(bytes.begin(), bytes.end(), packet.data());
    }
    batch.add(packet);
    rehearsal_->push(kSources[source], batch);
    while (rehearsal_->step(rehearsal_->now())) {
    }
  }

  [[nodiscard]] Bytes request(std::string_view text, unsigned sequence, unsigned total) const {
    text = text.substr(0, kMostText);
    Bytes bytes(kText);
    bytes.insert(bytes.end(), text.begin(), text.end());
    auto* ether = reinterpret_cast<rte_ether_hdr*>(bytes.data());
    ether->dst_addr = {{2, 0, 0, 0, 0, 0x64}};
    ether->src_addr = {{2, 0, 0, 0, 2, static_cast<std::uint8_t>(client_)}};
    ether->ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
    auto* ip = reinterpret_cast<rte_ipv4_hdr*>(&bytes[sizeof(rte_ether_hdr)]);
    ip->version_ihl = 0x45;
    ip->time_to_live = 64;
    ip->next_proto_id = IPPROTO_UDP;
    ip->packet_id = rte_cpu_to_be_16(request_);
    ip->src_addr = rte_cpu_to_be_32(0x0A0B0001 + client_);  // 10.11.0.1
    ip->dst_addr = rte_cpu_to_be_32(0x0A0B0064);            // 10.11.0.100
    auto* udp = reinterpret_cast<rte_udp_hdr*>(&bytes[kUdp]);
    udp->src_port = rte_cpu_to_be_16(static_cast<std::uint16_t>(40000 + client_));
    udp->dst_port = rte_cpu_to_be_16(11211);
    reinterpret_cast<memcached::FrameHeader*>(&bytes[kFrame])->request_id = rte_cpu_to_be_16(request_);
    set_frame(bytes, static_cast<std::uint16_t>(sequence), static_cast<std::uint16_t>(total));
    set_lengths(bytes);
    return bytes;
  }

  // The waiting request's own headers, turned round.
  void answer(std::size_t which, std::string_view text, unsigned sequence, unsigned total, bool goes_on) {
    auto& waiting = servers_.waiting;
    if (waiting.empty()) return;
    const auto at = waiting.end() - 1 - static_cast<std::ptrdiff_t>(which % waiting.size());
    Bytes bytes = at->bytes;
    const std::size_t source = at->source;
    if (!goes_on) waiting.erase(at);
    bytes.resize(kText);
    text = text.substr(0, kMostText);
    bytes.insert(bytes.end(), text.begin(), text.end());
    const auto turn_round = [&bytes](std::size_t offset, std::ptrdiff_t size) {
      const auto first = bytes.begin() + static_cast<std::ptrdiff_t>(offset);
      std::swap_ranges(first, first + size, first + size);
    };
    turn_round(0, RTE_ETHER_ADDR_LEN);
    turn_round(sizeof(rte_ether_hdr) + offsetof(rte_ipv4_hdr, src_addr), 4);
    turn_round(kUdp, 2);
    reinterpret_cast<rte_udp_hdr*>(&bytes[kUdp])->dgram_cksum = 0;
    set_frame(bytes, static_cast<std::uint16_t>(sequence), static_cast<std::uint16_t>(total));
    set_lengths(bytes);
    come_in(source, std::move(bytes));
  }

  std::unique_ptr<runtime::Rehearsal> rehearsal_;
  observe::EdgeHooks hooks_;
  Servers servers_;
  std::vector<std::pair<unsigned, std::uint8_t>> changes_;
  unsigned client_ = 0;
  std::uint16_t request_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto next = [&rest] {
    const std::size_t end = std::min(rest.find('\x1E'), rest.size());
    const std::string_view record = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return record;
  };
  Play play(rest.starts_with('o') ? next() : std::string_view());
  while (!rest.empty()) play.record(next());
  play.end();
  return 0;
}
