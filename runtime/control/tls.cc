// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/tls.h"

#include <fmt/format.h>
#include <openssl/x509.h>
#include <spdlog/spdlog.h>

#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

namespace smartswitch::runtime::control {
namespace {

namespace ssl = boost::asio::ssl;

void warn_if_expired(ssl::context& context, const std::string& file) {
  const X509* certificate = SSL_CTX_get0_certificate(context.native_handle());
  if (certificate != nullptr && X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
    spdlog::warn("control: the certificate in {} has expired: clients will refuse it", file);
}

class TlsChannel final : public Channel {
 public:
  TlsChannel(boost::asio::ip::tcp::socket socket, ssl::context& context) : stream_(std::move(socket), context) {}

  void open(Done done) override { stream_.async_handshake(ssl::stream_base::server, std::move(done)); }
  void read(boost::asio::mutable_buffer into, Read done) override {
    if (finished_) {
      stream_.next_layer().async_read_some(into, std::move(done));
    } else {
      stream_.async_read_some(into, std::move(done));
    }
  }
  void write(boost::asio::const_buffer bytes, Done done) override {
    boost::asio::async_write(stream_, bytes, [done = std::move(done)](boost::system::error_code error, std::size_t) { done(error); });
  }
  // Says so in TLS and in TCP. What the client had still sent makes the former end in an error: it has been said nevertheless.
  void finish(Done done) override {
    stream_.async_shutdown([this, done = std::move(done)](boost::system::error_code) {
      finished_ = true;
      boost::system::error_code error;
      stream_.next_layer().shutdown(boost::asio::socket_base::shutdown_send, error);
      done(error);
    });
  }
  void close() override {
    boost::system::error_code ignored;
    stream_.next_layer().close(ignored);
  }

 private:
  ssl::stream<boost::asio::ip::tcp::socket> stream_;
  bool finished_ = false;
};

}  // namespace

std::unique_ptr<ssl::context> server_tls(const TlsFiles& files, Problems& problems) {
  auto context = std::make_unique<ssl::context>(ssl::context::tls_server);
  boost::system::error_code error;
  const auto refused = [&](const char* what, const std::string& file, const char* hint) {
    if (error) problems.add({}, fmt::format("control: cannot use the {} in {}: {}", what, file, error.message()), hint);
    return static_cast<bool>(error);
  };
  // Nothing of a session is kept: each handshake looks at the client's certificate anew.
  context->set_options(ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1 | ssl::context::default_workarounds, error);
  SSL_CTX_set_session_cache_mode(context->native_handle(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(context->native_handle(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
  context->use_certificate_chain_file(files.certificate, error);
  if (refused("certificate", files.certificate, "it is a PEM file: the server's certificate first, then those between it and its CA"))
    return nullptr;
  context->use_private_key_file(files.key, ssl::context::pem, error);
  if (refused("private key", files.key, "it is a PEM file without a password, and belongs to the certificate")) return nullptr;
  if (!files.client_ca.empty()) {
    context->load_verify_file(files.client_ca, error);
    if (refused("CAs of clients", files.client_ca, "it is a PEM file")) return nullptr;
    context->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert, error);
  }
  warn_if_expired(*context, files.certificate);
  return context;
}

std::unique_ptr<Channel> tls_channel(boost::asio::ip::tcp::socket socket, ssl::context& context) {
  return std::make_unique<TlsChannel>(std::move(socket), context);
}

}  // namespace smartswitch::runtime::control
