// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// A request and its answer, as handlers of the control API see them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/snapshot_json.h"

namespace smartswitch::runtime::control {

struct Request {
  std::string method;
  std::string path;                                ///< as it was sent, without the query
  std::map<std::string, std::string> query;        ///< decoded
  std::map<std::string, std::string> headers;      ///< names in lower case
  std::string body;                                ///< at most Limits::body
  std::map<std::string, std::string> path_values;  ///< what stands for `{name}` in the route's pattern, decoded

  /// What stands for `{name}` in the pattern of the route; empty if that has none.
  [[nodiscard]] const std::string& value(const std::string& name) const;
};

/// An answer whose end is not known when it begins: a trace, say. Asked on the server's thread only.
class BodySource {
 public:
  virtual ~BodySource() = default;
  /// Up to `at_most` bytes more: called when the client has taken all before. Empty if there are none just now, and it is asked again some
  /// milliseconds later; nothing at the end. It may not block. Destroyed when the client leaves.
  virtual std::optional<std::string> next(std::size_t at_most) = 0;
};

struct Response {
  unsigned status = 200;
  std::string type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::shared_ptr<BodySource> source;  ///< then `body` is not used
};

/// Takes the answer to a request; once, from any thread.
using Reply = std::function<void(Response)>;

/// Bytes that are no UTF-8 are replaced: what is answered is always valid.
Response json_response(const Json& json, unsigned status = 200);
/// {"error": what, "hint": what to do}; `hint` may be empty.
Response fault_response(unsigned status, const std::string& what, const std::string& hint = {});
/// 404 with the nearest of `known`; `what` is spoken of, such as "element".
Response unknown_name(const std::string& what, const std::string& name, const std::vector<std::string>& known);
/// "Not Found" for 404.
const char* reason_phrase(unsigned status);

}  // namespace smartswitch::runtime::control
