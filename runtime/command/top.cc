// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <thread>

#include "runtime/clock.h"
#include "runtime/command/command.h"
#include "runtime/command/query.h"
#include "runtime/command/remote.h"
#include "runtime/command/top_text.h"
#include "runtime/snapshot_json.h"

namespace smartswitch::command {
namespace {

// A profile costs workers something while it is taken: a twentieth of the time, and at most this.
constexpr std::int64_t kSampled = 20;
constexpr Duration kLongestSample{50'000'000};

struct TopOptions {
  RemoteOptions remote;
  bool once = false;
  bool no_profile = false;
  Duration interval{1'000'000'000};
};

/// Keys come at once and are not shown; the terminal is as it was when this ends.
class Terminal {
 public:
  Terminal() {
    tcgetattr(STDIN_FILENO, &before_);
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    fmt::print("\x1b[?1049h\x1b[?25l");  // another page, no cursor
  }
  ~Terminal() {
    fmt::print("\x1b[?25h\x1b[?1049l");
    std::fflush(stdout);
    tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  static void measure(TopView& view) {
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
      size = {.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
    view.width = size.ws_col;
    view.height = size.ws_row;
  }
  /// The key that is pressed before `until`; 0 if there is none. The end of the input is a `q`.
  static char key_before(std::int64_t until) {
    const std::int64_t left = std::max<std::int64_t>(0, until - runtime::monotonic_ns());
    pollfd input = {.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    if (poll(&input, 1, static_cast<int>(left / 1'000'000)) <= 0) return 0;
    char key = 0;
    return read(STDIN_FILENO, &key, 1) == 1 ? key : 'q';
  }

 private:
  termios before_{};
};

std::optional<runtime::Snapshot> counts(runtime::control::Client& client, int& exit_code) {
  const auto answer = ask(client, {.method = "GET", .path = "/v1/stats", .body = {}}, exit_code);
  if (!answer) return std::nullopt;
  try {
    return runtime::snapshot_from_json(runtime::Json::parse(answer->body));
  } catch (const nlohmann::json::exception& error) {
    Problems problems;
    problems.add({}, fmt::format("the switch's answer is not what this program expects: {}", error.what()),
                 "is it of another version? `smartswitch ctl GET /v1` says");
    show(problems);
    exit_code = kRefused;
    return std::nullopt;
  }
}

TopCosts costs_of(const runtime::Json& profile) {
  TopCosts costs;
  for (const runtime::Json& element : profile.at("elements")) {
    if (element.at("packets") > 0) costs[element.at("element")] = element.at("ns_per_packet");
  }
  return costs;
}

/// What elements cost in a short part of the interval, because workers pay for it while it is measured. None if the switch refuses, as
/// it does while somebody else measures; and if it has gone, the next counts tell.
TopCosts costs(runtime::control::Client& client, const TopOptions& options) {
  if (options.no_profile) return {};
  const Duration sample{std::clamp<std::int64_t>(options.interval.nanoseconds / kSampled, 1'000'000, kLongestSample.nanoseconds)};
  const std::string path = Query("/v1/profile").add("for", to_string(sample)).text();
  Problems untold;
  const auto answer = client.ask({.method = "POST", .path = path, .body = {}}, untold);
  if (!answer || answer->status != 200) return {};
  try {
    return costs_of(runtime::Json::parse(answer->body));
  } catch (const nlohmann::json::exception&) {
    return {};  // a switch of another version
  }
}

int show_once(runtime::control::Client& client, const TopOptions& options) {
  int exit_code = kOk;
  const auto before = counts(client, exit_code);
  if (!before) return exit_code;
  const std::int64_t until = runtime::monotonic_ns() + options.interval.nanoseconds;
  const TopCosts cost = costs(client, options);
  std::this_thread::sleep_for(std::chrono::nanoseconds(until - runtime::monotonic_ns()));
  const auto now = counts(client, exit_code);
  TopView view;
  view.costs = !options.no_profile;
  if (now) fmt::print("{}", top_text(*before, *now, cost, view));
  return exit_code;
}

int show_for_ever(runtime::control::Client& client, const TopOptions& options) {
  int exit_code = kOk;
  auto before = counts(client, exit_code);
  if (!before) return exit_code;
  std::optional<runtime::Snapshot> now = before;
  TopCosts cost;
  const Terminal terminal;
  TopView view;
  view.costs = !options.no_profile;
  view.colour = colour_on(STDOUT_FILENO);
  std::int64_t next = runtime::monotonic_ns() + options.interval.nanoseconds;
  for (;;) {
    Terminal::measure(view);
    const std::size_t rows = view.height;
    view.height = rows - 1;
    fmt::print("\x1b[H\x1b[2J{}q quits; p, d, n{}: by packets, drops, name{}", top_text(*before, *now, cost, view), view.costs ? ", c" : "",
               view.costs ? ", cost" : "");
    std::fflush(stdout);
    switch (Terminal::key_before(next)) {
      case 'q':
        return kOk;
      case 'p':
        view.order = TopOrder::kPackets;
        break;
      case 'd':
        view.order = TopOrder::kDrops;
        break;
      case 'n':
        view.order = TopOrder::kName;
        break;
      case 'c':
        if (view.costs) view.order = TopOrder::kCost;
        break;
      default:
        break;
    }
    if (runtime::monotonic_ns() < next) continue;
    next += options.interval.nanoseconds;
    cost = costs(client, options);
    before = std::move(now);
    now = counts(client, exit_code);
    if (!now) return exit_code;
  }
}

int top(const TopOptions& options) {
  int exit_code = kOk;
  const auto client = options.remote.open(exit_code);
  if (!client) return exit_code;
  if (options.once) return show_once(*client, options);
  if (isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1) return show_for_ever(*client, options);
  Problems problems;
  problems.add({}, "this is no terminal", "`--once` writes one frame for scripts");
  show(problems);
  return kBadUsage;
}

}  // namespace

void add_top(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand("top", "Watch a running switch in the terminal: elements by rate, drops and cost, workers by load");
  auto options = std::make_shared<TopOptions>();
  options->remote.add_to(*verb);
  verb->add_flag("--once", options->once, "Write one frame, of one interval, and end");
  verb->add_flag("--no-profile", options->no_profile, "Do not measure what elements cost a packet");
  add_duration(*verb, "--every", options->interval, "How often it looks");
  verb->callback([options, &exit_code] { exit_code = top(*options); });
}

}  // namespace smartswitch::command
