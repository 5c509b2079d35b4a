// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/command/twemproxy.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <optional>

#include "elements/sdk/suggest.h"

namespace smartswitch::command {
namespace {

constexpr std::string_view kServerForm = "write `host:port:weight` or `host:port:weight name`";
constexpr std::uint16_t kMemcachedPort = 11211;
constexpr std::uint32_t kHeaviest = 1'000'000;  // as for BackendPool

const std::vector<std::string>& hashes() {
  static const std::vector<std::string> names = {"one_at_a_time", "md5",     "crc16",    "crc32", "crc32a", "fnv1_64",
                                                 "fnv1a_64",      "fnv1_32", "fnv1a_32", "hsieh", "murmur", "jenkins"};
  return names;
}

const std::vector<std::string>& distributions() {
  static const std::vector<std::string> names = {"ketama", "modula", "random"};
  return names;
}

// Digits only.
std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  const bool good =
      error == std::errc{} && end == text.data() + text.size() && n <= std::uint32_t{std::numeric_limits<std::int32_t>::max()};
  return good && !text.empty() ? std::optional(n) : std::nullopt;
}

std::optional<std::uint16_t> port(std::string_view text) {
  const auto n = number(text);
  return n && *n > 0 && *n <= 65535 ? std::optional(static_cast<std::uint16_t>(*n)) : std::nullopt;
}

// Cuts what stands behind the last `separator` off `text`.
std::optional<std::string_view> cut(std::string_view& text, char separator) {
  const std::size_t at = text.rfind(separator);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view tail = text.substr(at + 1);
  text = text.substr(0, at);
  return tail;
}

class PoolReader {
 public:
  PoolReader(const Value::Member& member, Problems& problems) : problems_(&problems) {
    pool_.name = member.key;
    pool_.where = member.where;
    if (!member.value.is_map()) {
      problems.add(member.value.where(), fmt::format("the pool `{}` is {}, not a map of directives", member.key, member.value.spoken()));
      return;
    }
    for (const Value::Member& directive : member.value.members()) read(directive);
    finish(member);
  }
  TwemproxyPool take() { return std::move(pool_); }

 private:
  struct Directive {
    const char* name;
    void (PoolReader::*read)(const Value::Member& directive, const char* why_not);
    const char* why_not;  // it cannot be carried over
  };

  void read(const Value::Member& directive) {
    static constexpr const char* kNoConnections = "requests over UDP have no connections";
    static constexpr const char* kRedis = "the switch does not know Redis";
    static const std::vector<Directive> kDirectives = {
        {"listen", &PoolReader::read_listen, "clients send UDP datagrams to SERVICE_ADDRESS and SERVICE_PORT instead"},
        {"hash", &PoolReader::read_hash, ""},
        {"hash_tag", &PoolReader::read_hash_tag, ""},
        {"distribution", &PoolReader::read_distribution, ""},
        {"servers", &PoolReader::read_servers, ""},
        {"auto_eject_hosts", &PoolReader::read_auto_eject_hosts, ""},
        {"redis", &PoolReader::read_redis, ""},
        {"timeout", &PoolReader::read_number, "a request over UDP that is not answered is the client's to repeat"},
        {"backlog", &PoolReader::read_number, kNoConnections},
        {"client_connections", &PoolReader::read_number, kNoConnections},
        {"server_connections", &PoolReader::read_number, kNoConnections},
        {"tcpkeepalive", &PoolReader::read_boolean, kNoConnections},
        {"reuseport", &PoolReader::read_boolean, kNoConnections},
        {"preconnect", &PoolReader::read_boolean, kNoConnections},
        {"server_retry_timeout", &PoolReader::read_retry_timeout, ""},
        {"server_failure_limit", &PoolReader::read_failure_limit, ""},
        {"redis_db", &PoolReader::read_number, kRedis},
        {"redis_auth", &PoolReader::read_text, kRedis},
    };
    std::vector<std::string> known;
    for (const Directive& candidate : kDirectives) {
      if (candidate.name == directive.key) {
        if (directive.key == "servers" || directive.value.is_scalar()) return (this->*candidate.read)(directive, candidate.why_not);
        fault(directive.value.where(), fmt::format("`{}` is {}, not text", directive.key, directive.value.spoken()),
              directive.key == "hash_tag" ? "`{}` needs quotes" : "");
        return;
      }
      known.emplace_back(candidate.name);
    }
    fault(directive.where, fmt::format("TwemProxy has no directive `{}`", directive.key), did_you_mean(directive.key, known));
  }

  void read_listen(const Value::Member& directive, const char* why_not) {
    std::string_view host = directive.value.text();
    const bool is_socket = host.starts_with('/');
    const auto number = is_socket ? std::nullopt : cut(host, ':');
    if (!is_socket && !(number && port(*number))) {
      fault(directive.value.where(), fmt::format("{} is no address and port", directive.value.spoken()), "write `host:port`");
      return;
    }
    pool_.listen = host;
    leave_out(directive, why_not);
  }
  void read_hash(const Value::Member& directive, const char* /*why_not*/) { read_choice(directive, hashes(), pool_.hash); }
  void read_distribution(const Value::Member& directive, const char* /*why_not*/) {
    read_choice(directive, distributions(), pool_.distribution);
  }
  void read_choice(const Value::Member& directive, const std::vector<std::string>& choices, std::string& chosen) {
    chosen = directive.value.text();
    if (std::find(choices.begin(), choices.end(), chosen) != choices.end()) return;
    const std::string near = did_you_mean(chosen, choices);
    fault(directive.value.where(), fmt::format("{} is no {} of TwemProxy", directive.value.spoken(), directive.key),
          near.empty() ? "there are " + spoken_list(choices) : near);
  }
  void read_hash_tag(const Value::Member& directive, const char* /*why_not*/) {
    pool_.hash_tag = directive.value.text();
    if (pool_.hash_tag.size() != 2) fault(directive.value.where(), fmt::format("{} is not two characters", directive.value.spoken()), "");
  }
  void read_auto_eject_hosts(const Value::Member& directive, const char* /*why_not*/) { read_flag(directive, pool_.auto_eject_hosts); }
  void read_redis(const Value::Member& directive, const char* /*why_not*/) { read_flag(directive, pool_.redis); }
  void read_flag(const Value::Member& directive, bool& flag) {
    flag = directive.value.text() == "true";
    if (!flag && directive.value.text() != "false")
      fault(directive.value.where(), fmt::format("{} is neither `true` nor `false`", directive.value.spoken()), "");
  }
  void read_boolean(const Value::Member& directive, const char* why_not) {
    bool flag = false;
    read_flag(directive, flag);
    if (flag) leave_out(directive, why_not);
  }
  std::optional<std::uint32_t> a_number(const Value::Member& directive) {
    const auto n = number(directive.value.text());
    if (!n) fault(directive.value.where(), fmt::format("{} is not a number from 0 to 2147483647", directive.value.spoken()), "");
    return n;
  }
  void read_retry_timeout(const Value::Member& directive, const char* /*why_not*/) {
    pool_.retry_timeout_ms = a_number(directive).value_or(pool_.retry_timeout_ms);
  }
  void read_failure_limit(const Value::Member& directive, const char* /*why_not*/) {
    pool_.failure_limit = a_number(directive).value_or(pool_.failure_limit);
  }
  void read_number(const Value::Member& directive, const char* why_not) {
    const auto n = a_number(directive);
    if (n == 0U && directive.key == "server_connections") fault(directive.value.where(), "`server_connections` cannot be 0", "");
    leave_out(directive, why_not);
  }
  void read_text(const Value::Member& directive, const char* why_not) { leave_out(directive, why_not); }

  void read_servers(const Value::Member& directive, const char* /*why_not*/) {
    if (!directive.value.is_list()) {
      fault(directive.value.where(), fmt::format("`servers` is {}, not a list", directive.value.spoken()),
            "write `- host:port:weight`, a line for each");
    }
    for (const Value& item : directive.value.items()) {
      if (item.is_scalar()) {
        read_server(item);
      } else {
        fault(item.where(), fmt::format("{} is not a server", item.spoken()), std::string(kServerForm));
      }
    }
  }

  // Taken apart from its end, as TwemProxy does: a host may be an IPv6 address.
  void read_server(const Value& item) {
    std::string_view rest = item.text();
    if (rest.starts_with('/')) {
      fault(item.where(), fmt::format("`{}` is on a Unix socket, where no packet gets to", rest), "let it listen on a UDP port");
      return;
    }
    const auto name = cut(rest, ' ');
    const auto weight = cut(rest, ':');
    const auto port_text = cut(rest, ':');
    const std::string malformed = fmt::format("{} is not a server", item.spoken());
    if (!weight || !port_text || rest.empty() || (name && name->empty())) return fault(item.where(), malformed, std::string(kServerForm));
    const auto port_number = port(*port_text);
    const auto weight_number = number(*weight);
    if (!port_number) return fault(item.where(), fmt::format("{}: `{}` is no port", malformed, *port_text), std::string(kServerForm));
    if (!weight_number || *weight_number == 0 || *weight_number > kHeaviest)
      return fault(item.where(), fmt::format("{}: `{}` is not a weight from 1 to {}", malformed, *weight, kHeaviest),
                   std::string(kServerForm));
    TwemproxyServer server{.name = std::string(name.value_or(rest)),
                           .host = std::string(rest),
                           .port = *port_number,
                           .weight = *weight_number,
                           .where = item.where()};
    // As libmemcached does it. The port's own digits, leading zeros and all.
    if (!name && server.port != kMemcachedPort) server.name += fmt::format(":{}", *port_text);
    const auto [first, is_new] = names_.emplace(server.name, item.where().line);
    if (!is_new)
      return fault(item.where(), fmt::format("two servers are called `{}`", server.name),
                   fmt::format("the first is in line {}; give them names: `host:port:weight name`", first->second));
    pool_.servers.push_back(std::move(server));
  }

  void finish(const Value::Member& member) {
    for (const char* needed : {"listen", "servers"}) {
      if (member.value.find(needed) == nullptr) fault(member.where, fmt::format("the pool `{}` has no `{}`", member.key, needed), "");
    }
    const Value* servers = member.value.find("servers");
    if (servers != nullptr && servers->is_list() && servers->items().empty())
      fault(servers->where(), fmt::format("the pool `{}` has no servers", member.key), "");
    if (const Value* auth = member.value.find("redis_auth"); auth != nullptr && !pool_.redis)
      fault(auth->where(), "`redis_auth` is for pools with `redis: true`", "");
    std::sort(pool_.servers.begin(), pool_.servers.end(), [](const TwemproxyServer& a, const TwemproxyServer& b) {
      return a.name.size() != b.name.size() ? a.name.size() < b.name.size() : a.name < b.name;
    });
  }

  void fault(const Location& where, std::string message, std::string hint) { problems_->add(where, std::move(message), std::move(hint)); }
  void leave_out(const Value::Member& directive, const char* why) {
    pool_.left_out.push_back({directive.where, fmt::format("`{}: {}` is left out: {}", directive.key, directive.value.text(), why), ""});
  }

  Problems* problems_;
  TwemproxyPool pool_;
  std::map<std::string, std::uint32_t> names_;  // of servers, and their lines
};

}  // namespace

std::vector<TwemproxyPool> read_twemproxy(const Value& file, Problems& problems) {
  std::vector<TwemproxyPool> pools;
  if (!file.is_map() || file.members().empty()) {
    problems.add(file.where(), fmt::format("a configuration of TwemProxy is a map of pools, not {}", file.spoken()),
                 "it starts with the name of a pool: `alpha:`");
  }
  for (const Value::Member& member : file.members()) pools.push_back(PoolReader(member, problems).take());
  return pools;
}

}  // namespace smartswitch::command
