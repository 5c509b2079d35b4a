// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "tests/integration/memcached_client/client.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <utility>

#include "tests/integration/memcached_client/udp.h"
#include "tests/integration/memcached_client/value.h"

namespace client {
namespace {

constexpr std::uint64_t kMostComplaints = 10;
// Values of a get with several keys come a datagram each; one that overtook the END is waited for this long.
constexpr std::chrono::milliseconds kGrace{50};

}  // namespace

Client::Client(const Options& options)
    : options_(options),
      sockets_(options.sockets),
      keys_(options.keys),
      // Later runs must write newer versions than earlier ones did.
      version_(static_cast<std::uint64_t>(
          std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count())),
      random_(options.seed) {
  for (Socket& s : sockets_) {
    s.fd = open_udp(options.server, options.port);
    s.next_id = static_cast<std::uint16_t>(random_());
  }
  for (Key& k : keys_) k.floor = options.at_least;
}

Client::~Client() {
  for (const Socket& s : sockets_) {
    if (s.fd >= 0) close(s.fd);
  }
}

std::uint64_t Client::load(unsigned tries) {
  loaded_version_ = ++version_;
  const auto stored = [this](const Key& k) { return k.floor == loaded_version_; };
  for (unsigned i = 0; i < tries && !std::ranges::all_of(keys_, stored); ++i) {
    for (std::uint64_t key = 0; key < keys_.size(); ++key) {
      if (stored(keys_[key])) continue;
      while (under_way_ >= options_.window) receive_for(options_.timeout);
      send_set(key, loaded_version_);
    }
    while (under_way_ > 0) receive_for(options_.timeout);
  }
  return static_cast<std::uint64_t>(std::ranges::count_if(keys_, stored));
}

Result Client::run() {
  result_ = Result();
  const Clock::time_point start = Clock::now();
  const auto gap = std::chrono::nanoseconds(options_.rate > 0 ? static_cast<std::int64_t>(1e9 / options_.rate) : 0);
  Clock::time_point due = start;
  while (result_.requests < options_.requests || under_way_ > 0) {
    const bool more = result_.requests < options_.requests && under_way_ < options_.window;
    const Clock::time_point now = Clock::now();
    if (more && now >= due) {
      send_next();
      due += gap;
      receive_for({});
    } else {
      receive_for(more ? due - now : options_.timeout);
    }
  }
  result_.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return std::exchange(result_, Result());
}

std::uint64_t Client::choose_key() {
  if (options_.in_order) return next_key_++ % options_.keys;
  return std::uniform_int_distribution<std::uint64_t>(0, options_.keys - 1)(random_);
}

void Client::send_next() {
  std::uint64_t key = choose_key();
  ++result_.requests;
  // Of two sets under way at once nobody knows which is the newer one: a key that is being set is read instead.
  if (std::uniform_real_distribution<>(0, 1)(random_) >= options_.get_ratio && !keys_[key].being_set) {
    ++result_.sets;
    send_set(key, ++version_);
    return;
  }
  ++result_.gets;
  std::vector<Wanted> wanted;
  for (unsigned i = 0; i < options_.multi; ++i) {
    const bool there = std::ranges::any_of(wanted, [key](const Wanted& w) { return w.key == key; });
    if (!there) wanted.push_back({.key = key, .floor = keys_[key].floor});
    if (i + 1 < options_.multi) key = choose_key();
  }
  send_get(std::move(wanted));
}

void Client::send_set(std::uint64_t key, std::uint64_t version) {
  keys_[key].being_set = true;
  keys_[key].ceiling = version;
  const std::string name = key_name(options_.first_key + key);
  const std::string text = fmt::format("set {} 0 0 {}\r\n{}\r\n", name, options_.value_size, value_of(name, version, options_.value_size));
  Request request;
  request.is_set = true;
  request.version = version;
  request.wanted.push_back({.key = key});
  send(std::move(request), text);
}

void Client::send_get(std::vector<Wanted> wanted) {
  std::string text = "get";
  for (const Wanted& w : wanted) text += " " + key_name(options_.first_key + w.key);
  Request request;
  request.wanted = std::move(wanted);
  send(std::move(request), text + "\r\n");
}

void Client::send(Request request, std::string_view text) {
  Socket& socket = sockets_[next_socket_++ % sockets_.size()];
  std::uint16_t id = socket.next_id++;
  while (socket.ids[id] == Id::kUnderWay) id = socket.next_id++;
  const std::string datagram = framed(id, text);
  socket.ids[id] = Id::kUnderWay;
  request.sent = Clock::now();
  sent_.push_back({&socket, id, request.sent});
  socket.under_way.emplace(id, std::move(request));
  ++under_way_;
  // An error here (such as a late ICMP "port unreachable") loses the request, and that is counted when its time is up.
  ::send(socket.fd, datagram.data(), datagram.size(), 0);
}

void Client::receive_for(std::chrono::nanoseconds longest) {
  if (!sent_.empty()) longest = std::min<std::chrono::nanoseconds>(longest, sent_.front().at + options_.timeout - Clock::now());
  if (options_.multi > 1) longest = std::min<std::chrono::nanoseconds>(longest, kGrace);
  longest = std::max<std::chrono::nanoseconds>(longest, std::chrono::nanoseconds(0));
  std::vector<pollfd> ready;
  for (const Socket& s : sockets_) ready.push_back({.fd = s.fd, .events = POLLIN, .revents = 0});
  const timespec time = {.tv_sec = longest.count() / 1'000'000'000, .tv_nsec = longest.count() % 1'000'000'000};
  if (ppoll(ready.data(), ready.size(), &time, nullptr) > 0) {
    static std::array<char, kLargestDatagram> buffer;
    for (std::size_t i = 0; i < ready.size(); ++i) {
      if (ready[i].revents == 0) continue;
      for (;;) {
        const ssize_t length = recv(sockets_[i].fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (length < 0) break;
        receive(sockets_[i], {buffer.data(), static_cast<std::size_t>(length)});
      }
    }
  }
  expire();
}

void Client::receive(Socket& socket, std::string_view datagram) {
  const auto frame = take_frame(datagram);
  if (!frame) {
    ++result_.wrong;
    fmt::print(stderr, "wrong: an answer of {} bytes is shorter than the frame header\n", datagram.size());
    return;
  }
  const auto [id, sequence, total] = *frame;
  const auto found = socket.under_way.find(id);
  if (found == socket.under_way.end()) {
    ++(socket.ids[id] == Id::kLost ? result_.late : result_.duplicates);
    return;
  }
  Request& request = found->second;
  if (total <= 1) return take(socket, id, request, datagram);
  request.parts.resize(total);
  if (sequence >= total || !request.parts[sequence].empty()) {
    ++result_.duplicates;
    return;
  }
  request.parts[sequence] = datagram;
  if (std::ranges::any_of(request.parts, [](const std::string& p) { return p.empty(); })) return;
  std::string whole;
  for (const std::string& p : request.parts) whole += p;
  take(socket, id, request, whole);
}

void Client::take(Socket& socket, std::uint16_t id, Request& request, std::string_view text) {
  const std::uint64_t first_key = request.wanted.front().key;
  if (request.is_set) {
    if (text == "STORED\r\n") {
      keys_[first_key].floor = std::max(keys_[first_key].floor, request.version);
    } else {
      complain(first_key, fmt::format("the answer to a set is {:?}", text.substr(0, 80)));
    }
    return finish(socket, id, request);
  }
  while (text.starts_with("VALUE ")) {
    if (!take_value(request, text)) return finish(socket, id, request);
  }
  if (text == "END\r\n") {
    request.ended = true;
    request.end_seen = Clock::now();
  } else if (!text.empty()) {
    complain(first_key, fmt::format("the answer to a get is {:?}", text.substr(0, 80)));
    return finish(socket, id, request);
  }
  const bool all = std::ranges::all_of(request.wanted, [](const Wanted& w) { return w.answered; });
  if (request.ended && (all || request.wanted.size() == 1)) finish(socket, id, request);
}

bool Client::take_value(Request& request, std::string_view& text) {
  const std::size_t line_end = text.find("\r\n");
  if (line_end == std::string_view::npos) {
    complain(request.wanted.front().key, "a VALUE line has no end");
    return false;
  }
  std::string_view line = text.substr(0, line_end);
  take_word(line);
  const std::string_view name = take_word(line);
  take_word(line);
  const std::string_view digits = take_word(line);
  std::size_t bytes = 0;
  const bool number = std::from_chars(digits.data(), digits.data() + digits.size(), bytes).ec == std::errc();
  const std::string_view rest = text.substr(line_end + 2);
  const auto wanted = std::ranges::find_if(request.wanted, [&](const Wanted& w) { return key_name(options_.first_key + w.key) == name; });
  if (wanted == request.wanted.end()) {
    complain(request.wanted.front().key, fmt::format("the answer is about {:?}, which was not asked for", name));
    return false;
  }
  if (!number || rest.size() < bytes + 2 || rest.substr(bytes, 2) != "\r\n") {
    complain(wanted->key, fmt::format("the value is cut: {} bytes announced, {} there", digits, rest.size()));
    return false;
  }
  if (wanted->answered) {
    ++result_.duplicates;
  } else {
    wanted->answered = true;
    ++result_.hits;
    check_version(*wanted, rest.substr(0, bytes));
  }
  text.remove_prefix(line_end + 2 + bytes + 2);
  return true;
}

void Client::check_version(const Wanted& wanted, std::string_view value) {
  const std::string name = key_name(options_.first_key + wanted.key);
  const std::optional<std::uint64_t> version = version_of(name, value);
  Key& key = keys_[wanted.key];
  if (!version) {
    complain(wanted.key, fmt::format("the value is damaged or another key's: {:?}", value.substr(0, 80)));
  } else if (*version < wanted.floor) {
    complain(wanted.key, fmt::format("stale: version {} after version {} was confirmed or seen", *version, wanted.floor));
  } else if (*version > version_ || (key.ceiling != 0 && *version > key.ceiling)) {
    complain(wanted.key, fmt::format("version {} was never sent", *version));
  } else {
    key.floor = std::max(key.floor, *version);
  }
}

void Client::finish(Socket& socket, std::uint16_t id, const Request& request) {
  const Clock::time_point answered = request.ended ? request.end_seen : Clock::now();
  result_.nanoseconds.push_back(std::chrono::nanoseconds(answered - request.sent).count());
  for (const Wanted& w : request.wanted) {
    if (request.is_set) {
      keys_[w.key].being_set = false;
    } else if (!w.answered) {
      ++result_.misses;
    }
  }
  socket.ids[id] = Id::kAnswered;
  socket.under_way.erase(id);
  --under_way_;
}

void Client::expire() {
  const Clock::time_point now = Clock::now();
  if (options_.multi > 1) {
    for (Socket& s : sockets_) {
      std::vector<std::uint16_t> over;
      for (const auto& [id, request] : s.under_way) {
        if (request.ended && now - request.end_seen > kGrace) over.push_back(id);
      }
      for (const std::uint16_t id : over) finish(s, id, s.under_way.at(id));
    }
  }
  for (; !sent_.empty(); sent_.pop_front()) {
    const auto [socket, id, at] = sent_.front();
    const auto found = socket->under_way.find(id);
    if (found == socket->under_way.end() || found->second.sent != at) continue;
    if (now - at < options_.timeout) break;
    // A set without an answer may still take effect: `being_set` stays, so that no newer version is written over it.
    ++result_.lost;
    socket->ids[id] = Id::kLost;
    socket->under_way.erase(found);
    --under_way_;
  }
}

void Client::complain(std::uint64_t key, std::string_view what) {
  ++result_.wrong;
  if (result_.wrong <= kMostComplaints) fmt::print(stderr, "wrong: {}: {}\n", key_name(options_.first_key + key), what);
}

}  // namespace client
