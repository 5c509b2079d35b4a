// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/backend_pool.h"

#include <openssl/evp.h>

#include <set>

#include "elements/sdk/registry.h"

namespace smartswitch::memcached {

void Backend::describe(DescribeFields<Backend>& d) {
  d.parameter("name", &Backend::name, "its name: with ketama, it decides which keys are its").required();
  d.parameter("mac", &Backend::mac, "its MAC address").required();
  d.parameter("weight", &Backend::weight, "its share of the keys, against the others'").between(1, 1000);
}

void BackendPool::describe(Describe<BackendPool>& d) {
  d.summary("The memcached servers that keys are spread over.");
  d.details(
      R"(With `ketama`, a server that comes or goes moves only its own share of the keys. With `modula`, nearly all keys move, and weights are not used.)");
  d.example(R"(backends:
  class: BackendPool
  servers:
    - {name: mc1, mac: "02:00:00:00:01:01"}
    - {name: mc2, mac: "02:00:00:00:01:02", weight: 2})");
  d.parameter("servers", &BackendPool::servers_, "the servers; their order matters for `modula` only").required();
  d.parameter("hash", &BackendPool::hash_, {{"xxh3", Hash::kXxh3}, {"fnv1a_64", Hash::kFnv1a64}, {"md5", Hash::kMd5}},
              "hash of the key; xxh3 is the fastest, the others are for agreeing with clients that choose servers themselves");
  d.parameter("distribution", &BackendPool::distribution_, {{"ketama", Distribution::kKetama}, {"modula", Distribution::kModula}},
              "how the hash chooses a server");
}

void BackendPool::validate(Problems& problems) const {
  if (servers_.empty())
    problems.add({}, "the pool has no servers", "list one at least: `servers: [{name: mc1, mac: \"02:00:00:00:01:01\"}]`");
  std::set<std::string_view> names;
  for (const Backend& server : servers_) {
    if (!names.insert(server.name).second)
      problems.add({}, fmt::format("two servers are called `{}`", server.name), "names decide which keys are whose");
  }
}

void BackendPool::start(Problems&) {
  if (distribution_ != Distribution::kKetama) return;
  std::vector<Ketama::Server> servers;
  for (const Backend& server : servers_) servers.push_back({server.name, server.weight});
  ring_.emplace(servers);
}

std::uint32_t BackendPool::hash_of(std::string_view key) const {
  if (hash_ == Hash::kMd5) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    EVP_Digest(key.data(), key.size(), digest, &length, EVP_md5(), nullptr);
    return static_cast<std::uint32_t>(digest[3]) << 24 | static_cast<std::uint32_t>(digest[2]) << 16 |
           static_cast<std::uint32_t>(digest[1]) << 8 | digest[0];
  }
  // libmemcached's and TwemProxy's fnv1a_64 work on 32 bits: the 64-bit constants cut to size, and bytes sign-extended.
  std::uint32_t h = static_cast<std::uint32_t>(0xCBF29CE484222325ULL);
  for (const char c : key)
    h = (h ^ static_cast<std::uint32_t>(static_cast<std::int32_t>(static_cast<signed char>(c)))) *
        static_cast<std::uint32_t>(0x100000001B3ULL);
  return h;
}

SMARTSWITCH_STATE(BackendPool)

}  // namespace smartswitch::memcached
