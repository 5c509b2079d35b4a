// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/observe_routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "elements/sdk/suggest.h"
#include "runtime/control/observers.h"

namespace smartswitch::runtime::control {
namespace {

constexpr Duration kLongestTrace{600'000'000'000};
constexpr Duration kLongestProfile{1'000'000'000};

// The query of a request, read into options. What is wrong with it is said by fault().
class Query {
 public:
  explicit Query(const Request& request) : query_(request.query) {}

  Query& text(const std::string& name, std::string& target) {
    if (const std::string* value = take(name)) target = *value;
    return *this;
  }
  template <class T>
  Query& number(const std::string& name, T& target) {
    const std::string* value = take(name);
    if (value == nullptr) return *this;
    const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), target);
    if (value->empty() || error != std::errc{} || end != value->data() + value->size()) blame(name, *value, "a number");
    return *this;
  }
  Query& flag(const std::string& name, bool& target) {
    const std::string* value = take(name);
    if (value == nullptr) return *this;
    target = *value != "0" && *value != "false";
    return *this;
  }
  Query& duration(const std::string& name, Duration& target, Duration most) {
    const std::string* value = take(name);
    if (value == nullptr) return *this;
    const auto parsed = parse_duration(*value);
    if (!parsed || parsed->nanoseconds < 0 || parsed->nanoseconds > most.nanoseconds) {
      blame(name, *value, fmt::format("a duration of up to {}, such as 500ms or 5s", to_string(most)));
    } else {
      target = *parsed;
    }
    return *this;
  }
  Query& size(const std::string& name, ByteSize& target) {
    const std::string* value = take(name);
    if (value == nullptr) return *this;
    if (const auto parsed = parse_byte_size(*value)) {
      target = *parsed;
    } else {
      blame(name, *value, "a size such as 4MiB");
    }
    return *this;
  }
  /// After all that may be there was asked for.
  std::optional<Response> fault() {
    for (const auto& [name, value] : query_) {
      if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
      const std::string near = did_you_mean(name, known_);
      return fault_response(400, fmt::format("`{}` cannot be asked for here", name),
                            near.empty() ? "there are " + spoken_list(known_) : near);
    }
    return fault_;
  }

 private:
  const std::string* take(const std::string& name) {
    known_.push_back(name);
    const auto at = query_.find(name);
    return at == query_.end() ? nullptr : &at->second;
  }
  void blame(const std::string& name, const std::string& value, const std::string& expected) {
    fault_ = fault_response(400, fmt::format("`{}={}` is not {}", name, value, expected));
  }
  const std::map<std::string, std::string>& query_;
  std::vector<std::string> known_;
  std::optional<Response> fault_;
};

void trace(Observers& observers, const Request& request, const Reply& reply) {
  TraceQuestion question;
  std::string format = "json";
  Query query(request);
  query.text("element", question.options.element)
      .text("filter", question.options.filter)
      .number("count", question.options.count)
      .number("bytes", question.options.bytes)
      .duration("for", question.at_most, kLongestTrace)
      .text("format", format)
      .flag("colour", question.colour);
  if (auto fault = query.fault()) return reply(*fault);
  if (format != "json" && format != "text") return reply(fault_response(400, fmt::format("`format={}` is not json or text", format)));
  question.text = format == "text";
  reply(observers.trace(question));
}

void tap(Observers& observers, const Request& request, const Reply& reply) {
  observe::TapOptions options;
  Query query(request);
  query.text("place", options.place)
      .text("filter", options.filter)
      .number("snaplen", options.snaplen)
      .number("count", options.count)
      .duration("for", options.length, Duration{INT64_MAX})
      .size("ring", options.ring);
  if (auto fault = query.fault()) return reply(*fault);
  if (options.place.empty()) return reply(fault_response(400, "where to tap is missing", "`place=`: a port, or an element and its output"));
  reply(observers.tap(options));
}

void profile(Observers& observers, const Request& request, const Reply& reply) {
  Duration length{20'000'000};
  Query query(request);
  query.duration("for", length, kLongestProfile);
  if (auto fault = query.fault()) return reply(*fault);
  observers.profile(length, reply);
}

}  // namespace

void add_observe_routes(Router& router, Switch& live) {
  const auto observers = std::make_shared<Observers>(live);
  router.add_later("POST", "/v1/trace", "Follows packets through the graph: element, filter, count, bytes, for, format=json|text.",
                   [observers](const Request& request, const Reply& reply) { trace(*observers, request, reply); });
  router.add_later("POST", "/v1/tap", "Streams what passes a place as pcapng: place, filter, snaplen, count, for, ring.",
                   [observers](const Request& request, const Reply& reply) { tap(*observers, request, reply); });
  router.add_later("POST", "/v1/profile", "What each element costs a packet, measured for a moment: for.",
                   [observers](const Request& request, const Reply& reply) { profile(*observers, request, reply); });
}

}  // namespace smartswitch::runtime::control
