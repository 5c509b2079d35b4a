// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <string_view>

namespace smartswitch {

/// A file of the source tree that is a part of the program (cmake/Embed.cmake).
struct EmbeddedFile {
  std::string_view name;  ///< without its folder
  std::string_view text;
};

}  // namespace smartswitch
