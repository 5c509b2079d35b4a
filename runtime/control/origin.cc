// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/origin.h"

#include <boost/asio/ip/address.hpp>
#include <string_view>

namespace smartswitch::runtime::control {
namespace {

std::string_view header(const Request& request, const std::string& name) {
  const auto at = request.headers.find(name);
  return at == request.headers.end() ? std::string_view() : std::string_view(at->second);
}

// Without its port, and an IPv6 address without its brackets.
std::string host_of(std::string_view authority) {
  if (authority.starts_with('[')) return std::string(authority.substr(1, authority.find(']') - 1));
  return std::string(authority.substr(0, authority.find(':')));
}

// A name may lead here for a page of its own site, whose server has given it this machine's address (DNS rebinding); an address cannot.
bool is_surely_this_machine(std::string_view authority) {
  const std::string host = host_of(authority);
  boost::system::error_code no_address;
  boost::asio::ip::make_address(host, no_address);
  return !no_address || host == "localhost";
}

}  // namespace

bool is_from_another_site(const Request& request) {
  // https://www.w3.org/TR/fetch-metadata/ and RFC 6454 section 7: browsers send these, and pages cannot change them.
  const std::string_view site = header(request, "sec-fetch-site");
  const std::string_view origin = header(request, "origin");
  if (site.empty() && origin.empty()) return false;
  const std::string_view host = header(request, "host");
  const bool followed_a_link = request.method == "GET" && header(request, "sec-fetch-mode") == "navigate";
  if (!site.empty() && site != "same-origin" && site != "none" && !followed_a_link) return true;
  if (!origin.empty() && origin != "http://" + std::string(host) && origin != "https://" + std::string(host)) return true;
  // Who has the token has been given it here.
  return header(request, "authorization").empty() && !is_surely_this_machine(host);
}

}  // namespace smartswitch::runtime::control
