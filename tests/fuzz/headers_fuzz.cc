// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Feeds find_headers() any bytes. The copy has exactly their size, so AddressSanitizer sees a read of one byte too many.
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "elements/sdk/headers.h"

namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "find_headers: %s\n", what);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto copy = std::make_unique<std::uint8_t[]>(size);
  if (size > 0) std::memcpy(copy.get(), data, size);
  smartswitch::Headers h;
  smartswitch::find_headers(copy.get(), static_cast<std::uint32_t>(size), h);
  require(h.located, "always locates");
  require(h.l3 <= size && h.l4 <= size, "headers start within the packet");
  require(h.payload + std::size_t{h.payload_length} <= size, "the payload is within the packet");
  require(h.l4 == 0 || h.l4 > h.l3, "layer 4 is behind layer 3");
  require(h.payload == 0 || h.payload >= h.l4 + 8, "the payload is behind a whole layer 4 header");
  require(h.l4 == 0 || !h.malformed, "what is malformed has no layer 4");
  require(!h.first_fragment || h.fragment, "a first fragment is a fragment");
  require(!h.fragment || h.first_fragment || h.l4 == 0, "only the first fragment has layer 4");
  return 0;
}
