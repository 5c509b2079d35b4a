// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <numeric>
#include <system_error>

#include "tests/integration/memcached_client/client.h"
#include "tests/integration/memcached_client/value.h"

namespace {

double microseconds(std::int64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1000; }

/// The value below which `part` (0 to 1) of the sorted times lie.
double percentile(const std::vector<std::int64_t>& sorted, double part) {
  if (sorted.empty()) return 0;
  return microseconds(sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(part * static_cast<double>(sorted.size())))]);
}

void print(client::Result result) {
  std::vector<std::int64_t>& times = result.nanoseconds;
  std::ranges::sort(times);
  const double mean =
      times.empty() ? 0 : microseconds(std::accumulate(times.begin(), times.end(), std::int64_t{0})) / static_cast<double>(times.size());
  fmt::print(
      "{{\"requests\": {}, \"gets\": {}, \"sets\": {}, \"wrong\": {}, \"lost\": {}, \"late\": {}, \"duplicates\": {}, \"hits\": {}, "
      "\"misses\": {}, \"p50_us\": {:.1f}, \"p99_us\": {:.1f}, \"mean_us\": {:.1f}, \"min_us\": {:.1f}, \"max_us\": {:.1f}, "
      "\"rps\": {:.0f}}}\n",
      result.requests, result.gets, result.sets, result.wrong, result.lost, result.late, result.duplicates, result.hits, result.misses,
      percentile(times, 0.5), percentile(times, 0.99), mean, percentile(times, 0), percentile(times, 1),
      result.seconds > 0 ? static_cast<double>(times.size()) / result.seconds : 0);
}

}  // namespace

int main(int argc, char** argv) {
  client::Options options;
  unsigned tries = 5;
  unsigned timeout_ms = 1000;

  CLI::App app(
      "A memcached client over UDP that checks every answer and counts every loss. Prints one line of JSON.\n"
      "Exit code: 0 all answered and right, 1 something wrong or lost, 2 it could not start.");
  app.require_subcommand(1);
  app.option_defaults()->always_capture_default();
  CLI::App* load = app.add_subcommand("load", "set every key to a new version, each confirmed by STORED");
  CLI::App* run = app.add_subcommand("run", "send gets and sets and check the answers");
  for (CLI::App* sub : {load, run}) {
    sub->add_option("--server", options.server, "IPv4 address")->required();
    sub->add_option("--port", options.port, "UDP port");
    sub->add_option("--keys", options.keys, "how many keys there are")->check(CLI::Range(1, 100'000'000));
    sub->add_option("--first-key", options.first_key, "the number of the first key");
    sub->add_option("--value-size", options.value_size, "bytes of a value that is set")
        ->check(CLI::Range(client::kSmallestValue, std::size_t{60000}));
    sub->add_option("--window", options.window, "requests under way at once")->check(CLI::Range(1, 10000));
    sub->add_option("--sockets", options.sockets, "source ports to send from")->check(CLI::Range(1, 1000));
    sub->add_option("--timeout-ms", timeout_ms, "a request without an answer after this is lost")->check(CLI::Range(1, 60000));
  }
  load->add_option("--tries", tries, "how often a set is sent before it is given up")->check(CLI::Range(1, 100));
  run->add_option("--requests", options.requests, "how many requests to send");
  run->add_option("--get-ratio", options.get_ratio, "part of the requests that are gets; the others are sets")->check(CLI::Range(0.0, 1.0));
  run->add_option("--multi", options.multi, "keys in a get")->check(CLI::Range(1, 100));
  run->add_flag("--in-order", options.in_order, "ask for the keys one after the other, not by chance");
  run->add_option("--rate", options.rate, "requests a second; 0: as fast as the window allows")->check(CLI::Range(0.0, 1e7));
  run->add_option("--seed", options.seed, "of the choice of keys");
  run->add_option("--at-least", options.at_least, "the version that load printed: any older one is wrong");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  options.timeout = std::chrono::milliseconds(timeout_ms);

  try {
    client::Client client(options);
    if (load->parsed()) {
      const std::uint64_t stored = client.load(tries);
      fmt::print("{{\"keys\": {}, \"stored\": {}, \"version\": {}}}\n", options.keys, stored, client.loaded_version());
      return stored == options.keys ? 0 : 1;
    }
    const client::Result result = client.run();
    print(result);
    return result.wrong == 0 && result.lost == 0 ? 0 : 1;
  } catch (const std::system_error& e) {
    fmt::print(stderr, "memcached_client: {}\n", e.what());
    return 2;
  }
}
