// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstdint>

#include "elements/load/wire.h"
#include "elements/sdk/packet.h"
#include "elements/sdk/units.h"

namespace smartswitch::load {

/// Where requests come from and go to.
struct RequestAddresses {
  MacAddress source_mac;
  MacAddress destination_mac;
  Ipv4Address source;
  Ipv4Address destination;
  std::uint16_t destination_port = 0;
  bool checksums = true;  ///< false if the headers go nowhere: sockets put their own in front
};

/// Makes empty packets requests: Ethernet, IPv4, UDP, memcached's frame and one line of text, for a set with its value.
class RequestWriter {
 public:
  RequestWriter(const RequestAddresses& addresses, std::size_t key_size);

  struct Request {
    std::uint16_t source_port;
    std::uint16_t id;
    std::uint64_t key;
  };
  [[nodiscard]] std::size_t get_bytes() const;
  [[nodiscard]] std::size_t set_bytes(std::size_t value) const;
  /// The packet must have room for that many bytes.
  void write_get(Packet packet, const Request& request);
  void write_set(Packet packet, const Request& request, std::uint64_t version, std::size_t value);

 private:
  std::uint8_t* begin(Packet packet, const Request& request, std::size_t bytes);
  void finish(Packet packet);

  DatagramHeaders headers_{};
  std::size_t key_size_;
  bool checksums_;
  std::uint16_t next_identification_ = 0;
};

}  // namespace smartswitch::load
