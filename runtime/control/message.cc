// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/message.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "elements/sdk/suggest.h"

namespace smartswitch::runtime::control {

const std::string& Request::value(const std::string& name) const {
  static const std::string none;
  const auto found = path_values.find(name);
  return found == path_values.end() ? none : found->second;
}

Response json_response(const Json& json, unsigned status) {
  Response response;
  response.status = status;
  response.body = json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  return response;
}

Response fault_response(unsigned status, const std::string& what, const std::string& hint) {
  return json_response({{"error", what}, {"hint", hint}}, status);
}

Response unknown_name(const std::string& what, const std::string& name, const std::vector<std::string>& known) {
  const std::string near = did_you_mean(name, known);
  const std::string all = known.empty() ? "there is none" : "there are " + spoken_list(known);
  return fault_response(404, fmt::format("there is no {} `{}`", what, name), near.empty() ? all : near);
}

const char* reason_phrase(unsigned status) {
  static constexpr std::array<std::pair<unsigned, const char*>, 19> kPhrases = {{{200, "OK"},
                                                                                 {201, "Created"},
                                                                                 {202, "Accepted"},
                                                                                 {204, "No Content"},
                                                                                 {304, "Not Modified"},
                                                                                 {400, "Bad Request"},
                                                                                 {401, "Unauthorized"},
                                                                                 {403, "Forbidden"},
                                                                                 {404, "Not Found"},
                                                                                 {405, "Method Not Allowed"},
                                                                                 {408, "Request Timeout"},
                                                                                 {409, "Conflict"},
                                                                                 {413, "Content Too Large"},
                                                                                 {422, "Unprocessable Content"},
                                                                                 {429, "Too Many Requests"},
                                                                                 {431, "Request Header Fields Too Large"},
                                                                                 {500, "Internal Server Error"},
                                                                                 {503, "Service Unavailable"},
                                                                                 {504, "Gateway Timeout"}}};
  const auto found = std::find_if(kPhrases.begin(), kPhrases.end(), [status](const auto& phrase) { return phrase.first == status; });
  return found == kPhrases.end() ? "Unknown" : found->second;
}

}  // namespace smartswitch::runtime::control
