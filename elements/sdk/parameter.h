// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// How a parameter's text becomes a C++ value: one ParameterType<T> for each T a parameter may have. An element that wants a type of its
// own specialises it beside the type:
//
//   template <>
//   struct ParameterType<Colour> {
//     static std::string name() { return "colour"; }
//     static bool parse(const Value& value, Colour& out, Problems& problems);
//     static std::string format(const Colour& v);
//   };
#pragma once

#include <charconv>
#include <concepts>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "elements/sdk/state.h"
#include "elements/sdk/units.h"
#include "elements/sdk/value.h"

namespace smartswitch {

/// A device queue, as the runtime hands it out. `port_id` and `queue_id` are DPDK's.
struct RxQueue {
  std::uint16_t port_id = 0;
  std::uint16_t queue_id = 0;
};
struct TxQueue {
  std::uint16_t port_id = 0;
  std::uint16_t queue_id = 0;
};

/// `name: T` pairs in the order they were written.
template <class T>
using NamedList = std::vector<std::pair<std::string, T>>;

template <class T>
struct ParameterType;

/// Adds "`x` is not <what>" with an example of what would be right.
void report_type(const Value& value, std::string_view what, Problems& problems);

namespace detail {
template <class T, auto Parse>
struct TextParameter {
  static bool parse_text(const Value& value, T& out, std::string_view what, Problems& problems) {
    if (value.is_scalar()) {
      if (const auto parsed = Parse(value.text())) {
        out = *parsed;
        return true;
      }
    }
    report_type(value, what, problems);
    return false;
  }
  static std::string format(const T& v) { return to_string(v); }
};
}  // namespace detail

template <>
struct ParameterType<std::string> {
  static std::string name() { return "text"; }
  static bool parse(const Value& value, std::string& out, Problems& problems) {
    if (!value.is_scalar()) {
      report_type(value, "text", problems);
      return false;
    }
    out = value.text();
    return true;
  }
  static std::string format(const std::string& v) { return v.empty() ? "\"\"" : v; }
};

template <>
struct ParameterType<bool> {
  static std::string name() { return "boolean"; }
  static bool parse(const Value& value, bool& out, Problems& problems) {
    if (value.text() == "true" || value.text() == "yes") {
      out = true;
    } else if (value.text() == "false" || value.text() == "no") {
      out = false;
    } else {
      report_type(value, "a boolean (`true` or `false`)", problems);
      return false;
    }
    return true;
  }
  static std::string format(bool v) { return v ? "true" : "false"; }
};

template <std::integral T>
struct ParameterType<T> {
  static std::string name() { return "integer"; }
  static bool parse(const Value& value, T& out, Problems& problems) {
    std::string_view text = value.text();
    int base = 10;
    if (text.starts_with("0x")) {
      text.remove_prefix(2);
      base = 16;
    }
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
      report_type(
          value,
          "an integer from " + std::to_string(std::numeric_limits<T>::min()) + " to " + std::to_string(std::numeric_limits<T>::max()),
          problems);
      return false;
    }
    return true;
  }
  static std::string format(T v) { return std::to_string(v); }
  static double magnitude(T v) { return static_cast<double>(v); }
};

template <>
struct ParameterType<double> {
  static std::string name() { return "number"; }
  static bool parse(const Value& value, double& out, Problems& problems);
  static std::string format(double v);
  static double magnitude(double v) { return v; }
};

template <>
struct ParameterType<ByteSize> : detail::TextParameter<ByteSize, parse_byte_size> {
  static std::string name() { return "byte size"; }
  static bool parse(const Value& value, ByteSize& out, Problems& problems) {
    return parse_text(value, out, "a byte size (such as 512, 64KiB or 256MiB)", problems);
  }
  static double magnitude(ByteSize v) { return static_cast<double>(v.bytes); }
};

template <>
struct ParameterType<Duration> : detail::TextParameter<Duration, parse_duration> {
  static std::string name() { return "duration"; }
  static bool parse(const Value& value, Duration& out, Problems& problems) {
    return parse_text(value, out, "a duration (such as 50us, 10ms or 1.5s)", problems);
  }
  static double magnitude(Duration v) { return static_cast<double>(v.nanoseconds); }
};

template <>
struct ParameterType<Rate> : detail::TextParameter<Rate, parse_rate> {
  static std::string name() { return "rate"; }
  static bool parse(const Value& value, Rate& out, Problems& problems) {
    return parse_text(value, out, "a rate (such as 500/s, 10k or 1.5M/s)", problems);
  }
  static double magnitude(Rate v) { return v.per_second; }
};

template <>
struct ParameterType<MacAddress> : detail::TextParameter<MacAddress, parse_mac> {
  static std::string name() { return "MAC address"; }
  static bool parse(const Value& value, MacAddress& out, Problems& problems) {
    return parse_text(value, out, "a MAC address (such as \"02:00:00:00:01:01\", in quotes)", problems);
  }
};

template <>
struct ParameterType<Ipv4Address> : detail::TextParameter<Ipv4Address, parse_ipv4> {
  static std::string name() { return "IPv4 address"; }
  static bool parse(const Value& value, Ipv4Address& out, Problems& problems) {
    return parse_text(value, out, "an IPv4 address (such as 10.0.0.1)", problems);
  }
};

template <>
struct ParameterType<Ipv6Address> : detail::TextParameter<Ipv6Address, parse_ipv6> {
  static std::string name() { return "IPv6 address"; }
  static bool parse(const Value& value, Ipv6Address& out, Problems& problems) {
    return parse_text(value, out, "an IPv6 address (such as \"2001:db8::1\", in quotes)", problems);
  }
};

template <>
struct ParameterType<Ipv4Prefix> : detail::TextParameter<Ipv4Prefix, parse_ipv4_prefix> {
  static std::string name() { return "IPv4 prefix"; }
  static bool parse(const Value& value, Ipv4Prefix& out, Problems& problems) {
    return parse_text(value, out, "an IPv4 prefix without host bits (such as 10.0.0.0/24)", problems);
  }
};

/// A parameter that may be missing, where no value of T could stand for that.
template <class T>
struct ParameterType<std::optional<T>> {
  static std::string name() { return ParameterType<T>::name(); }
  static bool parse(const Value& value, std::optional<T>& out, Problems& problems) {
    return ParameterType<T>::parse(value, out.emplace(), problems);
  }
  static std::string format(const std::optional<T>& v) { return v ? ParameterType<T>::format(*v) : std::string(); }
};

template <class T>
struct ParameterType<std::vector<T>> {
  static std::string name() { return "list of " + ParameterType<T>::name(); }
  static bool parse(const Value& value, std::vector<T>& out, Problems& problems) {
    if (!value.is_list()) {
      report_type(value, "a list (`[a, b]`)", problems);
      return false;
    }
    std::vector<T> items;
    bool good = true;
    for (const Value& item : value.items()) good = ParameterType<T>::parse(item, items.emplace_back(), problems) && good;
    if (good) out = std::move(items);
    return good;
  }
  static std::string format(const std::vector<T>& v) {
    std::string text = "[";
    for (const T& item : v) text += (text.size() > 1 ? ", " : "") + ParameterType<T>::format(item);
    return text + "]";
  }
};

template <class T>
struct ParameterType<NamedList<T>> {
  static std::string name() { return "map of " + ParameterType<T>::name(); }
  static bool parse(const Value& value, NamedList<T>& out, Problems& problems) {
    if (!value.is_map()) {
      report_type(value, "a map (`{name: value, ...}`)", problems);
      return false;
    }
    NamedList<T> items;
    bool good = true;
    for (const Value::Member& member : value.members()) {
      auto& item = items.emplace_back(member.key, T{});
      good = ParameterType<T>::parse(member.value, item.second, problems) && good;
    }
    if (good) out = std::move(items);
    return good;
  }
  static std::string format(const NamedList<T>& v) {
    std::string text = "{";
    for (const auto& [key, item] : v) text += (text.size() > 1 ? ", " : "") + key + ": " + ParameterType<T>::format(item);
    return text + "}";
  }
};

}  // namespace smartswitch
