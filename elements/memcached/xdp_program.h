// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The programs that XdpRedirect has the kernel run (xdp_redirect.bpf.c), and the table that they look at. All of it is of the thread that
// uses the object, but for what the kernel does meanwhile.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "elements/memcached/client_networks.h"
#include "elements/memcached/ring.h"
#include "elements/memcached/xdp_table.h"
#include "elements/sdk/descriptor.h"
#include "elements/sdk/value.h"

struct bpf_object;

namespace smartswitch::memcached {

class XdpProgram {
 public:
  /// Where the kernel runs it: before it has made packets its own (`native`, if the interface's driver can), or at once after (`generic`).
  enum class Mode : std::uint8_t { kGeneric, kNative };
  /// Who is behind an interface: whose gets are redirected, or whose replies to them are.
  enum class Side : std::uint8_t { kClients, kServers };

  /// Loaded, and run by no interface. Null if the kernel does not take them: why is in `problems`. Needs CAP_BPF and CAP_NET_ADMIN.
  static std::unique_ptr<XdpProgram> load(Problems& problems);
  ~XdpProgram();
  XdpProgram(const XdpProgram&) = delete;
  XdpProgram& operator=(const XdpProgram&) = delete;

  /// What the programs look at, all zeros at first. What is changed here, the kernel sees at once; `rings` only by set_ring().
  [[nodiscard]] xdp_table& table() { return *table_; }
  /// Requests come from these networks only, as far as they are of IPv4; from anywhere if there are none. At most XDP_MOST_CLIENTS, once.
  void set_clients(const ClientNetworks& clients);
  /// From now on, keys belong to these; see BackendPool::ring(). At most XDP_MOST_POINTS of them. Calls must be a millisecond apart: a
  /// packet that is under way may look at the ring before the last one.
  void set_ring(const std::vector<Ring::Point>& points);

  /// Has an interface run the side's program, until the object ends or the process does. Returns 0, or the error's number: EBUSY if it runs
  /// another.
  int attach(unsigned interface, Side side, Mode mode);
  /// Takes the place of the one that an interface runs of `before`, if it does: no packet misses both. Error's number, or 0.
  int replace(unsigned interface, Side side, XdpProgram& before);
  [[nodiscard]] bool attached(unsigned interface) const { return links_.contains(interface); }

  /// Packets that were redirected.
  [[nodiscard]] xdp_counts redirected() const;
  /// Of a side's program, for bpf().
  [[nodiscard]] int descriptor(Side side) const { return side == Side::kClients ? get_ : reply_; }

 private:
  XdpProgram() = default;
  bool find_parts(Problems& problems);

  struct Close {
    void operator()(bpf_object* object) const;
  };
  std::unique_ptr<bpf_object, Close> object_;
  int get_ = -1;  // the programs
  int reply_ = -1;
  int redirected_ = -1;  // the map
  xdp_table* table_ = nullptr;
  std::map<unsigned, Descriptor> links_;  // by interface
};

/// The name of the XDP program that an interface runs and that is none of ours; nothing if it runs none.
std::optional<std::string> foreign_xdp_program(unsigned interface);

}  // namespace smartswitch::memcached
