// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <spdlog/spdlog.h>

#include <boost/asio/steady_timer.hpp>

#include "runtime/control/accept_loop.h"
#include "runtime/control/listener.h"

namespace smartswitch::runtime::control {
namespace {

using boost::asio::local::stream_protocol;

class UnixListener final : public Listener {
 public:
  UnixListener(Hall& all, SocketFile file)
      : Listener(all), file_(std::move(file)), acceptor_(all.context), look_(all.context), loop_(all.context) {
    acceptor_.assign(stream_protocol(), file_.release());
  }

  void start() override {
    accept();
    look_after_file();
  }

  void stop() override {
    stopped_ = true;
    file_.remove();
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    look_.cancel();
    loop_.stop();
    end_sessions();
  }

 private:
  void accept() {
    loop_.run(acceptor_, [this](stream_protocol::socket socket) {
      if (!make_room()) return refuse(socket);
      begin(plain_channel(std::move(socket)), [](std::string_view) { return true; });
    });
  }

  // Says why, as far as that takes no waiting.
  static void refuse(stream_protocol::socket& socket) {
    const std::string text =
        encode(fault_response(503, "there are too many connections", "end some, or try again later"), Framing::kLength, false);
    boost::system::error_code ignored;
    socket.non_blocking(true, ignored);
    socket.send(boost::asio::buffer(text), MSG_NOSIGNAL, ignored);
  }

  void look_after_file() {
    look_.expires_after(hall().limits.look);
    look_.async_wait([this](boost::system::error_code error) {
      // A look that was due already when stop() came is called all the same.
      if (error || stopped_) return;
      const SocketFile::Presence presence = file_.look();
      if (presence == SocketFile::Presence::kOthers) {
        spdlog::error("control: something else has taken the place of {}: this switch can be reached there no more", file_.path());
        return;
      }
      if (presence == SocketFile::Presence::kGone) make_again();
      look_after_file();
    });
  }

  void make_again() {
    Problems problems;
    SocketFile again = SocketFile::listen(file_.path(), false, problems);
    if (!again.good()) {
      if (!complained_)
        spdlog::error("control: somebody has removed the socket, and it cannot be made again: {}", problems.list().front().message);
      complained_ = true;
      return;
    }
    complained_ = false;
    spdlog::warn("control: somebody has removed {}; it is there again", again.path());
    file_ = std::move(again);
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    acceptor_.assign(stream_protocol(), file_.release());
    accept();
  }

  SocketFile file_;
  stream_protocol::acceptor acceptor_;
  boost::asio::steady_timer look_;
  AcceptLoop loop_;
  bool complained_ = false;
  bool stopped_ = false;
};

}  // namespace

std::unique_ptr<Listener> unix_listener(Hall& hall, SocketFile file) { return std::make_unique<UnixListener>(hall, std::move(file)); }

}  // namespace smartswitch::runtime::control
