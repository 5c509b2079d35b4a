// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/server.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <thread>

#include "runtime/control/listener.h"
#include "runtime/cores.h"

namespace smartswitch::runtime::control {
namespace {

// Where a worker and this thread share a core, the worker gets nine tenths of it (nice(2), sched(7)).
constexpr int kNice = 10;
constexpr std::chrono::seconds kFarewell{1};
constexpr std::chrono::milliseconds kFarewellLook{2};

}  // namespace

struct Server::Parts {
  explicit Parts(const Limits& wanted) : limits(wanted) {}
  void run();
  void say_farewell();

  const Limits limits;
  Router router;
  Counts counts;
  boost::asio::io_context context{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{context.get_executor()};
  Hall hall{context, router, limits, counts};
  std::vector<std::unique_ptr<Listener>> listeners;
  boost::asio::steady_timer farewell{context};
  std::chrono::steady_clock::time_point farewell_until;
  const std::vector<unsigned> cores = allowed_cores();
  std::thread thread;
};

void Server::Parts::run() {
  pthread_setname_np(pthread_self(), "control");
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);
  for (const auto& listener : listeners) listener->start();
  while (!context.stopped()) {
    try {
      context.run();
    } catch (const std::exception& error) {
      // Whatever it was, it belonged to one connection, which ends when its deadline comes.
      spdlog::error("control: this should not happen: {}", error.what());
    }
  }
}

// Until all sessions have ended, or the time is over.
void Server::Parts::say_farewell() {
  const bool all_gone = std::all_of(listeners.begin(), listeners.end(), [](const auto& listener) { return listener->empty(); });
  if (all_gone || std::chrono::steady_clock::now() >= farewell_until) {
    for (const auto& listener : listeners) listener->close_all();
    work.reset();  // run() returns when all that has been cancelled has come to its end
    return;
  }
  farewell.expires_after(kFarewellLook);
  farewell.async_wait([this](boost::system::error_code) { say_farewell(); });
}

Server::Server(const Limits& limits) : parts_(std::make_unique<Parts>(limits)) {}

Server::~Server() { stop(); }

Router& Server::router() { return parts_->router; }

const Counts& Server::counts() const { return parts_->counts; }

void Server::serve(SocketFile file) { parts_->listeners.push_back(unix_listener(parts_->hall, std::move(file))); }

std::uint16_t Server::serve_tcp(const graph::Control& control, Problems& problems) {
  std::uint16_t port = 0;
  auto listener = tcp_listener(parts_->hall, control, port, problems);
  if (listener) parts_->listeners.push_back(std::move(listener));
  return port;
}

void Server::start() {
  // Signals are for the program's main thread.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  parts_->thread = std::thread(&Parts::run, parts_.get());
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Server::keep_off(std::vector<unsigned> busy_cores) {
  boost::asio::post(parts_->context, [parts = parts_.get(), busy = std::move(busy_cores)] {
    cpu_set_t free;
    CPU_ZERO(&free);
    for (const unsigned core : parts->cores) {
      if (std::find(busy.begin(), busy.end(), core) == busy.end()) CPU_SET(core, &free);
    }
    if (CPU_COUNT(&free) == 0) {
      for (const unsigned core : parts->cores) CPU_SET(core, &free);
    }
    pthread_setaffinity_np(pthread_self(), sizeof(free), &free);
  });
}

void Server::stop() {
  if (!parts_->thread.joinable()) return;
  boost::asio::post(parts_->context, [parts = parts_.get()] {
    parts->farewell_until = std::chrono::steady_clock::now() + kFarewell;
    for (const auto& listener : parts->listeners) listener->stop();
    parts->say_farewell();
  });
  parts_->thread.join();
}

}  // namespace smartswitch::runtime::control
