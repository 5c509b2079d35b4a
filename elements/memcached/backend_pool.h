// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "elements/memcached/ketama.h"
#include "elements/sdk/describe.h"
#include "elements/sdk/state.h"

namespace smartswitch::memcached {

/// A memcached server, as the file names it.
struct Backend {
  std::string name;
  MacAddress mac;
  std::uint32_t weight = 1;
  static void describe(DescribeFields<Backend>& d);
};

/// The servers that keys are spread over, and the rule by which. Read-only once started: safe from any worker.
class BackendPool final : public State {
 public:
  static constexpr std::string_view kClass = "BackendPool";
  static void describe(Describe<BackendPool>& d);
  void validate(Problems& problems) const override;
  void start(Problems& problems) override;

  [[nodiscard]] const std::vector<Backend>& servers() const { return servers_; }
  /// The number of the server that `key` belongs to; `hash` is hash_key(key), which saves hashing it again where the pool uses that hash.
  [[nodiscard]] std::uint32_t choose(std::uint64_t hash, std::string_view key) const {
    const std::uint32_t h = hash_ == Hash::kXxh3 ? static_cast<std::uint32_t>(hash >> 32) : hash_of(key);
    return distribution_ == Distribution::kKetama ? ring_->server_of(h) : h % static_cast<std::uint32_t>(servers_.size());
  }

 private:
  enum class Hash : std::uint8_t { kXxh3, kFnv1a64, kMd5 };
  enum class Distribution : std::uint8_t { kKetama, kModula };
  [[nodiscard]] std::uint32_t hash_of(std::string_view key) const;

  std::vector<Backend> servers_;
  Hash hash_ = Hash::kXxh3;
  Distribution distribution_ = Distribution::kKetama;
  std::optional<Ketama> ring_;
};

}  // namespace smartswitch::memcached
