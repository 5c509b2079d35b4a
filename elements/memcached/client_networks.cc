// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/client_networks.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace smartswitch::memcached {
namespace {

struct Network {
  ClientAddress address;
  unsigned length = 0;
};

std::optional<Network> parse_network(std::string_view text) {
  if (const auto ipv4 = parse_ipv4_prefix(text)) return Network{ClientAddress::of_ipv4(ipv4->address.host_order), 96U + ipv4->length};
  const std::size_t slash = text.find('/');
  const auto ipv6 = parse_ipv6(text.substr(0, slash));
  if (!ipv6) return std::nullopt;
  unsigned length = 128;
  if (slash != std::string_view::npos) {
    const char* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data() + slash + 1, end, length);
    if (error != std::errc{} || stopped != end || length > 128) return std::nullopt;
  }
  const Network network{ClientAddress::of_ipv6(ipv6->bytes.data()), length};
  return network.address.prefix(length) == network.address ? std::optional(network) : std::nullopt;
}

}  // namespace

bool ClientNetworks::add(std::string_view text) {
  const auto network = parse_network(text);
  if (!network) return false;
  names_.emplace_back(text);
  const ClientAddress rest = ClientAddress{~std::uint64_t{0}, ~std::uint64_t{0}}.prefix(network->length);
  Range added{network->address, {network->address.high | ~rest.high, network->address.low | ~rest.low}};
  // Of two networks, one holds the other or they have nothing in common.
  for (const Range& range : ranges_) {
    if (range.first <= added.first && added.last <= range.last) return true;
  }
  std::erase_if(ranges_, [&](const Range& range) { return added.first <= range.first && range.last <= added.last; });
  ranges_.insert(std::upper_bound(ranges_.begin(), ranges_.end(), added, [](const Range& a, const Range& b) { return a.first < b.first; }),
                 added);
  return true;
}

}  // namespace smartswitch::memcached

namespace smartswitch {

bool ParameterType<memcached::ClientNetworks>::parse(const Value& value, memcached::ClientNetworks& out, Problems& problems) {
  memcached::ClientNetworks networks;
  bool good = true;
  const auto take = [&](const Value& item, std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    if (networks.add(text)) return;
    good = false;
    problems.add(item.where(), fmt::format("`{}` is not an IP prefix without host bits", text),
                 "write 10.0.0.0/24, or \"fd00::/8\" in quotes");
  };
  if (value.is_list()) {
    for (const Value& item : value.items()) take(item, item.is_scalar() ? std::string_view(item.text()) : "[...]");
  } else if (value.is_scalar()) {
    std::string_view rest = value.text();
    std::size_t comma = rest.find(',');
    for (; comma != std::string_view::npos; comma = rest.find(',')) {
      take(value, rest.substr(0, comma));
      rest.remove_prefix(comma + 1);
    }
    take(value, rest);
  } else {
    report_type(value, "a list of IP prefixes (`[10.0.0.0/24, 10.0.1.0/24]`)", problems);
    return false;
  }
  if (good) out = std::move(networks);
  return good;
}

}  // namespace smartswitch
