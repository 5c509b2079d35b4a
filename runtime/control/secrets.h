// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The certificate and the token of the control API: read from their files, and again whenever one of these has changed.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "graph/plan.h"

namespace smartswitch::runtime::control {

/// For one thread.
class Secrets {
 public:
  /// Null, with the reasons in `problems`, if they cannot be had.
  static std::unique_ptr<Secrets> read(const graph::Control& control, Problems& problems);

  /// For new connections; those that are open keep what they began with.
  [[nodiscard]] boost::asio::ssl::context& tls() const { return *tls_; }
  [[nodiscard]] const std::string& token() const { return token_; }

  /// Reads the files again if one is another than at the last look. If they can't be used, it says so in the log and stays with what it
  /// has.
  void look();

 private:
  /// What tells one version of a file from the next; all 0 if it is not there.
  struct Version {
    std::uint64_t inode = 0;
    std::int64_t size = 0;
    std::int64_t changed_ns = 0;
    bool operator==(const Version&) const = default;
  };

  explicit Secrets(graph::Control control) : control_(std::move(control)) {}
  bool load(Problems& problems);
  [[nodiscard]] std::vector<Version> versions() const;

  graph::Control control_;
  std::unique_ptr<boost::asio::ssl::context> tls_;
  std::string token_;
  std::vector<Version> seen_;
};

}  // namespace smartswitch::runtime::control
