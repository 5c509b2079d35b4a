// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/observers.h"

#include <fmt/format.h>
#include <pthread.h>
#include <rte_cycles.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "runtime/clock.h"
#include "runtime/observe/edge_hooks.h"
#include "runtime/observe/profile.h"

namespace smartswitch::runtime::control {
namespace {

constexpr Duration kLook{2'000'000};
// What a trace waits for packets that elements hold, once it has picked all.
constexpr std::int64_t kLinger = 1'000'000'000;

// On the edges of a graph, and off them again.
class OnEdges {
 public:
  OnEdges(Switch& live, observe::EdgeUser& user) : live_(live), user_(user) {
    live_.change_hooks([this](observe::EdgeHooks& hooks) { hooks.add(user_); });
  }
  ~OnEdges() {
    live_.change_hooks([this](observe::EdgeHooks& hooks) { hooks.remove(user_); });
  }
  OnEdges(const OnEdges&) = delete;
  OnEdges& operator=(const OnEdges&) = delete;

 private:
  Switch& live_;
  observe::EdgeUser& user_;
};

Response fault_of(const Problems& problems) {
  std::string what;
  for (const Problem& problem : problems.list()) what += (what.empty() ? "" : "; ") + problem.message;
  return fault_response(400, what, problems.list().front().hint);
}

Response streamed(const std::shared_ptr<Pipe>& pipe, const std::string& type) {
  Response response;
  response.type = type;
  response.source = Pipe::reader(pipe);
  return response;
}

void follow_packets(Switch& live, observe::Trace& trace, std::int64_t at_most, Pipe& pipe) {
  const OnEdges on(live, trace);
  std::int64_t until = monotonic_ns() + at_most;
  bool lingers = false;
  while (!trace.done() && monotonic_ns() < until && !pipe.wait_left(kLook)) {
    if (!trace.picked_all() || lingers) continue;
    lingers = true;
    until = std::min(until, monotonic_ns() + kLinger);
  }
}

std::vector<std::uint64_t> busy_cycles(const Switch& live) {
  std::vector<std::uint64_t> cycles;
  for (const WorkerCounts& worker : live.snapshot().workers) {
    cycles.push_back(static_cast<std::uint64_t>(worker.busy_seconds * static_cast<double>(rte_get_tsc_hz())));
  }
  return cycles;
}

Json to_json(const std::vector<observe::ElementCost>& costs) {
  Json list = Json::array();
  for (const observe::ElementCost& cost : costs) {
    list.push_back({{"element", cost.element},
                    {"class", cost.element_class},
                    {"packets", cost.packets},
                    {"ns_per_packet", cost.ns_per_packet},
                    {"share", cost.share}});
  }
  return list;
}

}  // namespace

Observers::~Observers() {
  {
    const std::lock_guard lock(mutex_);
    for (const Session& session : sessions_) session.pipe->leave();
  }
  for (Session& session : sessions_) {
    if (session.thread.joinable()) session.thread.join();
  }
}

// Null, and the answer why, if there are as many already as there may be.
Observers::Session* Observers::begin(Kind kind, std::size_t most, Response& refusal) {
  const std::lock_guard lock(mutex_);
  for (Session& session : sessions_) {
    if (session.ended && session.thread.joinable()) session.thread.join();
  }
  sessions_.remove_if([](const Session& session) { return session.ended; });
  const auto running = std::count_if(sessions_.begin(), sessions_.end(), [kind](const Session& session) { return session.kind == kind; });
  if (static_cast<std::size_t>(running) < most) return &sessions_.emplace_back(Session{kind, std::make_shared<Pipe>(), {}});
  refusal = kind == Kind::kTap ? fault_response(409, fmt::format("{} taps are at work, and no more may be", running), "end one of them")
                               : fault_response(409, kind == Kind::kTrace ? "another trace is at work" : "another profile is being taken",
                                                "try again when it has ended");
  return nullptr;
}

void Observers::run(Session& session, std::function<void(Pipe&)> task) {
  session.thread = std::thread([this, &session, task = std::move(task)] {
    pthread_setname_np(pthread_self(), "observer");
    try {
      task(*session.pipe);
    } catch (const std::exception& error) {
      spdlog::error("control: who looked into the graph ends early: {}", error.what());
    }
    session.pipe->close();
    const std::lock_guard lock(mutex_);
    session.ended = true;
  });
}

Response Observers::trace(const TraceQuestion& question) {
  const auto wiring = live_.wiring();
  if (!wiring) return fault_response(409, "the switch has ended");
  Problems problems;
  std::shared_ptr<observe::Trace> trace = observe::Trace::make(question.options, *wiring, problems);
  if (!trace) return fault_of(problems);
  Response answer;
  Session* session = begin(Kind::kTrace, 1, answer);
  if (session == nullptr) return answer;
  answer = streamed(session->pipe, question.text ? "text/plain; charset=utf-8" : "application/json");
  run(*session, [this, trace, question](Pipe& pipe) {
    follow_packets(live_, *trace, question.at_most.nanoseconds, pipe);
    const observe::TraceResult result = trace->result();
    pipe.write(question.text ? observe::trace_text(result, question.colour) : observe::trace_json(result));
  });
  return answer;
}

Response Observers::tap(const observe::TapOptions& options) {
  const auto wiring = live_.wiring();
  if (!wiring) return fault_response(409, "the switch has ended");
  Problems problems;
  if (!observe::Tap::check(options, *wiring, problems)) return fault_of(problems);
  Response answer;
  Session* session = begin(Kind::kTap, kMostTaps, answer);
  if (session == nullptr) return answer;
  answer = streamed(session->pipe, "application/x-pcapng");
  run(*session, [this, options, wiring](Pipe& pipe) {
    const auto write = [&pipe](std::span<const std::uint8_t> bytes) -> std::string {
      return pipe.write({reinterpret_cast<const char*>(bytes.data()), bytes.size()}) ? "" : "the client has left";
    };
    Problems none;
    const auto tap = observe::Tap::make(options, *wiring, write, none);
    if (!tap) return;
    {
      const OnEdges on(live_, *tap);
      while (!tap->wait(Duration{0}) && !pipe.wait_left(kLook)) {
      }
    }
    tap->end();
  });
  return answer;
}

void Observers::profile(Duration length, const Reply& reply) {
  Response refusal;
  Session* session = begin(Kind::kProfile, 1, refusal);
  if (session == nullptr) return reply(refusal);
  run(*session, [this, length, reply](Pipe& pipe) {
    observe::Profile profile;
    std::vector<std::uint64_t> before;
    {
      const OnEdges on(live_, profile);
      before = busy_cycles(live_);
      pipe.wait_left(length);
    }
    std::vector<std::uint64_t> busy = busy_cycles(live_);
    for (std::size_t i = 0; i < std::min(busy.size(), before.size()); ++i) busy[i] -= std::min(busy[i], before[i]);
    reply(json_response({{"seconds", static_cast<double>(length.nanoseconds) / 1e9},
                         {"elements", to_json(profile.costs(busy, static_cast<double>(rte_get_tsc_hz())))}}));
  });
}

}  // namespace smartswitch::runtime::control
