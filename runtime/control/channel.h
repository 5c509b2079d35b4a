// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// A connection's two directions, over whatever it goes.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/system/error_code.hpp>
#include <functional>
#include <memory>

namespace smartswitch::runtime::control {

/// Handlers are called on the executor, never within the call that they are given to. One read and one write at a time.
class Channel {
 public:
  using Done = std::function<void(boost::system::error_code)>;
  using Read = std::function<void(boost::system::error_code, std::size_t)>;

  virtual ~Channel() = default;
  /// A TLS handshake, if there has to be one.
  virtual void open(Done done) = 0;
  virtual void read(boost::asio::mutable_buffer into, Read done) = 0;
  /// All of it.
  virtual void write(boost::asio::const_buffer bytes, Done done) = 0;
  /// Tells the other side that nothing more comes.
  virtual void finish(Done done) = 0;
  /// At once; what is under way ends with an error.
  virtual void close() = 0;
};

std::unique_ptr<Channel> plain_channel(boost::asio::local::stream_protocol::socket socket);

}  // namespace smartswitch::runtime::control
