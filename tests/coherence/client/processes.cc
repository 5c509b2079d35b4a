// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "tests/coherence/client/processes.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <optional>
#include <system_error>
#include <utility>

#include "tests/coherence/client/requests.h"
#include "tests/integration/memcached_client/udp.h"

namespace coherence {
namespace {

constexpr std::uint32_t kProcessesOfAThread = 10'000'000;
constexpr std::uint32_t kFlusher = 0;
constexpr std::uint64_t kMostComplaints = 10;

// What is done with a key. The judge needs to know nothing of it.
enum class Use : std::uint8_t { kPlain, kText, kCounter, kMortal };

Use use_of(std::uint32_t key, const Options& options) {
  constexpr std::array<Use, 4> kUses{Use::kPlain, Use::kPlain, Use::kText, Use::kCounter};
  if (options.mortal && key % 4 == 1) return Use::kMortal;
  return options.only_plain ? Use::kPlain : kUses[key % 4];
}

// Some keys are mostly read, others mostly written: the average is about 1. What order several appends or increments had is hard to find
// out as long as nobody reads, so there are fewer of them.
double share_of_writes(std::uint32_t key, Use use) {
  constexpr std::array<double, 4> kShares{0.1, 0.4, 1.0, 2.5};
  const double share = kShares[key / 4 % 4];
  return use == Use::kText ? std::min(share, 1.0) : use == Use::kCounter ? std::min(share, 0.5) : share;
}
// Written seldom, so that their time runs out before they are written again.
constexpr double kMortalWrites = 0.004;

std::optional<std::string_view> receive_one(int fd, std::array<char, client::kLargestDatagram>& buffer) {
  for (;;) {
    const ssize_t length = recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (length >= 0) return std::string_view(buffer.data(), static_cast<std::size_t>(length));
    if (errno != ECONNREFUSED) return std::nullopt;  // that was ICMP, about an earlier request
  }
}

}  // namespace

std::int64_t clock_now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Operation flush(const Options& options, const std::vector<std::string>& servers) {
  Operation o;
  o.process = kFlusher;
  o.key = kEveryKey;
  o.kind = Kind::kFlush;
  o.invoked = clock_now();
  std::array<char, client::kLargestDatagram> buffer;
  bool all = true;
  Request request{.operations = {o}};
  for (const std::string& server : servers) {
    const int fd = client::open_udp(server, options.port);
    const std::string datagram = client::framed(1, request_of(request, 0));
    send(fd, datagram.data(), datagram.size(), 0);
    pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
    poll(&ready, 1, static_cast<int>(options.timeout / 1'000'000));
    auto text = receive_one(fd, buffer);
    all = all && text && client::take_frame(*text) && take_answer(*text, 0, request);
    close(fd);
  }
  o.outcome = all ? Outcome::kOk : Outcome::kUnknown;
  o.completed = clock_now();
  return o;
}

Processes::Processes(const Options& options, unsigned number)
    : options_(options),
      random_(options.seed * 1000 + number),
      next_version_(number + 1),
      next_process_(kFlusher + 1 + number * kProcessesOfAThread),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      processes_(options.processes) {
  if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "can't wait for several sockets");
  for (Process& p : processes_) renew(p);
}

Processes::~Processes() {
  for (const Process& p : processes_) {
    if (p.fd >= 0) close(p.fd);
  }
  for (const Retired& r : retired_) close(r.fd);
  close(epoll_);
}

History Processes::run(std::uint64_t round, std::uint64_t operations) {
  round_ = round;
  left_ = operations;
  history_.clear();
  history_.reserve(operations + operations / 16);
  for (Process& p : processes_) p.seen.clear();
  for (std::size_t i = 0; i < processes_.size(); ++i) ask(i);
  std::array<epoll_event, 64> events;
  while (busy_ > 0) {
    const std::int64_t wait = deadlines_.empty() ? options_.timeout : deadlines_.front().time - clock_now();
    const int ready = epoll_wait(epoll_, events.data(), events.size(), static_cast<int>(std::max<std::int64_t>(wait, 0) / 1'000'000 + 1));
    for (int i = 0; i < ready; ++i) receive(events[static_cast<std::size_t>(i)].data.u64);
    give_up(clock_now());
  }
  return std::move(history_);
}

// Request ids count on from those of the process before: no socket sees one twice within the time that an answer may be late.
void Processes::renew(Process& process) {
  if (process.fd >= 0) {
    epoll_ctl(epoll_, EPOLL_CTL_DEL, process.fd, nullptr);
    retired_.push_back({clock_now() + options_.lifetime, process.fd});
  }
  process.fd = client::open_udp(options_.server, options_.port);
  process.number = next_process_++;
  process.asked.operations.clear();
  process.seen.clear();
  epoll_event event{.events = EPOLLIN, .data = {.u64 = static_cast<std::uint64_t>(&process - processes_.data())}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, process.fd, &event);
}

void Processes::ask(std::size_t index) {
  Process& process = processes_[index];
  while (left_ > 0) {
    --left_;
    process.asked = choose(process);
    process.parts.clear();
    if (process.asked.operations.size() > 1) ++counts_.several;
    const std::string datagram = client::framed(++process.id, request_of(process.asked, round_));
    const std::int64_t now = clock_now();
    for (Operation& o : process.asked.operations) o.invoked = now;
    // A request that the kernel does not take (because of ICMP about an earlier one) is as good as lost.
    send(process.fd, datagram.data(), datagram.size(), 0);
    if (!process.asked.operations.front().quiet) {
      deadlines_.push_back({now + options_.timeout, index, process.id, process.number});
      ++busy_;
      return;
    }
    history_.push_back(std::move(process.asked.operations.front()));
    process.asked.operations.clear();
  }
}

Request Processes::choose(Process& process) {
  Request request;
  request.operations.push_back(choose_operation(process));
  choose_form(process, request.operations.front());
  if (!request.operations.front().quiet && below(20) == 0) add_others(process, request);
  return request;
}

// More keys for a get, or more commands.
void Processes::add_others(Process& process, Request& request) {
  const Operation first = request.operations.front();
  request.one_command = first.form == Form::kText && reads_value(first.kind);
  for (std::uint64_t more = 1 + below(3); more > 0; --more) {
    if (request.one_command) {
      Operation other = first;
      other.key = static_cast<std::uint32_t>(below(options_.keys));
      const bool mortal = use_of(other.key, options_) == Use::kMortal;
      if (mortal != (use_of(first.key, options_) == Use::kMortal)) continue;
      if (std::ranges::any_of(request.operations, [&](const Operation& o) { return o.key == other.key; })) continue;
      request.operations.push_back(std::move(other));
    } else {
      Operation other = choose_operation(process);
      if (use_of(other.key, options_) == Use::kMortal) continue;
      other.form = first.form;  // one datagram has one protocol
      request.operations.push_back(std::move(other));
    }
  }
}

Operation Processes::choose_operation(Process& process) {
  Operation o;
  o.process = process.number;
  o.key = static_cast<std::uint32_t>(below(options_.keys));
  const Use use = use_of(o.key, options_);
  if (by_chance() < (use == Use::kMortal ? kMortalWrites : options_.writes * share_of_writes(o.key, use))) {
    choose_write(process, o);
  } else if (use != Use::kMortal) {
    // What goes to the server would soon tell the cache that a mortal item has expired.
    const std::uint64_t chance = below(100);
    o.kind = chance < 1 ? Kind::kGats : chance < 2 ? Kind::kGat : chance < 10 ? Kind::kGets : Kind::kGet;
  }
  return o;
}

void Processes::choose_form(Process& process, Operation& o) {
  const bool mortal = use_of(o.key, options_) == Use::kMortal;
  const std::uint64_t chance = below(100);
  if (o.kind == Kind::kGet) {
    // Most gets are to be answered from the cache.
    if (!mortal) o.form = chance < 2 ? Form::kMeta : chance < 3 ? Form::kMetaBase64 : chance < 6 ? Form::kBinary : Form::kText;
  } else {
    o.form = chance < 15 ? Form::kMeta : chance < 25 ? Form::kMetaBase64 : chance < 40 ? Form::kBinary : Form::kText;
  }
  const auto seen = process.seen.find(o.key);
  if (o.kind == Kind::kDelete && o.form != Form::kText && seen != process.seen.end() && below(2) == 0) o.number = seen->second;
  // As many on each key: where others write seldom, it shows longest what came of them.
  const double share = mortal ? 1.0 : share_of_writes(o.key, use_of(o.key, options_));
  o.quiet = can_be_quiet(o.kind, o.form) && by_chance() < options_.quiet / share;
}

std::string Processes::fresh_value() {
  const std::uint64_t version = next_version_;
  next_version_ += options_.threads;
  return checked_value(version, 32 + below(below(4) == 0 ? 1200 : 64));
}

void Processes::choose_write(Process& process, Operation& o) {
  const auto one_of = [this](std::initializer_list<std::pair<Kind, unsigned>> weighed) {
    unsigned sum = 0;
    for (const auto& [kind, weight] : weighed) sum += weight;
    std::uint64_t at = below(sum);
    for (const auto& [kind, weight] : weighed) {
      if (at < weight) return kind;
      at -= weight;
    }
    return Kind::kSet;
  };
  o.flags = static_cast<std::uint32_t>(below(1000));
  switch (use_of(o.key, options_)) {
    case Use::kPlain: {
      const auto seen = process.seen.find(o.key);
      if (seen != process.seen.end() && below(2) == 0) {
        o.kind = Kind::kCas;
        o.number = seen->second;
      } else {
        o.kind = one_of({{Kind::kSet, 12}, {Kind::kAdd, 2}, {Kind::kReplace, 2}, {Kind::kDelete, 2}, {Kind::kTouch, 1}});
      }
      o.argument = fresh_value();
      break;
    }
    case Use::kMortal:
      o.kind = one_of({{Kind::kSet, 4}, {Kind::kAdd, 4}, {Kind::kTouch, 3}, {Kind::kGat, 2}, {Kind::kGats, 1}, {Kind::kDelete, 1}});
      o.argument = fresh_value();
      o.expiry = below(2) == 0 ? 0 : static_cast<std::int32_t>(1 + below(3));
      break;
    case Use::kText:
      o.kind = one_of({{Kind::kSet, 6}, {Kind::kAppend, 4}, {Kind::kPrepend, 3}, {Kind::kAdd, 2}, {Kind::kReplace, 2}, {Kind::kDelete, 2}});
      o.argument = fmt::format("<{}>", next_version_);
      next_version_ += options_.threads;
      break;
    case Use::kCounter:
      o.kind = one_of({{Kind::kSet, 4}, {Kind::kIncr, 8}, {Kind::kDecr, 6}, {Kind::kAdd, 2}, {Kind::kDelete, 1}, {Kind::kTouch, 1}});
      o.argument = fmt::format("{}000", next_version_);
      next_version_ += options_.threads;
      if (o.kind == Kind::kIncr || o.kind == Kind::kDecr) o.number = 1 + below(9);
      break;
  }
  const bool stores = o.kind == Kind::kSet || o.kind == Kind::kAdd || o.kind == Kind::kReplace || o.kind == Kind::kCas;
  if (!stores) o.flags = 0;
  if (!stores && o.kind != Kind::kAppend && o.kind != Kind::kPrepend) o.argument.clear();
}

void Processes::receive(std::size_t index) {
  static thread_local std::array<char, client::kLargestDatagram> buffer;
  Process& process = processes_[index];
  while (auto text = receive_one(process.fd, buffer)) {
    const auto frame = client::take_frame(*text);
    if (!frame || process.asked.operations.empty() || frame->id != process.id) {
      ++counts_.twice;
      continue;
    }
    answered(process, *frame, *text);
  }
  if (process.asked.operations.empty()) ask(index);
}

void Processes::answered(Process& process, const client::Frame& frame, std::string_view text) {
  if (frame.total <= 1) return answered_whole(process, text);
  process.parts.resize(frame.total);
  if (frame.sequence < frame.total) process.parts[frame.sequence] = text;
  std::string whole;
  for (const std::string& part : process.parts) {
    if (part.empty()) return;
    whole += part;
  }
  answered_whole(process, whole);
}

void Processes::answered_whole(Process& process, std::string_view text) {
  if (!take_answer(text, round_, process.asked)) {
    // Whatever it means, it does not say that the request had no effect.
    if (++counts_.unexpected <= kMostComplaints) {
      fmt::print(stderr, "unexpected answer to {} and {} others: {:?}\n", describe(process.asked.operations.front()),
                 process.asked.operations.size() - 1, text.substr(0, 200));
    }
    for (Operation& o : process.asked.operations) o.outcome = Outcome::kUnknown;
  }
  finish(process, clock_now());
}

void Processes::finish(Process& process, std::int64_t now) {
  for (Operation& o : process.asked.operations) {
    o.completed = now;
    if (shows_version(o.kind) && o.outcome == Outcome::kOk) process.seen[o.key] = o.number;
    history_.push_back(std::move(o));
  }
  process.asked.operations.clear();
  --busy_;
}

void Processes::give_up(std::int64_t now) {
  for (; !deadlines_.empty() && deadlines_.front().time <= now; deadlines_.pop_front()) {
    const Deadline d = deadlines_.front();
    Process& process = processes_[d.process];
    if (process.number != d.number || process.id != d.id || process.asked.operations.empty()) continue;
    ++counts_.unanswered;
    for (Operation& o : process.asked.operations) o.outcome = Outcome::kUnknown;
    finish(process, now);
    renew(process);
    ask(d.process);
  }
  for (; !retired_.empty() && retired_.front().until <= now; retired_.pop_front()) {
    std::array<char, client::kLargestDatagram> buffer;
    while (receive_one(retired_.front().fd, buffer)) ++counts_.late;
    close(retired_.front().fd);
  }
}

}  // namespace coherence
