// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Processes in Jepsen's sense: each asks memcached for one thing at a time, by chance, and writes down when and what came back. A request
// is never sent again. A process that gets no answer in time is given up, and another one takes its place with a socket of its own.
#pragma once

#include <deque>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/coherence/client/requests.h"
#include "tests/coherence/history.h"
#include "tests/integration/memcached_client/udp.h"

namespace coherence {

struct Options {
  std::string server;
  std::uint16_t port = 11211;
  unsigned threads = 2;
  unsigned processes = 64;  ///< of each thread
  std::uint32_t keys = 16;
  double writes = 0.2;                    ///< part of the operations, on average over the keys
  double quiet = 0.002;                   ///< part of the writes that want no answer, on average over the keys
  bool only_plain = false;                ///< no append, prepend, incr, decr
  bool mortal = false;                    ///< a quarter of the keys is stored with expiry times and touched
  std::int64_t timeout = 500'000'000;     ///< ns
  std::int64_t lifetime = 3'000'000'000;  ///< ns; no answer comes later than so long after its request
  std::uint64_t seed = 1;
};

struct Counts {
  std::uint64_t unanswered = 0;  ///< requests that got no answer in time
  std::uint64_t unexpected = 0;  ///< answers that memcached never gives to such a request
  std::uint64_t late = 0;        ///< answers to requests that had been given up
  std::uint64_t twice = 0;       ///< further answers to requests that had been answered
  std::uint64_t several = 0;     ///< requests with several keys or commands
};

/// Monotonic ns.
std::int64_t clock_now();

/// One more process: it sends flush_all to each of the `servers`, and writes that down as one operation on every key.
Operation flush(const Options& options, const std::vector<std::string>& servers);

/// The processes of one thread.
class Processes {
 public:
  /// `number` is that of the thread: threads use different values.
  Processes(const Options& options, unsigned number);
  ~Processes();
  Processes(const Processes&) = delete;
  Processes& operator=(const Processes&) = delete;

  /// Asks for `operations` things about the keys of this round, and returns when all are answered or given up.
  History run(std::uint64_t round, std::uint64_t operations);
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  struct Process {
    int fd = -1;
    std::uint32_t number = 0;
    std::uint16_t id = 0;
    Request asked;                                          // empty: idle
    std::vector<std::string> parts;                         // of an answer in several datagrams
    std::unordered_map<std::uint32_t, std::uint64_t> seen;  // the version of a key that gets has shown
  };
  struct Deadline {
    std::int64_t time;
    std::size_t process;
    std::uint16_t id;
    std::uint32_t number;
  };
  struct Retired {
    std::int64_t until;
    int fd;
  };

  void renew(Process& process);
  void ask(std::size_t index);
  Request choose(Process& process);
  Operation choose_operation(Process& process);
  void choose_form(Process& process, Operation& o);
  void add_others(Process& process, Request& request);
  void choose_write(Process& process, Operation& o);
  std::string fresh_value();
  void receive(std::size_t index);
  void answered(Process& process, const client::Frame& frame, std::string_view text);
  void answered_whole(Process& process, std::string_view text);
  void finish(Process& process, std::int64_t now);
  void give_up(std::int64_t now);
  double by_chance() { return std::uniform_real_distribution<>(0, 1)(random_); }
  std::uint64_t below(std::uint64_t bound) { return std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(random_); }

  const Options& options_;
  std::mt19937_64 random_;
  std::uint64_t next_version_;
  std::uint32_t next_process_;
  int epoll_ = -1;
  std::vector<Process> processes_;
  std::deque<Deadline> deadlines_;
  std::deque<Retired> retired_;  // sockets stay open until no late answer can meet a new one with the same port
  std::uint64_t round_ = 0;
  std::uint64_t left_ = 0;
  std::size_t busy_ = 0;
  History history_;
  Counts counts_;
};

}  // namespace coherence
