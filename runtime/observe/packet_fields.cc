// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/observe/packet_fields.h"

#include <fmt/format.h>
#include <rte_arp.h>
#include <rte_ether.h>
#include <rte_ip.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <string_view>

#include "elements/sdk/headers.h"
#include "elements/sdk/units.h"

namespace smartswitch::observe {
namespace {

constexpr std::size_t kShownPayload = 48;

using Bytes = std::span<const std::uint8_t>;

std::uint16_t load16(Bytes bytes, std::size_t at) { return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]); }

std::string mac(Bytes bytes, std::size_t at) {
  MacAddress address;
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), 6, address.bytes.begin());
  return to_string(address);
}
std::string ipv4(Bytes bytes, std::size_t at) {
  return to_string(Ipv4Address{static_cast<std::uint32_t>(load16(bytes, at)) << 16 | load16(bytes, at + 2)});
}
std::string ipv6(Bytes bytes, std::size_t at) {
  Ipv6Address address;
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), 16, address.bytes.begin());
  return to_string(address);
}

std::string protocol_name(std::uint8_t protocol) {
  switch (protocol) {
    case ip_protocol::kIcmp:
      return "ICMP";
    case ip_protocol::kIpIp:
      return "IP in IP";
    case ip_protocol::kTcp:
      return "TCP";
    case ip_protocol::kUdp:
      return "UDP";
    case ip_protocol::kIcmp6:
      return "ICMPv6";
    default:
      return "protocol " + std::to_string(protocol);
  }
}

// The header itself, even where its lengths lie: that is when one wants to see it.
void add_ip(Bytes bytes, std::size_t l3, std::uint16_t type, std::vector<Field>& fields) {
  if (type == ether_type::kIpv4 && bytes.size() >= l3 + sizeof(rte_ipv4_hdr)) {
    fields.push_back({"source", ipv4(bytes, l3 + 12)});
    fields.push_back({"destination", ipv4(bytes, l3 + 16)});
    fields.push_back({"protocol", protocol_name(bytes[l3 + 9])});
    fields.push_back({"TTL", std::to_string(bytes[l3 + 8])});
    const std::uint16_t fragment = load16(bytes, l3 + 6);
    if ((fragment & (RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)) != 0) {
      fields.push_back({"fragment", fmt::format("from byte {}{}", (fragment & RTE_IPV4_HDR_OFFSET_MASK) * 8,
                                                (fragment & RTE_IPV4_HDR_MF_FLAG) != 0 ? ", more follow" : ", the last")});
    }
  } else if (type == ether_type::kIpv6 && bytes.size() >= l3 + sizeof(rte_ipv6_hdr)) {
    fields.push_back({"source", ipv6(bytes, l3 + 8)});
    fields.push_back({"destination", ipv6(bytes, l3 + 24)});
    fields.push_back({"hop limit", std::to_string(bytes[l3 + 7])});
  }
}

void add_arp(Bytes bytes, std::size_t l3, std::vector<Field>& fields) {
  if (bytes.size() < l3 + sizeof(rte_arp_hdr)) return;
  const std::uint16_t operation = load16(bytes, l3 + 6);
  fields.push_back({"ARP", operation == RTE_ARP_OP_REQUEST ? "who-has"
                           : operation == RTE_ARP_OP_REPLY ? "reply"
                                                           : std::to_string(operation)});
  fields.push_back({"sender", ipv4(bytes, l3 + 14) + " at " + mac(bytes, l3 + 8)});
  fields.push_back({"target", ipv4(bytes, l3 + 24)});
}

void add_layer4(Bytes bytes, const Headers& headers, std::vector<Field>& fields) {
  if (headers.ip_version == 6) fields.push_back({"protocol", protocol_name(headers.l4_protocol)});
  if (headers.l4 == 0 || bytes.size() < headers.l4 + 4U) return;
  if (headers.l4_protocol == ip_protocol::kUdp || headers.l4_protocol == ip_protocol::kTcp) {
    fields.push_back({"source port", std::to_string(load16(bytes, headers.l4))});
    fields.push_back({"destination port", std::to_string(load16(bytes, headers.l4 + 2U))});
  } else if (headers.l4_protocol == ip_protocol::kIcmp || headers.l4_protocol == ip_protocol::kIcmp6) {
    fields.push_back({"ICMP type", std::to_string(bytes[headers.l4])});
  }
  if (headers.payload == 0 || headers.payload_length == 0 || headers.payload >= bytes.size()) return;
  const Bytes payload = bytes.subspan(headers.payload, std::min<std::size_t>(headers.payload_length, bytes.size() - headers.payload));
  fields.push_back({"payload", escaped({reinterpret_cast<const char*>(payload.data()), payload.size()}, kShownPayload)});
}

// Lengths are checked against the whole packet, of which the rest may not be at hand: it is taken for zeros.
Headers headers_of(Bytes bytes, std::uint32_t length) {
  Headers headers;
  if (length <= bytes.size()) {
    find_headers(bytes.data(), length, headers);
  } else {
    std::vector<std::uint8_t> whole(std::min<std::uint32_t>(length, UINT16_MAX));
    std::copy_n(bytes.begin(), std::min(bytes.size(), whole.size()), whole.begin());
    find_headers(whole.data(), static_cast<std::uint32_t>(whole.size()), headers);
  }
  return headers;
}

}  // namespace

std::vector<Field> packet_fields(Bytes bytes, std::uint32_t length) {
  std::vector<Field> fields = {{"length", std::to_string(length)}};
  if (bytes.size() < sizeof(rte_ether_hdr)) return fields;
  const Headers headers = headers_of(bytes, length);
  fields.push_back({"source MAC", mac(bytes, 6)});
  fields.push_back({"destination MAC", mac(bytes, 0)});
  for (std::size_t at = sizeof(rte_ether_hdr); at + sizeof(rte_vlan_hdr) <= std::min<std::size_t>(headers.l3, bytes.size());
       at += sizeof(rte_vlan_hdr)) {
    fields.push_back({"VLAN", std::to_string(load16(bytes, at) & 0xFFF)});
  }
  fields.push_back({"type", headers.ether_type == ether_type::kIpv4   ? "IPv4"
                            : headers.ether_type == ether_type::kIpv6 ? "IPv6"
                            : headers.ether_type == ether_type::kArp  ? "ARP"
                                                                      : fmt::format("0x{:04x}", headers.ether_type)});
  if (headers.ether_type == ether_type::kArp) add_arp(bytes, headers.l3, fields);
  add_ip(bytes, headers.l3, headers.ether_type, fields);
  if (headers.malformed) fields.push_back({"malformed", "yes"});
  add_layer4(bytes, headers, fields);
  return fields;
}

std::string packet_line(Bytes bytes, std::uint32_t length) {
  const std::vector<Field> fields = packet_fields(bytes, length);
  const auto value = [&fields](std::string_view name) -> std::string {
    const auto at = std::find_if(fields.begin(), fields.end(), [name](const Field& field) { return field.name == name; });
    return at == fields.end() ? std::string() : at->value;
  };
  std::string line = fmt::format("{} bytes", length);
  if (fields.size() == 1) return line;
  line += fmt::format(", {} > {}, {}", value("source MAC"), value("destination MAC"), value("type"));
  if (const std::string vlan = value("VLAN"); !vlan.empty()) line += ", VLAN " + vlan;
  if (const std::string arp = value("ARP"); !arp.empty()) return line + fmt::format(" {} {} by {}", arp, value("target"), value("sender"));
  const std::string ports[] = {value("source port"), value("destination port")};
  const bool v6 = value("type") == "IPv6";
  const auto end = [&](const std::string& address, const std::string& port) {
    return port.empty() ? address : v6 ? fmt::format("[{}]:{}", address, port) : fmt::format("{}:{}", address, port);
  };
  if (const std::string source = value("source"); !source.empty()) {
    line += fmt::format(", {} {} > {}", value("protocol"), end(source, ports[0]), end(value("destination"), ports[1]));
  }
  if (const std::string fragment = value("fragment"); !fragment.empty()) line += ", fragment " + fragment;
  if (!value("malformed").empty()) line += ", malformed";
  if (const std::string payload = value("payload"); !payload.empty()) line += fmt::format(", \"{}\"", payload);
  return line;
}

std::string hexdump(Bytes bytes, const std::string& indent) {
  constexpr std::size_t kLine = 16;
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += kLine) {
    const Bytes line = bytes.subspan(at, std::min(kLine, bytes.size() - at));
    std::string printable;
    text += fmt::format("{}{:04x} ", indent, at);
    for (std::size_t i = 0; i < kLine; ++i) {
      text += i < line.size() ? fmt::format(" {:02x}", line[i]) : "   ";
      if (i < line.size()) printable += line[i] >= 0x20 && line[i] < 0x7F ? static_cast<char>(line[i]) : '.';
    }
    text += "  " + printable + "\n";
  }
  return text;
}

std::string escaped(std::string_view text, std::size_t most) {
  std::string out;
  for (const char c : text.substr(0, most)) {
    switch (c) {
      case '\r':
        out += "\\r";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\\':
        out += "\\\\";
        break;
      default:
        if (c >= 0x20 && c < 0x7F) {
          out += c;
        } else {
          out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        }
    }
  }
  return text.size() > most ? out + "..." : out;
}

}  // namespace smartswitch::observe
