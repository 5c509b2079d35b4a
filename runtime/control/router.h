// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What the server answers to what:
//
//   router.add("GET", "/v1/elements/{name}", "One element.", [&](const Request& r) { return element(r.value("name")); });
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/control/message.h"

namespace smartswitch::runtime::control {

/// Who may ask over TCP. Over the Unix socket its permissions decide, and everything is allowed.
enum class Access : std::uint8_t {
  kToken,  ///< with the token
  kOpen,   ///< whoever gets through TLS
};

struct Route {
  std::string method;
  std::string pattern;  ///< "/v1/elements/{name}"
  std::string summary;
  Access access = Access::kToken;
  /// Calls the Reply in time, here or later, from any thread.
  std::function<void(const Request&, Reply)> handle;
};

/// Filled before the server starts; then only read.
class Router {
 public:
  using Handler = std::function<Response(const Request&)>;
  using LaterHandler = std::function<void(const Request&, Reply)>;

  /// `handler` runs on the server's thread and returns at once: all other clients wait for it.
  void add(std::string method, std::string pattern, std::string summary, Handler handler, Access access = Access::kToken);
  /// `handler` returns at once, too, and the answer comes from wherever the work is done.
  void add_later(std::string method, std::string pattern, std::string summary, LaterHandler handler);
  [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

  /// Answers `request`, whose target is `target`. 404 and 405 say what there would have been; an exception of a handler is a 500.
  void answer(Request request, const std::string& target, bool has_token, const Reply& reply) const;

 private:
  std::vector<Route> routes_;
};

}  // namespace smartswitch::runtime::control
