// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Values that check themselves: the whole text follows from key and version, so a mixed-up, cut or stale one is noticed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace client {

inline constexpr std::size_t kSmallestValue = 32;

/// What key number `index` is called: 16 bytes.
std::string key_name(std::uint64_t index);

/// The value of `key` at `version`, `size` bytes long (at least kSmallestValue). One in eight has a line "END" in it, to trip those who
/// look for line ends instead of counting.
std::string value_of(std::string_view key, std::uint64_t version, std::size_t size);

/// The version in `value`, or nothing if this is no whole value of `key`.
std::optional<std::uint64_t> version_of(std::string_view key, std::string_view value);

}  // namespace client
