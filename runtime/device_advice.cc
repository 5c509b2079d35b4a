// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/device_advice.h"

#include <fmt/format.h>
#include <linux/capability.h>
#include <net/if.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <vector>

#include "elements/sdk/suggest.h"
#include "runtime/eal.h"

namespace smartswitch::runtime {
namespace {

struct Driver {
  const char* name;
  const char* interface_argument;  ///< the argument that names an existing interface; nullptr: none
  int capability;                  ///< that it cannot do without; -1: none
  const char* capability_name;
  const char* advice;
};

constexpr std::array kDrivers = {
    Driver{"net_af_packet", "iface", CAP_NET_RAW, "CAP_NET_RAW", "it is written as \"net_af_packet0,iface=NAME\""},
    Driver{"net_af_xdp", "iface", CAP_NET_ADMIN, "CAP_NET_ADMIN (and CAP_NET_RAW, CAP_BPF)",
           "the interface's driver must know XDP, and a BPF file system must be mounted on /sys/fs/bpf"},
    Driver{"net_tap", nullptr, CAP_NET_ADMIN, "CAP_NET_ADMIN", "/dev/net/tun must be there (`modprobe tun`)"},
    Driver{"net_tun", nullptr, CAP_NET_ADMIN, "CAP_NET_ADMIN", "/dev/net/tun must be there (`modprobe tun`)"},
    Driver{"net_pcap", "iface", -1, "", "it is written as \"net_pcap0,rx_pcap=IN.pcap,tx_pcap=OUT.pcap\", or with iface=NAME"},
    Driver{"net_memif", nullptr, -1, "", "the side with role=server has to run first, and its socket's folder must exist"},
    Driver{"net_vhost", nullptr, -1, "", "it is written as \"net_vhost0,iface=SOCKET\"; the socket must not exist already"},
    Driver{"net_virtio_user", nullptr, -1, "", "path= must be an existing vhost-user socket or /dev/vhost-net"},
    Driver{"net_null", nullptr, -1, "", "it is written as \"net_null0\""},
    Driver{"net_ring", nullptr, -1, "", "it is written as \"net_ring0\""},
    Driver{"net_bonding", nullptr, -1, "", "it is written as \"net_bonding0,mode=M,slave=DEVICE\""},
};

const Driver* find_driver(const std::string& name) {
  for (const Driver& driver : kDrivers) {
    if (name == driver.name) return &driver;
  }
  return nullptr;
}

bool has_capability(int capability) {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    std::string mask;
    if (word == "CapEff:" && status >> mask) return (std::stoull(mask, nullptr, 16) >> capability & 1) != 0;
  }
  return true;
}

}  // namespace

std::string device_driver(const std::string& device) {
  std::string name = device.substr(0, device.find(','));
  name.erase(name.find_last_not_of("0123456789") + 1);
  return name;
}

std::string device_argument(const std::string& device, const std::string& key) {
  std::size_t at = 0;
  while ((at = device.find(',', at)) != std::string::npos) {
    ++at;
    if (device.compare(at, key.size() + 1, key + "=") == 0) {
      const std::size_t begin = at + key.size() + 1;
      return device.substr(begin, device.find(',', begin) - begin);
    }
  }
  return {};
}

std::string device_advice(const std::string& device) {
  if (is_pci_address(device)) {
    return "`dpdk-devbind.py --status` shows which devices are there; DPDK can use one once it is bound to vfio-pci "
           "(`dpdk-devbind.py -b vfio-pci ADDRESS`, as root), Mellanox ones as they are";
  }
  const Driver* driver = find_driver(device_driver(device));
  if (driver == nullptr) {
    std::vector<std::string> known;
    for (const Driver& d : kDrivers) known.emplace_back(d.name);
    const std::string near = did_you_mean(device_driver(device), known);
    return !near.empty() ? near : "a virtual device is called after its driver and a number; drivers are " + spoken_list(known);
  }
  if (driver->interface_argument != nullptr) {
    const std::string interface = device_argument(device, driver->interface_argument);
    if (!interface.empty() && if_nametoindex(interface.c_str()) == 0) {
      return fmt::format("there is no interface called `{}` in this network namespace: `ip link` shows those that are", interface);
    }
  }
  if (driver->capability >= 0 && !has_capability(driver->capability)) {
    return fmt::format("it needs root, or the capability {}", driver->capability_name);
  }
  for (const char* key : {"rx_pcap", "tx_pcap"}) {
    const std::string file = device_argument(device, key);
    if (file.empty()) continue;
    const std::string folder = std::filesystem::path(file).parent_path();
    std::error_code none;
    if (key[0] == 'r' && !std::filesystem::exists(file, none)) return fmt::format("there is no file `{}`", file);
    if (key[0] == 't' && !folder.empty() && !std::filesystem::is_directory(folder, none))
      return fmt::format("there is no folder `{}`", folder);
  }
  return driver->advice;
}

}  // namespace smartswitch::runtime
