// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The way of a request with several keys or commands, or one that is refused: classifier, command filter, splitter, servers that are made
// up here, joiner, error responder.
#pragma once

#include <rte_eal.h>
#include <rte_mbuf.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "elements/memcached/datagram.h"
#include "elements/memcached/join_table.h"
#include "elements/memcached/reply_packet.h"
#include "elements/sdk/element.h"

namespace fuzz {

using namespace smartswitch;
using namespace smartswitch::memcached;

inline void require_that(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "request path: %s\n", what);
  std::abort();
}

class RequestPath {
 public:
  RequestPath() {
    const char* words[] = {"memcached_fuzz", "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry", "-m", "128",
                           "--log-level",    "error",     "-l",          "0"};
    require_that(rte_eal_init(static_cast<int>(std::size(words)), const_cast<char**>(words)) >= 0, "DPDK does not start");
    worker_.pool = rte_pktmbuf_pool_create("small", 4095, 0, sizeof(Annotations), 2048 + RTE_PKTMBUF_HEADROOM, SOCKET_ID_ANY);
    require_that(worker_.pool != nullptr, "no memory");
    worker_.now = 1'000'000'000;
    const StateInfo* info = Registry::instance().state("JoinTable");
    joins_ = info->create();
    Problems problems;
    assign_parameters(joins_.get(), info->parameters, Value::map({{"memory", "4MiB"}}), "JoinTable", {}, problems);
    joins_->start(problems);
    require_that(problems.empty(), "wrong parameters of the JoinTable");
    const Value joins = Value::map({{"joins", "joins"}});
    classify_ = make("MemcachedClassifier", Value::map({}));
    filter_ = make("CommandFilter", Value::map({}));
    split_ = make("RequestSplitter", joins);
    gather_ = make("ReplyJoiner", joins);
    refuse_ = make("ErrorResponder", Value::map({}));
    for (const OutputInfo& out : classify_.info->outputs)
      connect(classify_, out.name, out.name == "several" ? &filter_ : out.name == "refused" ? &refuse_ : nullptr);
    connect(filter_, "out", &split_);
    connect(filter_, "refused", &refuse_);
    for (const char* name : {"get", "write", "control"}) output(split_, name).connect(&RequestPath::take_parts, this, 0);
    connect(split_, "refused", &refuse_);
    output(gather_, "out").connect(&RequestPath::check_replies, this, 0);
    output(refuse_, "out").connect(&RequestPath::check_replies, this, 0);
  }

  /// The text behind a frame header. `replies` is what servers answer with, a line or so each; what is no reply is as good as lost.
  void go(std::string_view text, std::string_view replies) {
    Batch batch;
    batch.add(datagram(text.substr(0, 1400)));
    joined_ = 0;
    push(classify_, batch);
    const bool all = answer(replies);
    require_that(!all || joined_ <= 1, "one request has one reply at most");
    // What has not been answered is forgotten.
    worker_.timers.advance(worker_.now += 2'000'000'000);
    require_that(rte_mempool_in_use_count(worker_.pool) == 0, "nothing is left");
  }

 private:
  struct Part {
    const ElementInfo* info = nullptr;
    std::unique_ptr<Element> element;
  };
  class States final : public Environment {
   public:
    explicit States(State& joins) : joins_(joins) {}
    State& state(const std::string&) override { return joins_; }
    RxQueue rx_queue(const std::string&, std::optional<std::uint16_t>) override { return {}; }
    TxQueue tx_queue(const std::string&) override { return {}; }

   private:
    State& joins_;
  };

  Part make(const char* name, const Value& parameters) {
    Part part;
    part.info = Registry::instance().element(name);
    part.element = part.info->create();
    Problems problems;
    assign_parameters(part.element.get(), part.info->parameters, parameters, name, {}, problems);
    States states(*joins_);
    for (const Value::Member& member : parameters.members())
      part.info->parameter(member.key)->bind(part.element.get(), member.value, states);
    part.element->set_name(name);
    part.element->set_worker(&worker_);
    if (worker_.large_pool == nullptr && part.element->large_packets() > 0) {
      worker_.large_pool = rte_pktmbuf_pool_create("large", 63, 0, sizeof(Annotations), 65535, SOCKET_ID_ANY);
    }
    part.element->start(problems);
    require_that(problems.empty(), "wrong parameters");
    return part;
  }

  static Output& output(Part& part, std::string_view name) {
    for (const OutputInfo& out : part.info->outputs) {
      if (out.name == name) return out.single(*part.element);
    }
    require_that(false, "there is no such output");
    std::abort();
  }
  void connect(Part& part, std::string_view name, Part* next) {
    if (next == nullptr) {
      output(part, name).connect(&RequestPath::free_all, nullptr, 0);
    } else {
      output(part, name).connect(next->info->inputs[0].entry, next->element.get(), 0);
    }
  }
  static void push(Part& part, Batch& batch) { part.info->inputs[0].entry(part.element.get(), 0, batch); }
  static void free_all(void*, unsigned, Batch& batch) { batch.free_all(); }

  Packet datagram(std::string_view text) {
    Packet packet(rte_pktmbuf_alloc(worker_.pool));
    require_that(packet && packet.resize(static_cast<std::uint32_t>(kHeaders + text.size())), "the test's own packet");
    packet.annotations() = Annotations{};
    std::uint8_t* bytes = packet.data();
    std::memset(bytes, 0, kHeaders);
    bytes[12] = 0x08;
    auto* ip = reinterpret_cast<rte_ipv4_hdr*>(bytes + 14);
    ip->version_ihl = 0x45;
    ip->total_length = rte_cpu_to_be_16(static_cast<std::uint16_t>(kHeaders - 14 + text.size()));
    ip->next_proto_id = 17;
    ip->time_to_live = 64;
    ip->src_addr = rte_cpu_to_be_32(0x0A000001);
    ip->dst_addr = rte_cpu_to_be_32(0x0A000002);
    auto* udp = reinterpret_cast<rte_udp_hdr*>(bytes + 34);
    udp->src_port = rte_cpu_to_be_16(40000);
    udp->dst_port = rte_cpu_to_be_16(11211);
    udp->dgram_len = rte_cpu_to_be_16(static_cast<std::uint16_t>(16 + text.size()));
    bytes[47] = 1;  // of one
    std::copy(text.begin(), text.end(), bytes + kHeaders);
    return packet;
  }

  // Each is one whole command with one key at most.
  static void take_parts(void* self, unsigned, Batch& batch) {
    auto& path = *static_cast<RequestPath*>(self);
    for (const Packet packet : batch) {
      const auto part = read_datagram(packet, locate_headers(packet));
      require_that(part.has_value(), "parts are datagrams");
      const Request request = parse_request(part->text);
      require_that(request.status != Status::kMoreBehind && request.keys <= 1, "a part is one command with one key");
      const Errand errand = Errand::from(packet.annotations().context);
      if (errand.purpose == Purpose::kPart) path.waiting_.push_back(packet.annotations().context);
    }
    batch.free_all();
  }

  // Servers' answers, in a mixed-up order. False if some did not answer.
  bool answer(std::string_view replies) {
    std::vector<std::uint64_t> waiting = std::move(waiting_);
    waiting_.clear();
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      std::swap(waiting[i], waiting[i + (waiting.size() - i) * 7 / 11]);
      if (replies.empty()) return false;
      const std::size_t size = std::min<std::size_t>(std::min(replies.find("\n\n"), replies.size()), 1300);
      const Packet packet = datagram(replies.substr(0, size));
      replies.remove_prefix(std::min(size + (i % 3), replies.size()));
      packet.annotations().flags = kOwn | kLast;
      packet.annotations().context = waiting[i];
      Batch batch;
      batch.add(packet);
      push(gather_, batch);
    }
    return true;
  }

  static void check_replies(void* self, unsigned, Batch& batch) {
    auto& path = *static_cast<RequestPath*>(self);
    for (unsigned i = 0; i < batch.size(); ++i) {
      const auto reply = read_datagram(batch[i], locate_headers(batch[i]));
      require_that(reply.has_value() && !reply->text.empty(), "replies are datagrams");
      require_that(reply->text.size() + sizeof(FrameHeader) <= kReplyDatagram, "as long as memcached's at most");
      const unsigned sequence = rte_be_to_cpu_16(reply->frame->sequence);
      require_that(sequence < rte_be_to_cpu_16(reply->frame->total), "the frame counts them");
      if (sequence == 0) ++path.joined_;
    }
    batch.free_all();
  }

  static constexpr std::uint32_t kHeaders = 14 + 20 + 8 + 8;

  WorkerContext worker_;
  std::unique_ptr<State> joins_;
  Part classify_, filter_, split_, gather_, refuse_;
  std::vector<std::uint64_t> waiting_;
  unsigned joined_ = 0;
};

}  // namespace fuzz
