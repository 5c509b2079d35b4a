// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The web page of a switch: files of web/, which are parts of the program. They hold nothing of the switch, so nobody needs a token for
// them; what they show, they ask for with the token.
#pragma once

#include <span>

#include "runtime/control/router.h"
#include "runtime/embedded_file.h"

namespace smartswitch::runtime::control {

/// (Written by cmake/Embed.cmake.)
std::span<const EmbeddedFile> page_files();

void add_page_routes(Router& router);

}  // namespace smartswitch::runtime::control
