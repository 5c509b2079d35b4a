// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "graph/control.h"

#include <fmt/format.h>

#include <charconv>

#include "elements/sdk/units.h"

namespace smartswitch::graph {
namespace {

constexpr std::string_view kListenForm = "write `ADDRESS:PORT`, such as `127.0.0.1:8443` or `\"[::1]:8443\"`";

void check_together(const Control& control, const Value& section, Report& report) {
  const std::pair<const char*, const std::string&> needed[] = {
      {"certificate", control.certificate}, {"key", control.key}, {"token_file", control.token_file}};
  const bool listens = !control.listen.empty();
  for (const auto& [name, text] : needed) {
    if (listens && text.empty())
      report.fault(section.find("listen")->where(), fmt::format("`listen` needs `{}`", name),
                   "whoever can reach the port could stop the switch: it takes TLS (`certificate`, `key`) and a token (`token_file`)");
  }
  for (const char* name : {"certificate", "key", "token_file", "client_ca", "metrics_without_token"}) {
    const Value* value = section.find(name);
    if (!listens && value != nullptr)
      report.fault(value->where(), fmt::format("`{}` has no use without `listen`", name), std::string(kListenForm));
  }
}

}  // namespace

std::optional<ListenAddress> parse_listen_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  ListenAddress result;
  const std::string_view digits = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), result.port);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  std::string_view address = text.substr(0, colon);
  const bool bracketed = address.starts_with('[') && address.ends_with(']');
  if (bracketed) address = address.substr(1, address.size() - 2);
  if (bracketed ? !parse_ipv6(address) : !parse_ipv4(address)) return std::nullopt;
  result.address = address;
  return result;
}

void Control::describe(DescribeFields<Control>& d) {
  d.parameter("socket", &Control::socket, "path of the Unix socket, or `none`; left out: /run/smartswitch/NAME.sock");
  d.parameter("listen", &Control::listen, "where to serve HTTP over TLS as well, such as `127.0.0.1:8443`; port 0: any that is free")
      .check([](const std::string& text) {
        return text.empty() || parse_listen_address(text) ? std::string()
                                                          : fmt::format("`{}` is no address with a port: {}", text, kListenForm);
      });
  d.parameter("certificate", &Control::certificate, "PEM file with the server's certificate and those between it and its CA");
  d.parameter("key", &Control::key, "PEM file with the certificate's private key");
  d.parameter("token_file", &Control::token_file,
              "file with the token, of at least 16 characters, that clients send as `Authorization: Bearer TOKEN`");
  d.parameter("client_ca", &Control::client_ca, "PEM file with CAs: clients then need a certificate of theirs as well");
  d.parameter("metrics_without_token", &Control::metrics_without_token, "whether /metrics is for everybody who gets through TLS");
  d.parameter("connections", &Control::connections, "how many clients there may be at once, by each of the two ways").between(1, 10000);
}

void read_control(const Value::Member& member, const Value& filled, Control& control, Report& report) {
  control.where = member.where;
  if (!ParameterType<Control>::parse(filled, control, report.problems())) return;
  check_together(control, filled, report);
}

}  // namespace smartswitch::graph
