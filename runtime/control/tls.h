// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// TLS for the control API: OpenSSL's defaults from TLS 1.2 on.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "elements/sdk/value.h"
#include "runtime/control/channel.h"

namespace smartswitch::runtime::control {

struct TlsFiles {
  std::string certificate;
  std::string key;
  std::string client_ca;  ///< empty: clients need no certificate
};

/// Null, with the reasons in `problems`, if a file cannot be used. A certificate that has expired is warned of: clients will refuse it, but
/// packets go on.
std::unique_ptr<boost::asio::ssl::context> server_tls(const TlsFiles& files, Problems& problems);

std::unique_ptr<Channel> tls_channel(boost::asio::ip::tcp::socket socket, boost::asio::ssl::context& context);

}  // namespace smartswitch::runtime::control
