// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/packet_text.h"

#include <fmt/format.h>
#include <rte_arp.h>
#include <rte_ether.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include <charconv>
#include <cstring>
#include <string>
#include <variant>

#include "elements/sdk/headers.h"
#include "elements/sdk/suggest.h"
#include "elements/sdk/units.h"

namespace smartswitch::runtime {
namespace {

using Bytes = std::vector<std::uint8_t>;
using Address = std::variant<Ipv4Address, Ipv6Address>;

constexpr std::size_t kLongestFrame = 9216;
constexpr MacAddress kSomeSource{{0x02, 0, 0, 0, 0, 0x01}};
constexpr MacAddress kSomeDestination{{0x02, 0, 0, 0, 0, 0x02}};
constexpr MacAddress kEverybody{{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}};

struct Endpoint {
  Address address;
  std::uint16_t port = 0;
};

// Thrown inside this file only: where, what, and what to do.
struct Fault {
  std::size_t at;
  std::string message;
  std::string hint;
};

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) { skip(); }

  [[nodiscard]] std::size_t at() const { return at_; }
  [[nodiscard]] bool done() const { return at_ == text_.size(); }
  [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }
  [[nodiscard]] std::string_view peek() const { return rest().substr(0, rest().find_first_of(" \t")); }
  std::string_view word() {
    const std::string_view word = peek();
    last_ = at_;
    at_ += word.size();
    skip();
    return word;
  }
  bool take(std::string_view expected) {
    if (peek() != expected) return false;
    word();
    return true;
  }
  void arrow() {
    if (!take("->") && !take(">")) throw Fault{at_, "`->` is missing between where it comes from and where it goes", ""};
  }
  // About the word taken last.
  [[noreturn]] void fail(std::string message, std::string hint = {}) const { throw Fault{last_, std::move(message), std::move(hint)}; }

 private:
  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t last_ = 0;
};

std::uint16_t number(Reader& reader, std::string_view word, unsigned most, const std::string& what) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (word.empty() || error != std::errc{} || end != word.data() + word.size() || value > most) {
    reader.fail(fmt::format("`{}` is not {}", word, what), fmt::format("a number up to {}", most));
  }
  return static_cast<std::uint16_t>(value);
}

MacAddress mac(Reader& reader) {
  const std::string_view word = reader.word();
  const auto address = parse_mac(word);
  if (!address) reader.fail(fmt::format("`{}` is not a MAC address", word), "such as 02:00:00:00:00:01");
  return *address;
}

Address address(Reader& reader, std::string_view word) {
  if (const auto v4 = parse_ipv4(word)) return *v4;
  if (const auto v6 = parse_ipv6(word)) return *v6;
  reader.fail(fmt::format("`{}` is not an IP address", word), "such as 10.0.0.1 or 2001:db8::1");
}

Ipv4Address ipv4(Reader& reader) {
  const std::string_view word = reader.word();
  const auto address = parse_ipv4(word);
  if (!address) reader.fail(fmt::format("`{}` is not an IPv4 address", word), "ARP is for IPv4: such as 10.0.0.1");
  return *address;
}

Endpoint endpoint(Reader& reader) {
  const std::string_view word = reader.word();
  const std::size_t colon = word.rfind(':');
  std::string_view host = word.substr(0, colon);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (colon == std::string_view::npos || (!bracketed && host.find(':') != std::string_view::npos)) {
    reader.fail(fmt::format("`{}` is not ADDRESS:PORT", word), "such as 10.0.0.1:999 or [2001:db8::1]:999");
  }
  if (bracketed) host = host.substr(1, host.size() - 2);
  const std::uint16_t port = number(reader, word.substr(colon + 1), UINT16_MAX, "a port");
  return {address(reader, host), port};
}

std::string unescaped(std::string_view text, std::size_t at) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    const std::size_t begin = at + i;
    const char c = ++i < text.size() ? text[i] : '\0';
    if (c == 'x' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else if (c == 'r' || c == 'n' || c == 't' || c == '\\') {
      out += c == 'r' ? '\r' : c == 'n' ? '\n' : c == 't' ? '\t' : '\\';
    } else {
      throw Fault{begin, "a `\\` with nothing known behind it", "there are \\r \\n \\t \\\\ and \\xHH"};
    }
  }
  return out;
}

template <class T>
void append(Bytes& bytes, const T& header) {
  const std::size_t at = bytes.size();
  bytes.resize(at + sizeof header);
  std::memcpy(bytes.data() + at, &header, sizeof header);
}

// From the outside in: what is known of the frame while its words are read.
struct Frame {
  MacAddress source = kSomeSource;
  MacAddress destination = kSomeDestination;
  bool addressed = false;
  Bytes tags;

  [[nodiscard]] Bytes begin(std::uint16_t type) const {
    Bytes bytes;
    bytes.insert(bytes.end(), destination.bytes.begin(), destination.bytes.end());
    bytes.insert(bytes.end(), source.bytes.begin(), source.bytes.end());
    bytes.insert(bytes.end(), tags.begin(), tags.end());
    append(bytes, rte_cpu_to_be_16(type));
    return bytes;
  }
  [[nodiscard]] Bytes ip(const Address& from, const Address& to, std::uint8_t protocol, Bytes content, std::size_t checksum_at) const;
};

void store_checksum(Bytes& content, std::size_t at, std::uint16_t checksum) {
  std::memcpy(content.data() + at, &checksum, sizeof checksum);
}

Bytes Frame::ip(const Address& from, const Address& to, std::uint8_t protocol, Bytes content, std::size_t checksum_at) const {
  if (const auto* v4 = std::get_if<Ipv4Address>(&from)) {
    rte_ipv4_hdr header{};
    header.version_ihl = 0x45;
    header.total_length = rte_cpu_to_be_16(static_cast<std::uint16_t>(sizeof header + content.size()));
    header.packet_id = rte_cpu_to_be_16(1);
    header.time_to_live = 64;
    header.next_proto_id = protocol;
    header.src_addr = rte_cpu_to_be_32(v4->host_order);
    header.dst_addr = rte_cpu_to_be_32(std::get<Ipv4Address>(to).host_order);
    header.hdr_checksum = rte_ipv4_cksum(&header);
    const bool icmp = protocol == ip_protocol::kIcmp;
    const std::uint16_t sum =
        icmp ? static_cast<std::uint16_t>(~rte_raw_cksum(content.data(), content.size())) : rte_ipv4_udptcp_cksum(&header, content.data());
    store_checksum(content, checksum_at, sum);
    Bytes bytes = begin(ether_type::kIpv4);
    append(bytes, header);
    bytes.insert(bytes.end(), content.begin(), content.end());
    return bytes;
  }
  rte_ipv6_hdr header{};
  header.vtc_flow = rte_cpu_to_be_32(6U << 28);
  header.payload_len = rte_cpu_to_be_16(static_cast<std::uint16_t>(content.size()));
  header.proto = protocol;
  header.hop_limits = 64;
  std::memcpy(header.src_addr, std::get<Ipv6Address>(from).bytes.data(), 16);
  std::memcpy(header.dst_addr, std::get<Ipv6Address>(to).bytes.data(), 16);
  store_checksum(content, checksum_at, rte_ipv6_udptcp_cksum(&header, content.data()));
  Bytes bytes = begin(ether_type::kIpv6);
  append(bytes, header);
  bytes.insert(bytes.end(), content.begin(), content.end());
  return bytes;
}

void same_version(const Address& from, const Address& to, const Reader& reader) {
  if (from.index() != to.index()) reader.fail("one address is of IPv4 and the other of IPv6", "give two of one version");
}

std::string with_line_end(std::string text) {
  if (!text.empty() && !text.ends_with("\r\n")) text += "\r\n";
  return text;
}

Bytes udp(Reader& reader, const Frame& frame) {
  const Endpoint from = endpoint(reader);
  reader.arrow();
  const Endpoint to = endpoint(reader);
  same_version(from.address, to.address, reader);
  const bool raw = reader.take("raw");
  std::string payload = unescaped(reader.rest(), reader.at());
  // memcached's frame: request 1, datagram 0 of 1 (protocol.txt, "UDP protocol").
  if (!raw && !payload.empty()) payload = std::string("\0\x01\0\0\0\x01\0\0", 8) + with_line_end(std::move(payload));
  rte_udp_hdr header{};
  header.src_port = rte_cpu_to_be_16(from.port);
  header.dst_port = rte_cpu_to_be_16(to.port);
  header.dgram_len = rte_cpu_to_be_16(static_cast<std::uint16_t>(sizeof header + payload.size()));
  Bytes content;
  append(content, header);
  content.insert(content.end(), payload.begin(), payload.end());
  return frame.ip(from.address, to.address, ip_protocol::kUdp, std::move(content), offsetof(rte_udp_hdr, dgram_cksum));
}

Bytes tcp(Reader& reader, const Frame& frame) {
  const Endpoint from = endpoint(reader);
  reader.arrow();
  const Endpoint to = endpoint(reader);
  same_version(from.address, to.address, reader);
  constexpr std::pair<std::string_view, std::uint8_t> kFlags[] = {{"syn", RTE_TCP_SYN_FLAG},
                                                                  {"ack", RTE_TCP_ACK_FLAG},
                                                                  {"fin", RTE_TCP_FIN_FLAG},
                                                                  {"rst", RTE_TCP_RST_FLAG},
                                                                  {"psh", RTE_TCP_PSH_FLAG}};
  rte_tcp_hdr header{};
  header.src_port = rte_cpu_to_be_16(from.port);
  header.dst_port = rte_cpu_to_be_16(to.port);
  header.data_off = sizeof header / 4 << 4;
  header.rx_win = rte_cpu_to_be_16(UINT16_MAX);
  for (bool found = true; found;) {
    found = false;
    for (const auto& [word, flag] : kFlags) {
      if (!reader.take(word)) continue;
      header.tcp_flags |= flag;
      found = true;
    }
  }
  const std::string payload = with_line_end(unescaped(reader.rest(), reader.at()));
  if (header.tcp_flags == 0) header.tcp_flags = RTE_TCP_ACK_FLAG | RTE_TCP_PSH_FLAG;
  Bytes content;
  append(content, header);
  content.insert(content.end(), payload.begin(), payload.end());
  return frame.ip(from.address, to.address, ip_protocol::kTcp, std::move(content), offsetof(rte_tcp_hdr, cksum));
}

Bytes icmp(Reader& reader, const Frame& frame) {
  const Address from = address(reader, reader.word());
  reader.arrow();
  const Address to = address(reader, reader.word());
  same_version(from, to, reader);
  constexpr std::uint8_t kEchoRequest6 = 128;  // RFC 4443
  const bool v4 = std::holds_alternative<Ipv4Address>(from);
  rte_icmp_hdr header{};
  header.icmp_type = v4 ? RTE_IP_ICMP_ECHO_REQUEST : kEchoRequest6;
  header.icmp_ident = rte_cpu_to_be_16(1);
  header.icmp_seq_nb = rte_cpu_to_be_16(1);
  Bytes content(sizeof header + 56);  // as much as ping sends
  std::memcpy(content.data(), &header, sizeof header);
  return frame.ip(from, to, v4 ? ip_protocol::kIcmp : ip_protocol::kIcmp6, std::move(content), offsetof(rte_icmp_hdr, icmp_cksum));
}

Bytes arp(Reader& reader, Frame frame) {
  if (!reader.take("who-has")) throw Fault{reader.at(), "`who-has` is missing behind `arp`", "arp who-has 10.0.0.100 tell 10.0.0.1"};
  const Ipv4Address target = ipv4(reader);
  if (!reader.take("tell")) throw Fault{reader.at(), "`tell` is missing: who asks", "arp who-has 10.0.0.100 tell 10.0.0.1"};
  const Ipv4Address sender = ipv4(reader);
  if (!frame.addressed) frame.destination = kEverybody;
  rte_arp_hdr header{};
  header.arp_hardware = rte_cpu_to_be_16(RTE_ARP_HRD_ETHER);
  header.arp_protocol = rte_cpu_to_be_16(ether_type::kIpv4);
  header.arp_hlen = RTE_ETHER_ADDR_LEN;
  header.arp_plen = sizeof(std::uint32_t);
  header.arp_opcode = rte_cpu_to_be_16(RTE_ARP_OP_REQUEST);
  std::memcpy(&header.arp_data.arp_sha, frame.source.bytes.data(), RTE_ETHER_ADDR_LEN);
  header.arp_data.arp_sip = rte_cpu_to_be_32(sender.host_order);
  header.arp_data.arp_tip = rte_cpu_to_be_32(target.host_order);
  Bytes bytes = frame.begin(ether_type::kArp);
  append(bytes, header);
  return bytes;
}

Bytes hex(std::string_view digits, std::size_t at) {
  Bytes bytes;
  int high = -1;
  for (const char c : digits) {
    ++at;
    if (c == ' ' || c == ':' || c == '\t') continue;
    const int digit = hex_digit(c);
    if (digit < 0) throw Fault{at - 1, fmt::format("`{}` is not a hexadecimal digit", c), ""};
    if (high < 0) {
      high = digit;
    } else {
      bytes.push_back(static_cast<std::uint8_t>(high * 16 + digit));
      high = -1;
    }
  }
  if (high >= 0) throw Fault{at, "an odd number of hexadecimal digits", "two for each byte"};
  if (bytes.empty()) throw Fault{at, "there are no bytes behind `hex:`", ""};
  return bytes;
}

Bytes read_packet(std::string_view text) {
  Reader reader(text);
  if (reader.rest().starts_with("hex:")) return hex(reader.rest().substr(4), reader.at() + 4);
  Frame frame;
  if (reader.take("ether")) {
    frame.source = mac(reader);
    reader.arrow();
    frame.destination = mac(reader);
    frame.addressed = true;
  }
  while (reader.take("vlan")) {
    append(frame.tags, rte_cpu_to_be_16(ether_type::kVlan));
    append(frame.tags, rte_cpu_to_be_16(number(reader, reader.word(), 4094, "a VLAN")));
    if (frame.tags.size() > 2 * sizeof(rte_vlan_hdr)) reader.fail("more than two VLAN tags", "packets have two at most");
  }
  if (reader.done())
    throw Fault{reader.at(), "what kind of packet is missing",
                "udp, tcp, icmp or arp; such as `udp 10.0.0.1:999 -> 10.0.0.100:11211 get foo`"};
  const std::string_view kind = reader.word();
  if (kind == "udp") return udp(reader, frame);
  if (kind == "tcp") return tcp(reader, frame);
  const bool echo = kind == "icmp";
  if (!echo && kind != "arp") {
    const std::string near = did_you_mean(kind, {"udp", "tcp", "icmp", "arp", "vlan", "ether"});
    reader.fail(fmt::format("`{}` is no kind of packet", kind), near.empty() ? "there are udp, tcp, icmp, arp and hex:" : near);
  }
  Bytes bytes = echo ? icmp(reader, frame) : arp(reader, frame);
  if (!reader.done()) throw Fault{reader.at(), fmt::format("`{}` is too much", reader.peek()), ""};
  return bytes;
}

}  // namespace

std::optional<Bytes> parse_packet(std::string_view text, Problems& problems) {
  try {
    Bytes bytes = read_packet(text);
    if (bytes.size() <= kLongestFrame) return bytes;
    throw Fault{0, fmt::format("a packet of {} bytes is too long", bytes.size()), fmt::format("up to {}", kLongestFrame)};
  } catch (const Fault& fault) {
    problems.add({"packet", 1, static_cast<std::uint32_t>(fault.at + 1)}, fault.message, fault.hint);
    return std::nullopt;
  }
}

}  // namespace smartswitch::runtime
