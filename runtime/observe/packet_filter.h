// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <memory>
#include <string>

#include "elements/sdk/packet.h"

struct bpf_program;

namespace smartswitch::observe {

/// A filter expression as tcpdump takes it (pcap-filter(7)), compiled by libpcap. Once compiled it may be asked from several threads.
class PacketFilter {
 public:
  /// An empty expression matches every packet. What is wrong with one that does not compile stands in fault().
  explicit PacketFilter(std::string expression);

  /// Empty if all is well.
  [[nodiscard]] const std::string& fault() const { return fault_; }
  [[nodiscard]] const std::string& expression() const { return expression_; }
  /// Looks at the first segment of a packet.
  [[nodiscard]] bool matches(Packet packet) const;

 private:
  struct Free {
    void operator()(bpf_program* program) const;
  };
  std::string expression_;
  std::string fault_;
  std::unique_ptr<bpf_program, Free> program_;
};

}  // namespace smartswitch::observe
