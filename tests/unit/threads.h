// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace smartswitch::testing {

/// The threads of this process by that name, and the cores that each may run on ("0-3,7").
inline std::vector<std::string> cores_of_threads(const std::string& name) {
  std::vector<std::string> cores;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream status(task.path() / "status");
    bool is_it = false;
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("Name:")) is_it = line.ends_with("\t" + name);
      if (is_it && line.starts_with("Cpus_allowed_list:")) cores.push_back(line.substr(line.find('\t') + 1));
    }
  }
  return cores;
}

}  // namespace smartswitch::testing
