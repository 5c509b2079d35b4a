// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "bench/stand.h"

#include <rte_ip.h>
#include <rte_udp.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "runtime/eal.h"

namespace smartswitch::bench {
namespace {

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "bench: %s\n", what.c_str());
  std::exit(1);
}

void require_none(const Problems& problems) {
  for (const Problem& p : problems.list()) fail(p.message + " " + p.hint);
}

}  // namespace

Stand::Stand(const std::string& yaml) {
  graph::Loaded loaded = graph::load_text(yaml, "bench", {});
  for (const graph::Diagnostic& d : loaded.diagnostics) fail(graph::render(d, false));
  plan_ = std::move(*loaded.plan);

  Problems problems;
  const runtime::PoolSize size{16384, 256, 2048 + RTE_PKTMBUF_HEADROOM};
  runtime::EalNeeds needs;
  needs.packet_memory = 16 * size.bytes();
  runtime::start_eal(needs, problems);
  require_none(problems);
  pool_ = runtime::make_pool(size, problems);
  require_none(problems);
  ports_ = std::make_unique<runtime::Ports>(plan_, true);
  for (unsigned i = 0; i < plan_.workers.size(); ++i) {
    workers_.push_back(std::make_unique<runtime::Worker>(plan_.workers[i], i, plan_.workers[i].core.value_or(i), pool_.get()));
    workers_.back()->context().now = 1'000'000'000'000;
  }
  pipeline_ = std::make_unique<runtime::Pipeline>(plan_);
  pipeline_->create(problems);
  require_none(problems);
  pipeline_->start_states(problems);
  require_none(problems);
  pipeline_->start_elements(*ports_, runtime::pointers_to(workers_), problems);
  require_none(problems);
  pipeline_->go_live();
}

Stand::~Stand() = default;

Element& Stand::find(std::string_view name, unsigned copy) {
  for (const auto& element : pipeline_->elements()) {
    if (element->name() == name && copy-- == 0) return *element;
  }
  fail("there is no element " + std::string(name));
}

State& Stand::find_state(std::string_view name) {
  for (const auto& state : pipeline_->states()) {
    if (state->name() == name) return *state;
  }
  fail("there is no state object " + std::string(name));
}

unsigned Stand::poll(std::string_view name) {
  for (std::size_t i = 0; i < plan_.instances.size(); ++i) {
    const graph::ElementSpec& spec = plan_.elements[plan_.instances[i].element];
    if (spec.name == name) return spec.info->poll(*pipeline_->elements()[i]);
  }
  fail("there is no source " + std::string(name));
}

WorkerContext& Stand::context() { return workers_.front()->context(); }

std::vector<Key> make_keys(std::size_t count) {
  std::vector<Key> keys(count);
  for (std::size_t i = 0; i < count; ++i) {
    char text[32];
    std::snprintf(text, sizeof text, "key%013zu", i);
    std::copy(text, text + sizeof(Key), keys[i].begin());
  }
  std::shuffle(keys.begin(), keys.end(), std::mt19937_64(1));
  return keys;
}

namespace {

Bytes request_packet(const std::string& text, std::uint16_t request_id) {
  Bytes p(14 + 20 + 8 + 8 + text.size());
  const std::uint8_t ether[] = {2, 0, 0, 0, 0, 0x64, 2, 0, 0, 0, 0, 1, 8, 0};
  std::copy(std::begin(ether), std::end(ether), p.begin());
  auto* ip = reinterpret_cast<rte_ipv4_hdr*>(&p[14]);
  ip->version_ihl = 0x45;
  ip->total_length = rte_cpu_to_be_16(static_cast<std::uint16_t>(p.size() - 14));
  ip->time_to_live = 64;
  ip->next_proto_id = IPPROTO_UDP;
  ip->src_addr = rte_cpu_to_be_32(RTE_IPV4(10, 0, 0, 1));
  ip->dst_addr = rte_cpu_to_be_32(RTE_IPV4(10, 0, 0, 100));
  ip->hdr_checksum = rte_ipv4_cksum(ip);
  auto* udp = reinterpret_cast<rte_udp_hdr*>(&p[34]);
  udp->src_port = rte_cpu_to_be_16(4000);
  udp->dst_port = rte_cpu_to_be_16(11211);
  udp->dgram_len = rte_cpu_to_be_16(static_cast<std::uint16_t>(p.size() - 34));
  p[42] = static_cast<std::uint8_t>(request_id >> 8);
  p[43] = static_cast<std::uint8_t>(request_id);
  p[47] = 1;  // of one datagram
  std::copy(text.begin(), text.end(), p.begin() + 50);
  return p;
}

}  // namespace

Bytes get_packet() { return request_packet("get key0000000000000\r\n", 1); }

Bytes set_packet(std::uint16_t request_id) {
  return request_packet("set key0000000000000 0 0 32\r\n" + std::string(32, 'v') + "\r\n", request_id);
}

std::string backends_yaml(unsigned n) {
  std::string yaml = "  backends:\n    class: BackendPool\n    servers:\n";
  for (unsigned i = 0; i < n; ++i) {
    char line[80];
    std::snprintf(line, sizeof line, "      - {name: mc%u, mac: \"02:00:00:01:%02x:%02x\"}\n", i, i >> 8, i & 0xFF);
    yaml += line;
  }
  return yaml;
}

}  // namespace smartswitch::bench
