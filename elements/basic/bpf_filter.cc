// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The filter runs in libpcap's interpreter. DPDK 22.11's rte_bpf would be faster, but tried against libpcap (bpf_filter_test.cc) its
// conversion reads `icmp[0]` at a wrong place, and the machine code that it makes of `tcp[tcpflags] & tcp-syn != 0` crashes.
#include <fmt/format.h>
#include <pcap/pcap.h>

#include <algorithm>
#include <memory>

#include "elements/sdk/element.h"

namespace smartswitch {
namespace {

// A filter expression as libpcap compiles it.
class Program {
 public:
  explicit Program(const std::string& expression) {
    const std::unique_ptr<pcap_t, decltype(&pcap_close)> handle(pcap_open_dead(DLT_EN10MB, 65535), &pcap_close);
    if (!handle) {
      fault_ = "libpcap has no memory";
    } else if (pcap_compile(handle.get(), &program_, expression.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0) {
      fault_ = pcap_geterr(handle.get());
    }
  }
  ~Program() { pcap_freecode(&program_); }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  [[nodiscard]] const std::string& fault() const { return fault_; }
  [[nodiscard]] const bpf_program& get() const { return program_; }

 private:
  bpf_program program_{};
  std::string fault_;
};

}  // namespace

class BpfFilter final : public Element {
 public:
  static void describe(Describe<BpfFilter>& d) {
    d.summary("Tells packets apart by a filter expression as tcpdump takes it.");
    d.details(
        "The expression language is that of `man pcap-filter`. As with tcpdump, `udp` and the like do not see through VLAN tags: "
        "write `udp or (vlan and udp)`. Names of hosts are looked up once, at the start. The expression is interpreted for each packet; "
        "where "
        "a few bytes at fixed places decide, a Classifier is faster.");
    d.example("dns: {class: BpfFilter, filter: udp port 53 or tcp port 53}");
    d.input<&BpfFilter::push>("in", "any packets");
    d.output("out", &BpfFilter::out_, "packets that match");
    d.output("other", &BpfFilter::other_, "packets that do not match; unconnected, they are dropped as `no_match`").optional();
    d.parameter("filter", &BpfFilter::filter_, "the expression; an empty one matches everything")
        .required()
        .check([](const std::string& filter) {
          const Program program(filter);
          return program.fault().empty() ? std::string() : fmt::format("the filter `{}` does not compile: {}", filter, program.fault());
        });
    d.drop("no_match", &BpfFilter::no_match_, "packets that do not match, if `other` is not connected");
  }

  void start(Problems& problems) override {
    program_ = std::make_unique<Program>(filter_);
    if (!program_->fault().empty()) problems.add({}, fmt::format("the filter `{}` does not compile: {}", filter_, program_->fault()));
    gathered_ = std::make_unique<std::uint8_t[]>(kLongest);
  }

  void push(Batch& batch) {
    Batch others;
    for (const Packet packet : batch) packet.prefetch_data();
    batch.split(others, [this](Packet packet) { return matches(packet); });
    out_.push(batch);
    if (other_.connected()) {
      other_.push(others);
    } else {
      drop(others, no_match_);
    }
  }

 private:
  static constexpr std::uint32_t kLongest = 65535;

  [[nodiscard]] bool matches(Packet packet) const {
    const bpf_insn* program = program_->get().bf_insns;
    if (packet.linear()) return bpf_filter(program, packet.data(), packet.length(), packet.length()) != 0;
    const std::uint32_t length = std::min(packet.wire_length(), kLongest);
    const void* bytes = rte_pktmbuf_read(packet.mbuf(), 0, length, gathered_.get());
    return bpf_filter(program, static_cast<const std::uint8_t*>(bytes), packet.wire_length(), length) != 0;
  }

  std::string filter_;
  std::unique_ptr<Program> program_;
  std::unique_ptr<std::uint8_t[]> gathered_;  // the bytes of a packet in several segments
  Output out_;
  Output other_;
  DropReason no_match_;
};
SMARTSWITCH_ELEMENT(BpfFilter)

}  // namespace smartswitch
