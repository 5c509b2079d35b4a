// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Feeds IPReassembler fragments of any place, length and order, cuts what it makes with an IPFragmenter and puts that together again. Every
// byte that comes out must be the one that belongs there, and no packet may be lost. Each six bytes of input are a fragment: flags, id,
// offset in units of 8 bytes, length.
#include <rte_eal.h>
#include <rte_ip.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "elements/sdk/element.h"
#include "elements/sdk/headers.h"

namespace {

using smartswitch::Batch;
using smartswitch::Element;
using smartswitch::ElementInfo;
using smartswitch::Headers;
using smartswitch::Packet;
using smartswitch::Value;

enum Flag : std::uint8_t { kMore = 1, kIpv6 = 2, kOneByteMore = 4, kTimePasses = 8 };
constexpr std::size_t kStep = 6;
constexpr std::uint32_t kIp = 14;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "fragments: %s\n", what);
  std::abort();
}

rte_mempool* pool(const char* name, unsigned packets, std::uint32_t room) {
  rte_mempool* made =
      rte_pktmbuf_pool_create(name, packets, 0, sizeof(smartswitch::Annotations), static_cast<std::uint16_t>(room), SOCKET_ID_ANY);
  require(made != nullptr, "no memory");
  return made;
}

struct Stand {
  Stand() {
    const char* words[] = {"fragments_fuzz", "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry", "-m", "128",
                           "--log-level",    "error",     "-l",          "0"};
    require(rte_eal_init(std::size(words), const_cast<char**>(words)) >= 0, "DPDK does not start");
    worker.pool = pool("small", 2047, 2048 + RTE_PKTMBUF_HEADROOM);
    worker.large_pool = pool("large", 127, smartswitch::kLargestPacket + RTE_PKTMBUF_HEADROOM);
  }
  smartswitch::WorkerContext worker;
};

Stand& stand() {
  static Stand the_stand;
  return the_stand;
}

std::uint8_t byte_at(std::uint8_t id, std::uint32_t offset) { return static_cast<std::uint8_t>((offset >> 3) * 29 + offset * 7 + id); }

struct Part {
  Part(const char* element_class, const Value& parameters)
      : info(smartswitch::Registry::instance().element(element_class)), element(info->create()) {
    smartswitch::Problems problems;
    smartswitch::assign_parameters(element.get(), info->parameters, parameters, element_class, {}, problems);
    element->set_worker(&stand().worker);
    element->start(problems);
    require(problems.empty(), "wrong parameters");
  }
  void connect(Part& next) { info->outputs[0].single(*element).connect(next.info->inputs[0].entry, next.element.get(), 0); }
  const ElementInfo* info;
  std::unique_ptr<Element> element;
};

void check(void*, unsigned, Batch& batch) {
  for (const Packet packet : batch) {
    const Headers& h = locate_headers(packet);
    require(!h.malformed && !h.fragment, "wholes are sound");
    // An atomic fragment (RFC 6946) has its fragment header still.
    const std::uint32_t payload = h.l3 + (h.ip_version == 4 ? 20 : packet.data()[h.l3 + 6] == 44 ? 48 : 40);
    const std::uint8_t id = packet.data()[h.ip_version == 6 ? h.l3 + 8 : h.l3 + 12];  // the first byte of the source address
    for (std::uint32_t i = payload; i < packet.length(); ++i)
      require(packet.data()[i] == byte_at(id, i - payload), "each byte is in its place");
  }
  batch.free_all();
}

// The id is in the source address too, so that check() knows it. The protocol has no header that could be malformed.
Packet make(const std::uint8_t* step) {
  const bool v6 = (step[0] & kIpv6) != 0;
  const std::uint32_t offset = (step[2] << 8 | step[3]) % 8192 * 8;
  const std::uint32_t length = (step[4] << 8 | step[5]) % 190 * 8 + ((step[0] & kOneByteMore) != 0 ? 1 : 0);
  const std::uint32_t payload = kIp + (v6 ? 48 : 20);
  const bool more = (step[0] & kMore) != 0;
  Packet packet(rte_pktmbuf_alloc(stand().worker.pool));
  require(packet && packet.resize(payload + length), "the test's own packet");
  packet.annotations() = smartswitch::Annotations{};
  std::uint8_t* bytes = packet.data();
  std::memset(bytes, 0, payload);
  bytes[12] = v6 ? 0x86 : 0x08;
  bytes[13] = v6 ? 0xDD : 0x00;
  if (v6) {
    auto* ip = reinterpret_cast<rte_ipv6_hdr*>(bytes + kIp);
    bytes[kIp] = 0x60;
    ip->payload_len = rte_cpu_to_be_16(static_cast<std::uint16_t>(8 + length));
    ip->proto = 44;
    ip->src_addr[0] = step[1];
    const std::uint8_t header[] = {
        255, 0, static_cast<std::uint8_t>(offset >> 8), static_cast<std::uint8_t>(offset | (more ? 1U : 0U)), 0, 0, 0, step[1]};
    std::memcpy(bytes + kIp + 40, header, sizeof header);
  } else {
    auto* ip = reinterpret_cast<rte_ipv4_hdr*>(bytes + kIp);
    ip->version_ihl = 0x45;
    ip->total_length = rte_cpu_to_be_16(static_cast<std::uint16_t>(20 + length));
    ip->packet_id = step[1];
    ip->fragment_offset = rte_cpu_to_be_16(static_cast<std::uint16_t>(offset / 8 | (more ? 0x2000U : 0U)));
    ip->next_proto_id = 255;
    ip->src_addr = step[1];
  }
  for (std::uint32_t i = 0; i < length; ++i) bytes[payload + i] = byte_at(step[1], offset + i);
  return packet;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  smartswitch::WorkerContext& worker = stand().worker;
  {
    const Value few = Value::map({{"incomplete", "4"}, {"per_source", "2"}, {"timeout", "20ms"}});
    Part first("IPReassembler", few);
    Part cut("IPFragmenter", Value::map({{"mtu", "1280"}}));
    Part second("IPReassembler", few);
    first.connect(cut);
    cut.connect(second);
    second.info->outputs[0].single(*second.element).connect(&check, nullptr, 0);
    for (std::size_t at = 0; at + kStep <= size; at += kStep) {
      Batch batch;
      batch.add(make(data + at));
      first.info->inputs[0].entry(first.element.get(), 0, batch);
      require(first.element->held() <= first.element->may_hold(), "no more is held than may be");
      require(second.element->held() == 0, "what was cut gets whole at once");
      if ((data[at] & kTimePasses) != 0) worker.timers.advance(worker.now += 5'000'000);
    }
    require(rte_mempool_in_use_count(worker.pool) == first.element->held(), "nothing is lost");
  }
  require(rte_mempool_in_use_count(worker.pool) + rte_mempool_in_use_count(worker.large_pool) == 0, "nothing is left");
  return 0;
}
