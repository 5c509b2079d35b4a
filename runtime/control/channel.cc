// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/channel.h"

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

namespace smartswitch::runtime::control {
namespace {

class PlainChannel final : public Channel {
 public:
  explicit PlainChannel(boost::asio::local::stream_protocol::socket socket) : socket_(std::move(socket)) {}

  void open(Done done) override {
    boost::asio::post(socket_.get_executor(), [done = std::move(done)] { done({}); });
  }
  void read(boost::asio::mutable_buffer into, Read done) override { socket_.async_read_some(into, std::move(done)); }
  void write(boost::asio::const_buffer bytes, Done done) override {
    boost::asio::async_write(socket_, bytes, [done = std::move(done)](boost::system::error_code error, std::size_t) { done(error); });
  }
  void finish(Done done) override {
    boost::system::error_code error;
    socket_.shutdown(boost::asio::socket_base::shutdown_send, error);
    boost::asio::post(socket_.get_executor(), [done = std::move(done), error] { done(error); });
  }
  void close() override {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

 private:
  boost::asio::local::stream_protocol::socket socket_;
};

}  // namespace

std::unique_ptr<Channel> plain_channel(boost::asio::local::stream_protocol::socket socket) {
  return std::make_unique<PlainChannel>(std::move(socket));
}

}  // namespace smartswitch::runtime::control
