// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <optional>
#include <string>

#include "runtime/command/command.h"

namespace smartswitch::command {

/// What `smartswitch load` is told, as far as it goes into the graph.
struct LoadSettings {
  std::string server;  ///< ADDRESS[:PORT]
  std::string protocol = "udp";
  std::string device;
  std::string address;
  std::string mac;
  std::string server_mac;
  std::uint64_t keys = 10000;
  std::uint64_t first_key = 0;
  std::size_t key_size = 16;
  std::string distribution = "uniform";
  std::string value_size = "32";
  double get_ratio = 1;
  std::uint32_t window = 1;
  std::string rate;
  std::string arrivals = "poisson";
  std::uint32_t clients = 1;
  bool fill = false;
  Duration warm_up{1'000'000'000};
  Duration length{10'000'000'000};
  std::uint64_t requests = 0;
  Duration timeout{250'000'000};
  std::uint64_t seed = 1;
  std::optional<unsigned> core;
  bool spin = false;
  bool no_verify = false;

  void add_to(CLI::App& verb);
  /// What is wrong with the options together, and what to do; nothing if all is well.
  [[nodiscard]] std::string fault() const;
  /// The configuration that does it: what `smartswitch run` would be given.
  [[nodiscard]] std::string yaml() const;
};

/// The name of the report in it.
inline constexpr const char* kReportName = "report";

}  // namespace smartswitch::command
