// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/router.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <exception>

#include "elements/sdk/suggest.h"
#include "runtime/control/origin.h"
#include "runtime/control/target.h"

namespace smartswitch::runtime::control {
namespace {

bool is_placeholder(std::string_view segment) { return segment.starts_with('{'); }

std::vector<std::string> segments_of(std::string_view pattern) { return parse_target(pattern)->segments; }

// What stands for the placeholders, if the pattern fits.
std::optional<std::map<std::string, std::string>> match(const Route& route, const std::vector<std::string>& segments) {
  const std::vector<std::string> pattern = segments_of(route.pattern);
  if (pattern.size() != segments.size()) return std::nullopt;
  std::map<std::string, std::string> values;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (is_placeholder(pattern[i])) {
      values.emplace(pattern[i].substr(1, pattern[i].size() - 2), segments[i]);
    } else if (pattern[i] != segments[i]) {
      return std::nullopt;
    }
  }
  return values;
}

Response unauthorised() {
  Response response = fault_response(401, "this needs the token",
                                     "send `Authorization: Bearer TOKEN`, with what is in the file that `control: token_file:` names");
  response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"smartswitch\"");
  return response;
}

Response not_found(const std::string& path, const std::vector<Route>& routes) {
  std::vector<std::string> known;
  for (const Route& route : routes) known.push_back(route.pattern);
  const std::string near = did_you_mean(path, known);
  return fault_response(404, fmt::format("there is no `{}` here", path),
                        near.empty() ? "docs/openapi.yaml names all there is; `GET /v1` is the start" : near);
}

Response wrong_method(const Request& request, const std::vector<std::string>& allowed) {
  const std::string list = fmt::format("{}", fmt::join(allowed, ", "));
  Response response = fault_response(405, fmt::format("`{}` does not take {}", request.path, request.method), "it takes " + list);
  response.headers.emplace_back("Allow", list);
  return response;
}

// A handler that fails answers for itself alone: the server and its other clients go on.
void call(const Route& route, const Request& request, const Reply& reply) {
  try {
    route.handle(request, reply);
  } catch (const std::exception& error) {
    spdlog::error("control: {} {}: this should not happen: {}", route.method, route.pattern, error.what());
    reply(fault_response(500, fmt::format("this should not happen: {}", error.what()), "please report it"));
  }
}

}  // namespace

void Router::add(std::string method, std::string pattern, std::string summary, Handler handler, Access access) {
  auto handle = [inner = std::move(handler)](const Request& request, const Reply& reply) { reply(inner(request)); };
  routes_.push_back({std::move(method), std::move(pattern), std::move(summary), access, std::move(handle)});
}

void Router::add_later(std::string method, std::string pattern, std::string summary, LaterHandler handler) {
  routes_.push_back({std::move(method), std::move(pattern), std::move(summary), Access::kToken, std::move(handler)});
}

void Router::answer(Request request, const std::string& text, bool has_token, const Reply& reply) const {
  if (is_from_another_site(request)) {
    return reply(
        fault_response(403, "a page of another site asks this", "open the switch's own page at an address or at localhost, not by a name"));
  }
  std::optional<Target> target = parse_target(text);
  if (!target)
    return reply(fault_response(400, "the target of the request is no path",
                                "a path starts with `/`, and `%` is followed by two hexadecimal digits"));
  request.path = target->path;
  request.query = std::move(target->query);
  // Where there is no body to send, GET serves HEAD as well.
  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  std::vector<std::string> allowed;
  for (const Route& route : routes_) {
    auto values = match(route, target->segments);
    if (!values) continue;
    if (route.method != method) {
      allowed.push_back(route.method);
      continue;
    }
    if (!has_token && route.access != Access::kOpen) return reply(unauthorised());
    request.path_values = std::move(*values);
    return call(route, request, reply);
  }
  if (!has_token) return reply(unauthorised());
  reply(allowed.empty() ? not_found(request.path, routes_) : wrong_method(request, allowed));
}

}  // namespace smartswitch::runtime::control
