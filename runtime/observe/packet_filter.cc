// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/observe/packet_filter.h"

#include <pcap/pcap.h>

namespace smartswitch::observe {

void PacketFilter::Free::operator()(bpf_program* program) const {
  pcap_freecode(program);
  delete program;
}

PacketFilter::PacketFilter(std::string expression) : expression_(std::move(expression)) {
  if (expression_.empty()) return;
  const std::unique_ptr<pcap_t, decltype(&pcap_close)> handle(pcap_open_dead(DLT_EN10MB, 65535), &pcap_close);
  program_.reset(new bpf_program{});
  if (!handle) {
    fault_ = "libpcap has no memory";
  } else if (pcap_compile(handle.get(), program_.get(), expression_.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0) {
    fault_ = pcap_geterr(handle.get());
  }
}

bool PacketFilter::matches(Packet packet) const {
  return !program_ || bpf_filter(program_->bf_insns, packet.data(), packet.wire_length(), packet.length()) != 0;
}

}  // namespace smartswitch::observe
