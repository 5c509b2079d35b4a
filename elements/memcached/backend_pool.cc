// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/backend_pool.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include "elements/sdk/registry.h"

namespace smartswitch::memcached {
namespace {

constexpr std::uint32_t kMostServers = 4096;
constexpr std::uint32_t kHeaviest = 1'000'000;
// Times that a key is hashed again to find a server that is up, before it goes to the next one of the file. If half of the servers are
// down, one key of 65536 gets so far.
constexpr unsigned kRehashes = 16;

// Points on a ring, of all servers together.
constexpr std::uint64_t kMostPoints = 1 << 24;

// As libmemcached and TwemProxy call a server that was given no name.
std::string name_of(const Backend& server) {
  if (!server.name.empty() || !server.address) return server.name;
  return to_string(*server.address) + (server.port == kPort ? "" : fmt::format(":{}", server.port));
}

template <class T>
concept FindsNextItself = requires(const T& spread) {
  spread.server_of(std::uint64_t{}, [](std::uint32_t) { return true; });
};

template <class T>
concept HashesItself = requires(const T& spread) {
  spread.server_of(std::string_view{});
};

}  // namespace

void Backend::describe(DescribeFields<Backend>& d) {
  d.parameter("name", &Backend::name,
              "its name, which decides which keys are its. Without one it is called by its address, with the port if that is not 11211, as "
              "in libmemcached and TwemProxy");
  d.parameter("mac", &Backend::mac, "its MAC address, for elements that send requests to it by that");
  d.parameter("address", &Backend::address, "its IP address, for elements that send to it by that");
  d.parameter("port", &Backend::port, "its UDP port, with `address`").at_least(1);
  d.parameter("weight", &Backend::weight, "its share of the keys, against the others'").between(1, kHeaviest);
  d.parameter("drained", &Backend::drained,
              "it gets no more requests, as if it was down, while its replies still come: before it is taken away");
}

void BackendPool::describe(Describe<BackendPool>& d) {
  d.summary("The memcached servers that keys are spread over.");
  d.details(
      R"(`hash` makes a number of the key, and `distribution` chooses a server by it:

| `distribution` | weights | which keys move when a server comes or goes | cost of a look-up |
|---|---|---|---|
| `ketama` | yes; below 1/40 of the average: no keys | its share | lowest |
| `maglev` | yes | its share and a few more; the most even one | lowest |
| `jump` | yes | its share, if it is the last of the file; otherwise more | low, grows with the logarithm of the weights' sum |
| `rendezvous` | yes | its share exactly | grows with the servers |
| `ring_default`, `ring_ketama`, `ring_twemproxy`, `ring_evcache` | yes | its share | lowest |
| `ch3` | yes, unless most are far below the heaviest | its share, if it is the last of the file; otherwise more | low; some more with weights |
| `modula` | yes | nearly all | lowest |
| `random` | no | any server for any request: only for servers that all hold the same | lowest |

With `ketama`, `ring_...`, `rendezvous` and `maglev` the names of the servers count, with `modula`, `jump` and `ch3` their order in the file.

**To agree with other clients.** `ketama`, `modula` and `random` choose as TwemProxy 0.5.0 does with the same `hash` and `hash_tag`, if the
servers have the same names and, for `modula`, stand in its order: by the length of the name, then by its bytes. (`smartswitch
import-twemproxy` writes such a pool.) libmemcached agrees on `ketama` with its weighted ketama, and on `modula` if all weights are 1. It has
no `crc16` and no `crc32a`, and `hsieh` only where it was built with it. Keys with bytes above 127 are hashed as on x86. `crc32` has 15 bits
only, the upper ones of 31: with `ketama`, all keys have one server. `crc32a` is the whole CRC. `fnv1_64` and `fnv1a_64` have 32 bits.

*mcrouter:* its `Ch3` is `ch3`, which hashes keys itself, so there is no `hash` with it; its `WeightedCh3` is the same with weights, if the
heaviest server has weight 1.0 there: `1`, `0.5`, `0.25` are `4`, `2`, `1` here. Its `Crc32` is `hash: mcrouter_crc32` with `distribution: modula`. All of
them need `hash_stop: "|#|"` if keys have that, and servers in its order. Its routing prefixes (`/region/cluster/`) are not taken off.

*memcached's own proxy* (1.6.45): without options it is `distribution: jump`. `dist_ring_hash` is `ring_default`, and with `omode` it is `ring_ketama`,
`ring_twemproxy` or `ring_evcache`; `hash = mcp.dist_ring_hash.hash` is `hash: md5`, `obuckets` is `ring_points`, and its filters are `hash_stop` and
`hash_tag` (but it hashes nothing of a key with an empty tag, where here the whole key counts). On these rings a server is `address:port`: give none
of them a name. Pools with a `seed` have no counterpart.

**When a server is down,** its keys go elsewhere until it is back (`when_down: next`): with `ketama` and `ring_...` to the server of the next point on the
ring, with `rendezvous` to the second best, with the others to one that is chosen by hashing again. Nobody else's keys move.)");
  d.example(R"(backends:
  class: BackendPool
  servers:
    - {name: mc1, mac: "02:00:00:00:01:01"}
    - {name: mc2, mac: "02:00:00:00:01:02", weight: 2})");
  d.parameter("servers", &BackendPool::servers_, "the servers").required();
  d.handler("list", &BackendPool::list,
            "the servers: up, down or drained, and what is under way to each of the requests that the switch sends under its own address");
  d.parameter(
      "hash", &BackendPool::hash_,
      {{"xxh3", KeyHash::kXxh3},
       {"one_at_a_time", KeyHash::kOneAtATime},
       {"md5", KeyHash::kMd5},
       {"crc16", KeyHash::kCrc16},
       {"crc32", KeyHash::kCrc32},
       {"crc32a", KeyHash::kCrc32a},
       {"fnv1_64", KeyHash::kFnv1_64},
       {"fnv1a_64", KeyHash::kFnv1a_64},
       {"fnv1_32", KeyHash::kFnv1_32},
       {"fnv1a_32", KeyHash::kFnv1a_32},
       {"hsieh", KeyHash::kHsieh},
       {"murmur", KeyHash::kMurmur},
       {"jenkins", KeyHash::kJenkins},
       {"mcrouter_crc32", KeyHash::kMcrouterCrc32}},
      "hash of the key; xxh3 is the fastest, since packets bring it along, and the others are for agreeing with clients that choose "
      "servers themselves");
  d.parameter("distribution", &BackendPool::distribution_,
              {{"ketama", Distribution::kKetama},
               {"modula", Distribution::kModula},
               {"random", Distribution::kRandom},
               {"jump", Distribution::kJump},
               {"rendezvous", Distribution::kRendezvous},
               {"maglev", Distribution::kMaglev},
               {"ch3", Distribution::kCh3},
               {"ring_default", Distribution::kRingDefault},
               {"ring_ketama", Distribution::kRingKetama},
               {"ring_twemproxy", Distribution::kRingTwemProxy},
               {"ring_evcache", Distribution::kRingEvCache}},
              "how the hash chooses a server");
  d.parameter("hash_stop", &BackendPool::hash_stop_,
              "only what stands before the first of this text in a key is hashed; \"|#|\" for mcrouter's keys");
  d.parameter("hash_tag", &BackendPool::hash_tag_,
              "two characters, such as \"{}\": of a key that has both, only what stands between the first of each is hashed, unless that "
              "is nothing")
      .check([](const std::string& tag) {
        return tag.empty() || tag.size() == 2 ? std::string() : fmt::format("`{}` is not two characters", tag);
      });
  d.parameter("ring_points", &BackendPool::ring_points_,
              "points of a server on the ring for each unit of its weight, with `ring_...`; a multiple of 4")
      .between(4, 65536)
      .check([](std::uint32_t points) { return points % 4 == 0 ? std::string() : fmt::format("{} is not a multiple of 4", points); });
  d.parameter("keys", &BackendPool::keys_, "keys that have a server of their own, whatever their hash: `key: name of the server`");
  d.parameter("when_down", &BackendPool::when_down_, {{"next", WhenDown::kNext}, {"refuse", WhenDown::kRefuse}},
              "what becomes of the keys of a server that is down: the next server takes them, or they have none until it is back");
}

void BackendPool::validate(Problems& problems) const {
  if (servers_.empty())
    problems.add({}, "the pool has no servers", "list one at least: `servers: [{name: mc1, mac: \"02:00:00:00:01:01\"}]`");
  if (servers_.size() > kMostServers) problems.add({}, fmt::format("the pool has more than {} servers", kMostServers));
  std::set<std::string> names;
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    const std::string name = name_of(servers_[i]);
    total += servers_[i].weight;
    if (name.empty()) {
      problems.add({}, fmt::format("server {} of the pool has neither a name nor an address", i + 1), "give it a `name`");
    } else if (!names.insert(name).second) {
      problems.add({}, fmt::format("two servers are called `{}`", name), "names decide which keys are whose");
    }
  }
  if (total > Slots::kMost && (distribution_ == Distribution::kModula || distribution_ == Distribution::kJump))
    problems.add({}, fmt::format("the weights add up to {}, but with this distribution to {} at most", total, Slots::kMost));
  if (distribution_ >= Distribution::kRingDefault && total * ring_points_ > kMostPoints)
    problems.add({}, fmt::format("the ring would have {} points, but it can have {} at most", total * ring_points_, kMostPoints),
                 "lower `ring_points` or the weights");
  if (distribution_ == Distribution::kCh3 && hash_ != KeyHash::kXxh3)
    problems.add({}, "`distribution: ch3` has a hash of its own", "leave `hash` out");
  for (const auto& [key, server] : keys_) {
    if (!names.contains(server))
      problems.add({}, fmt::format("the key `{}` belongs to `{}`, which is none of the servers", key, server),
                   did_you_mean(server, {names.begin(), names.end()}));
  }
}

void BackendPool::start(Problems&) {
  up_ = std::make_unique<std::atomic<bool>[]>(servers_.size());
  well_ = std::make_unique<std::atomic<bool>[]>(servers_.size());
  std::map<std::string, std::uint32_t> numbers;
  for (std::uint32_t number = 0; number < servers_.size(); ++number) {
    servers_[number].name = name_of(servers_[number]);
    numbers[servers_[number].name] = number;
    well_[number].store(true, std::memory_order_relaxed);
    up_[number].store(!servers_[number].drained, std::memory_order_relaxed);
    loads_.push_back(std::make_shared<ServerLoad>());
  }
  for (const auto& [key, server] : keys_) pinned_.emplace(key, numbers.at(server));
  switch (distribution_) {
    case Distribution::kKetama:
      spread_.emplace<Ketama>(servers_);
      break;
    case Distribution::kModula:
      spread_.emplace<Modula>(servers_);
      break;
    case Distribution::kRandom:
      spread_.emplace<AnyServer>(servers_);
      break;
    case Distribution::kJump:
      spread_.emplace<Jump>(servers_);
      break;
    case Distribution::kRendezvous:
      spread_.emplace<Rendezvous>(servers_);
      break;
    case Distribution::kMaglev:
      spread_.emplace<Maglev>(servers_);
      break;
    case Distribution::kCh3:
      spread_.emplace<Ch3>(servers_);
      break;
    case Distribution::kRingDefault:
      spread_.emplace<RingHash>(servers_, RingMode::kDefault, ring_points_);
      break;
    case Distribution::kRingKetama:
      spread_.emplace<RingHash>(servers_, RingMode::kKetama, ring_points_);
      break;
    case Distribution::kRingTwemProxy:
      spread_.emplace<RingHash>(servers_, RingMode::kTwemProxy, ring_points_);
      break;
    case Distribution::kRingEvCache:
      spread_.emplace<RingHash>(servers_, RingMode::kEvCache, ring_points_);
      break;
  }
  look_whether_plain();
}

void BackendPool::take_over(State& before) {
  const auto& old = static_cast<BackendPool&>(before);
  for (std::uint32_t i = 0; i < servers_.size(); ++i) {
    const auto is_it = [&](const Backend& server) { return server.name == servers_[i].name; };
    const auto at = static_cast<std::uint32_t>(std::find_if(old.servers_.begin(), old.servers_.end(), is_it) - old.servers_.begin());
    if (at == old.servers_.size()) continue;
    loads_[i] = old.loads_[at];
    well_[i].store(old.well(at));
    up_[i].store(well(i) && !servers_[i].drained);
  }
  look_whether_plain();
}

bool BackendPool::set_well(std::uint32_t server, bool well) {
  const std::lock_guard lock(changing_);
  if (well_[server].exchange(well, std::memory_order_relaxed) == well) return false;
  up_[server].store(well && !servers_[server].drained, std::memory_order_relaxed);
  look_whether_plain();
  generation_.fetch_add(1, std::memory_order_release);
  return true;
}

void BackendPool::look_whether_plain() {
  const bool all_up = std::all_of(up_.get(), up_.get() + servers_.size(), [](const auto& flag) { return flag.load(); });
  plain_.store(all_up && hashes_whole_keys() && pinned_.empty(), std::memory_order_relaxed);
}

Value BackendPool::list() const {
  std::vector<Value> list;
  for (std::uint32_t i = 0; i < servers_.size(); ++i) {
    const ServerLoad& l = load(i);
    const auto number = [](const auto& n) { return Value(std::to_string(n.load(std::memory_order_relaxed))); };
    list.push_back(Value::map({{"name", servers_[i].name},
                               {"state", servers_[i].drained ? "drained"
                                         : well(i)           ? "up"
                                                             : "down"},
                               {"weight", Value(std::to_string(servers_[i].weight))},
                               {"outstanding", number(l.outstanding)},
                               {"answered", number(l.answered)},
                               {"lost", number(l.lost)}}));
  }
  return Value::list(std::move(list));
}

std::string BackendPool::place_of(std::string_view key) const {
  const std::uint32_t server = choose(hash_key(key), key);
  return server == kNone ? std::string() : servers_[server].name;
}

std::vector<std::string> BackendPool::places() const {
  std::vector<std::string> names;
  for (const Backend& server : servers_) names.push_back(server.name);
  return names;
}

template <class Fits>
std::uint32_t BackendPool::next_that(std::uint64_t hash, std::uint32_t after, Fits fits) const {
  const std::uint32_t any = first_from(after, fits);
  if (any == kNone) return kNone;
  return std::visit(
      [=](const auto& spread) {
        if constexpr (FindsNextItself<std::decay_t<decltype(spread)>>) {
          return spread.server_of(hash, fits).value_or(any);
        } else {
          std::uint64_t again = hash;
          for (unsigned i = 0; i < kRehashes; ++i) {
            again = XXH3_64bits(&again, sizeof again);
            if (const std::uint32_t server = spread.server_of(again); fits(server)) return server;
          }
          return any;
        }
      },
      spread_);
}

std::uint32_t BackendPool::choose_otherwise(std::uint64_t hash, std::string_view key) const {
  if (!pinned_.empty()) {
    const auto own = pinned_.find(key);
    if (own != pinned_.end()) {
      if (up(own->second)) return own->second;
      if (when_down_ == WhenDown::kRefuse) return kNone;
    }
  }
  hash = hash_of(hash, key);
  const std::uint32_t server = own_of(hash, key);
  if (up(server)) return server;
  return when_down_ == WhenDown::kRefuse && distribution_ != Distribution::kRandom
             ? kNone
             : next_that(hash, server, [this](std::uint32_t s) { return up(s); });
}

std::optional<std::vector<Ring::Point>> BackendPool::ring() const {
  const Ketama* ketama = std::get_if<Ketama>(&spread_);
  if (ketama == nullptr || !hashes_whole_keys() || !pinned_.empty()) return std::nullopt;
  std::vector<Ring::Point> points = ketama->ring().all();
  const auto first = std::find_if(points.begin(), points.end(), [this](const Ring::Point& point) { return up(point.server); });
  // What is behind the last point that is up belongs to the first.
  std::uint32_t next = first == points.end() ? kNone : first->server;
  for (auto point = points.rbegin(); point != points.rend(); ++point) {
    if (up(point->server)) {
      next = point->server;
    } else {
      point->server = when_down_ == WhenDown::kNext ? next : kNone;
    }
  }
  return points;
}

std::size_t BackendPool::replicas_of(std::uint64_t hash, std::string_view key, std::span<std::uint32_t> servers) const {
  hash = hash_of(hash, key);
  const auto own = pinned_.find(key);
  const std::uint32_t first = own != pinned_.end() ? own->second : own_of(hash, key);
  std::size_t n = 0;
  const auto fits = [&](std::uint32_t server) {
    return up(server) && std::find(servers.begin(), servers.begin() + n, server) == servers.begin() + n;
  };
  if (!servers.empty() && fits(first)) servers[n++] = first;
  while (n < servers.size()) {
    const std::uint32_t next = next_that(hash, first, fits);
    if (next == kNone) break;
    servers[n++] = next;
  }
  return n;
}

std::uint64_t BackendPool::hash_of(std::uint64_t hash, std::string_view key) const {
  if (hashes_whole_keys()) return hash;
  return key_hash(hash_, hashed_part(key));
}

// The server of a key if all are up; `hash` is hash_of() it.
std::uint32_t BackendPool::own_of(std::uint64_t hash, std::string_view key) const {
  return std::visit(
      [&](const auto& spread) {
        if constexpr (HashesItself<std::decay_t<decltype(spread)>>) {
          return spread.server_of(hashed_part(key));
        } else {
          return spread.server_of(hash);
        }
      },
      spread_);
}

std::string_view BackendPool::hashed_part(std::string_view key) const {
  if (!hash_stop_.empty()) key = key.substr(0, key.find(hash_stop_));
  if (hash_tag_.empty()) return key;
  const std::size_t open = key.find(hash_tag_[0]);
  if (open == std::string_view::npos) return key;
  const std::size_t close = key.find(hash_tag_[1], open + 1);
  if (close == std::string_view::npos || close == open + 1) return key;
  return key.substr(open + 1, close - open - 1);
}

SMARTSWITCH_STATE(BackendPool)

}  // namespace smartswitch::memcached
