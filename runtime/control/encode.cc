// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/encode.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

namespace smartswitch::runtime::control {

std::string encode(const Response& response, Framing framing, bool keep_alive) {
  std::string text = fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason_phrase(response.status));
  text += fmt::format("Date: {:%a, %d %b %Y %H:%M:%S} GMT\r\n", fmt::gmtime(std::time(nullptr)));
  // Nothing is to be taken for a page that is none.
  text += fmt::format("Content-Type: {}\r\nX-Content-Type-Options: nosniff\r\n", response.type);
  bool may_be_cached = false;
  for (const auto& [name, value] : response.headers) {
    text += fmt::format("{}: {}\r\n", name, value);
    may_be_cached = may_be_cached || name == "Cache-Control";
  }
  if (!may_be_cached) text += "Cache-Control: no-store\r\n";
  if (framing == Framing::kChunks) text += "Transfer-Encoding: chunked\r\n";
  if (framing == Framing::kLength || framing == Framing::kHead) text += fmt::format("Content-Length: {}\r\n", response.body.size());
  text += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  if (framing == Framing::kLength) text += response.body;
  return text;
}

std::string chunk(std::string_view bytes) { return fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes); }

}  // namespace smartswitch::runtime::control
