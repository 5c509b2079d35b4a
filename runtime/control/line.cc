// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/line.h"

#include <fmt/format.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "elements/sdk/descriptor.h"

namespace smartswitch::runtime::control {
namespace {

constexpr Duration kConnectPatience{5'000'000'000};

void be_patient(const Descriptor& socket, Duration patience) {
  const timeval time = {.tv_sec = patience.nanoseconds / 1'000'000'000, .tv_usec = patience.nanoseconds / 1000 % 1'000'000};
  setsockopt(socket.number(), SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
  setsockopt(socket.number(), SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time));
}

class PlainLine final : public ClientLine {
 public:
  explicit PlainLine(Descriptor socket) : socket_(std::move(socket)) {}
  bool write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t n = send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  long read(char* into, std::size_t most) override { return recv(socket_.number(), into, most, 0); }
  void set_patience(Duration patience) override { be_patient(socket_, patience); }
  void hang_up() const override { shutdown(socket_.number(), SHUT_RDWR); }

 private:
  Descriptor socket_;
};

struct FreeTls {
  void operator()(SSL* tls) const { SSL_free(tls); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

class TlsLine final : public ClientLine {
 public:
  TlsLine(Descriptor socket, std::unique_ptr<SSL, FreeTls> tls) : socket_(std::move(socket)), tls_(std::move(tls)) {}
  bool write(std::string_view bytes) override {
    std::size_t written = 0;
    return SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &written) == 1 && written == bytes.size();
  }
  long read(char* into, std::size_t most) override {
    std::size_t n = 0;
    if (SSL_read_ex(tls_.get(), into, most, &n) == 1) return static_cast<long>(n);
    return SSL_get_error(tls_.get(), 0) == SSL_ERROR_ZERO_RETURN ? 0 : -1;
  }
  void set_patience(Duration patience) override { be_patient(socket_, patience); }
  void hang_up() const override { shutdown(socket_.number(), SHUT_RDWR); }

 private:
  Descriptor socket_;
  std::unique_ptr<SSL, FreeTls> tls_;
};

std::string tls_reason(SSL* tls) {
  const long verdict = tls == nullptr ? X509_V_OK : SSL_get_verify_result(tls);
  if (verdict != X509_V_OK) return fmt::format("its certificate is not good: {}", X509_verify_cert_error_string(verdict));
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  return reason != nullptr ? reason : std::strerror(errno);
}

// Nothing, with the reason in errno or in the text that is returned, if nobody is there.
Descriptor connect_to(const std::string& host, const std::string& port, std::string& fault) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), port.c_str(), &wanted, &found); error != 0) {
    fault = gai_strerror(error);
    return Descriptor(-1);
  }
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    Descriptor socket(::socket(each->ai_family, each->ai_socktype | SOCK_CLOEXEC, each->ai_protocol));
    be_patient(socket, kConnectPatience);
    if (connect(socket.number(), each->ai_addr, each->ai_addrlen) == 0) {
      freeaddrinfo(found);
      return socket;
    }
    fault = std::strerror(errno);
  }
  freeaddrinfo(found);
  return Descriptor(-1);
}

std::unique_ptr<SSL_CTX, FreeTls> client_tls(const Address& address, Problems& problems) {
  std::unique_ptr<SSL_CTX, FreeTls> context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  const auto use = [&](bool good, const std::string& file) {
    if (!good) problems.add({}, fmt::format("cannot use {}: {}", file, tls_reason(nullptr)), "it is to be a PEM file");
  };
  use((address.ca.empty() ? SSL_CTX_set_default_verify_paths(context.get())
                          : SSL_CTX_load_verify_file(context.get(), address.ca.c_str())) == 1,
      address.ca);
  if (!address.certificate.empty())
    use(SSL_CTX_use_certificate_chain_file(context.get(), address.certificate.c_str()) == 1, address.certificate);
  if (!address.key.empty()) use(SSL_CTX_use_PrivateKey_file(context.get(), address.key.c_str(), SSL_FILETYPE_PEM) == 1, address.key);
  return problems.empty() ? std::move(context) : nullptr;
}

// The certificate has to be for that name, or for that address.
void expect(SSL* tls, const std::string& host) {
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), host.c_str()) == 1) return;
  SSL_set1_host(tls, host.c_str());
  SSL_set_tlsext_host_name(tls, host.c_str());
}

}  // namespace

std::unique_ptr<ClientLine> ClientLine::to_socket(const std::string& path, Problems& problems) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    problems.add({}, fmt::format("`{}` is too long for a socket's path", path));
    return nullptr;
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  be_patient(socket, kConnectPatience);
  if (connect(socket.number(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    const char* hint = errno == ECONNREFUSED ? "the switch it belonged to has ended"
                       : errno == EACCES     ? "it is for the user who runs the switch, and for root"
                                             : "";
    problems.add({}, fmt::format("no switch answers on {}: {}", path, std::strerror(errno)), hint);
    return nullptr;
  }
  return std::make_unique<PlainLine>(std::move(socket));
}

std::unique_ptr<ClientLine> ClientLine::to_host(const Address& address, const std::string& host, const std::string& port,
                                                Problems& problems) {
  const auto context = client_tls(address, problems);
  if (!context) return nullptr;
  std::string fault;
  Descriptor socket = connect_to(host, port, fault);
  if (socket.number() < 0) {
    problems.add({}, fmt::format("no switch answers on {}: {}", address.place, fault));
    return nullptr;
  }
  std::unique_ptr<SSL, FreeTls> tls(SSL_new(context.get()));
  SSL_set_fd(tls.get(), socket.number());
  expect(tls.get(), host);
  if (SSL_connect(tls.get()) != 1) {
    problems.add({}, fmt::format("no TLS with {}: {}", address.place, tls_reason(tls.get())),
                 "--ca names the CA of its certificate; --certificate and --key are yours, if it wants them");
    return nullptr;
  }
  return std::make_unique<TlsLine>(std::move(socket), std::move(tls));
}

}  // namespace smartswitch::runtime::control
