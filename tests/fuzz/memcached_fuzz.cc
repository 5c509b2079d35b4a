// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Any bytes as a request and as a reply: nothing is read outside, and what the parser points to lies inside.
#include <cstdlib>
#include <string>

#include "elements/memcached/protocol.h"

namespace {

using smartswitch::memcached::next_key;
using smartswitch::memcached::parse_reply;
using smartswitch::memcached::parse_request;
using smartswitch::memcached::Request;
using smartswitch::memcached::Status;

void require(bool holds) {
  if (!holds) std::abort();
}

void require_inside(std::string_view part, std::string_view whole) {
  if (part.empty()) return;
  require(part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  for (std::string_view text = all; !text.empty();) {
    const Request request = parse_request(text);
    require_inside(request.key, text);
    std::string_view more = request.more_keys;
    unsigned keys = request.key.empty() ? 0 : 1;
    for (std::string_view key = next_key(more); !key.empty(); key = next_key(more)) {
      require_inside(key, text);
      ++keys;
    }
    if (request.status == Status::kWhole && request.keys > 0) require(keys == request.keys);
    if (request.status != Status::kMoreBehind) break;
    require(request.rest > 0 && request.rest < text.size());
    text = text.substr(request.rest);
  }
  const auto reply = parse_reply(all);
  require_inside(reply.key, all);
  require_inside(reply.value, all);
  return 0;
}
