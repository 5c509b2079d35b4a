// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Those who look into a running switch because a client has asked for it: traces, taps and profiles, each on a thread of its own that puts
// it on the graph's edges, waits for its end, and takes it off again.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <thread>

#include "runtime/control/pipe.h"
#include "runtime/observe/tap.h"
#include "runtime/observe/trace.h"
#include "runtime/switch.h"

namespace smartswitch::runtime::control {

struct TraceQuestion {
  observe::TraceOptions options;
  Duration at_most{10'000'000'000};  ///< that it waits for packets
  bool text = false;                 ///< instead of JSON
  bool colour = false;
};

class Observers {
 public:
  static constexpr std::size_t kMostTaps = 8;

  /// `live` must outlive this.
  explicit Observers(Switch& live) : live_(live) {}
  /// Ends all, and waits for them.
  ~Observers();
  Observers(const Observers&) = delete;
  Observers& operator=(const Observers&) = delete;

  /// What each answers: 200 with a body that comes when it is there, or what is wrong. One trace at a time; so with profiles.
  Response trace(const TraceQuestion& question);
  Response tap(const observe::TapOptions& options);
  void profile(Duration length, const Reply& reply);

 private:
  enum class Kind : std::uint8_t { kTrace, kTap, kProfile };
  struct Session {
    Kind kind;
    std::shared_ptr<Pipe> pipe;
    std::thread thread;
    bool ended = false;
  };
  Session* begin(Kind kind, std::size_t most, Response& refusal);
  void run(Session& session, std::function<void(Pipe&)> task);

  Switch& live_;
  std::mutex mutex_;
  std::list<Session> sessions_;
};

}  // namespace smartswitch::runtime::control
