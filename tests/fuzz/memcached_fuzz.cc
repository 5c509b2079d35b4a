// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Any bytes as a request and as a reply, in all protocols: nothing is read outside, and what the parsers point to lies inside. Then the
// same bytes as a datagram: all that it is split into is sound, and each reply that is made of the rest.
#include <cstdlib>
#include <string>

#include "elements/memcached/reply.h"
#include "elements/memcached/request.h"
#include "tests/fuzz/request_path.h"

namespace {

using smartswitch::memcached::item_key;
using smartswitch::memcached::KeyBuffer;
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
    KeyBuffer buffer;
    require(item_key(request, buffer).size() <= request.key.size());
    if (request.status == Status::kWhole) require(request.size() == text.size());
    if (request.status != Status::kMoreBehind) break;
    require(request.size() > 0 && request.size() < text.size());
    text = text.substr(request.size());
  }
  for (std::string_view text = all; !text.empty();) {
    const auto reply = parse_reply(text);
    require_inside(reply.key, text);
    require_inside(reply.data, text);
    require_inside(reply.flags, text);
    if (!reply.whole) break;
    require(reply.size() > 0 && reply.size() <= text.size());
    text = text.substr(reply.size());
  }
  static fuzz::RequestPath path;
  // Replies come behind an empty line; without one, the request is what is answered.
  const std::size_t empty = all.find("\n\n");
  path.go(all.substr(0, empty), empty == std::string_view::npos ? all : all.substr(empty + 2));
  return 0;
}
