// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/driver_sockets.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string>

namespace smartswitch::runtime {
namespace {

std::vector<int> open_descriptors() {
  std::vector<int> descriptors;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", none)) {
    const std::string name = entry.path().filename();
    int descriptor = -1;
    if (std::from_chars(name.data(), name.data() + name.size(), descriptor).ec == std::errc{}) descriptors.push_back(descriptor);
  }
  // The folder itself was open while it was read.
  std::erase_if(descriptors, [](int descriptor) { return fcntl(descriptor, F_GETFD) < 0; });
  std::sort(descriptors.begin(), descriptors.end());
  return descriptors;
}

bool is_socket_of(int descriptor, int domain) {
  int found = 0;
  socklen_t size = sizeof(found);
  return getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &found, &size) == 0 && found == domain;
}

}  // namespace

DriverSockets::DriverSockets() : before_(open_descriptors()) {}

std::vector<int> DriverSockets::opened(int domain) const {
  std::vector<int> sockets;
  for (const int descriptor : open_descriptors()) {
    const bool is_new = !std::binary_search(before_.begin(), before_.end(), descriptor);
    if (is_new && is_socket_of(descriptor, domain)) sockets.push_back(descriptor);
  }
  return sockets;
}

}  // namespace smartswitch::runtime
