// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include "elements/memcached/request.h"

namespace smartswitch::memcached::binary {

/// parse_request() for a text that starts with the binary protocol's magic byte.
Request parse_request(std::string_view text);

}  // namespace smartswitch::memcached::binary
