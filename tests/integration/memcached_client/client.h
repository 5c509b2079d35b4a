// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// A memcached client over UDP that trusts nothing: every answer is checked against what it may be, and every request that gets none is
// counted. It knows nothing of SmartSwitch.
//
// What an answer may be: with one writer (this client) and versions that only grow, a get must return a version not older than the
// newest that was confirmed, or seen, before the get was sent, and not newer than the newest that was sent before the answer came.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace client {

using Clock = std::chrono::steady_clock;

struct Options {
  std::string server = "127.0.0.1";
  std::uint16_t port = 11211;
  std::uint64_t keys = 1000;
  std::uint64_t first_key = 0;
  std::uint64_t requests = 10000;
  unsigned window = 16;          ///< requests under way at once
  unsigned sockets = 4;          ///< source ports
  unsigned multi = 1;            ///< keys of a get
  bool in_order = false;         ///< keys one after the other, not by chance
  double get_ratio = 1.0;        ///< the others are sets
  double rate = 0;               ///< requests a second; 0: as fast as the window allows
  std::size_t value_size = 100;  ///< bytes, for sets
  std::uint64_t at_least = 0;    ///< no version older than this one may be seen
  std::uint64_t seed = 1;
  std::chrono::milliseconds timeout{1000};  ///< a request without an answer after this is lost
};

struct Result {
  std::uint64_t requests = 0;
  std::uint64_t gets = 0;
  std::uint64_t sets = 0;
  std::uint64_t hits = 0;        ///< keys
  std::uint64_t misses = 0;      ///< keys
  std::uint64_t wrong = 0;       ///< answers that can't be right: stale, of another key, damaged, an error
  std::uint64_t lost = 0;        ///< requests without an answer in time
  std::uint64_t late = 0;        ///< answers to requests that were counted as lost
  std::uint64_t duplicates = 0;  ///< answers to requests that had been answered, or to none
  double seconds = 0;
  std::vector<std::int64_t> nanoseconds;  ///< of each answered request
};

class Client {
 public:
  /// Opens the sockets; throws std::system_error if that can't be done.
  explicit Client(const Options& options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Sets every key to one new version and waits until all are stored; a set without an answer is sent again, up to `tries` times.
  /// Returns how many were stored.
  std::uint64_t load(unsigned tries);
  /// Sends Options::requests requests and waits for their answers.
  Result run();

  /// The version that load() gave to all keys.
  [[nodiscard]] std::uint64_t loaded_version() const { return loaded_version_; }

 private:
  struct Wanted {
    std::uint64_t key = 0;
    std::uint64_t floor = 0;  ///< no answer may be older
    bool answered = false;
  };
  struct Request {
    bool is_set = false;
    bool ended = false;         ///< END came, but values that may still be on their way are missing
    std::uint64_t version = 0;  ///< of a set
    std::vector<Wanted> wanted;
    std::vector<std::string> parts;  ///< of an answer in several datagrams
    Clock::time_point sent;
    Clock::time_point end_seen;
  };
  enum class Id : std::uint8_t { kNever, kUnderWay, kAnswered, kLost };
  struct Socket {
    int fd = -1;
    std::uint16_t next_id = 0;
    std::vector<Id> ids = std::vector<Id>(65536, Id::kNever);
    std::unordered_map<std::uint16_t, Request> under_way;
  };
  struct Key {
    std::uint64_t floor = 0;    ///< the newest version that was confirmed or seen
    std::uint64_t ceiling = 0;  ///< the newest that was sent; 0: as found
    bool being_set = false;
  };
  struct Sent {
    Socket* socket;
    std::uint16_t id;
    Clock::time_point at;
  };

  void send_set(std::uint64_t key, std::uint64_t version);
  void send_get(std::vector<Wanted> wanted);
  void send(Request request, std::string_view text);
  void send_next();
  std::uint64_t choose_key();
  void receive_for(std::chrono::nanoseconds longest);
  void receive(Socket& socket, std::string_view datagram);
  void take(Socket& socket, std::uint16_t id, Request& request, std::string_view text);
  /// Takes one "VALUE ..." block off the front of `text`. False if it isn't one that was asked for.
  bool take_value(Request& request, std::string_view& text);
  void check_version(const Wanted& wanted, std::string_view value);
  void finish(Socket& socket, std::uint16_t id, const Request& request);
  void expire();
  void complain(std::uint64_t key, std::string_view what);

  Options options_;
  Result result_;
  std::vector<Socket> sockets_;
  std::vector<Key> keys_;
  std::deque<Sent> sent_;  ///< in the order of sending, the answered among them
  unsigned under_way_ = 0;
  std::size_t next_socket_ = 0;
  std::uint64_t next_key_ = 0;
  std::uint64_t loaded_version_ = 0;
  std::uint64_t version_;
  std::mt19937_64 random_;
};

}  // namespace client
