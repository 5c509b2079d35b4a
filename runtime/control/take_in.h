// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// How bytes get from a connection into one of Beast's parsers, for requests and for answers.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/beast/http.hpp>
#include <string>
#include <string_view>

namespace smartswitch::runtime::control {

/// Moves from `pending` into `parser` what it can take: first the head and no more, later all of a body that is there. The error is
/// `need_more` where it waits for more bytes.
template <bool kRequest>
boost::beast::error_code take_in(boost::beast::http::basic_parser<kRequest>& parser, std::string& pending) {
  // Chunks end with nothing shorter than this (RFC 9112 section 7.1), and Beast (1.74) asserts that it is not given less of it.
  constexpr std::size_t kShortestEnd = std::string_view("0\r\n\r\n").size();
  const bool head_done = parser.is_header_done();
  if (head_done && parser.chunked() && pending.size() < kShortestEnd) return boost::beast::http::error::need_more;
  boost::beast::error_code error;
  parser.eager(head_done);
  pending.erase(0, parser.put(boost::asio::buffer(pending), error));
  return error;
}

}  // namespace smartswitch::runtime::control
