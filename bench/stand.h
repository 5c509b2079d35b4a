// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "bench/replay.h"
#include "graph/load.h"
#include "runtime/pipeline.h"
#include "runtime/pool.h"

namespace smartswitch::bench {

/// A pipeline from a text in the configuration language, without devices: whoever measures calls poll() himself, or lets a worker run.
/// Faults end the program with a message.
class Stand {
 public:
  explicit Stand(const std::string& yaml);
  ~Stand();
  Stand(const Stand&) = delete;
  Stand& operator=(const Stand&) = delete;

  /// The element called `name`, or its `copy` on another worker; it must be a T.
  template <class T>
  T& element(std::string_view name, unsigned copy = 0) {
    return dynamic_cast<T&>(find(name, copy));
  }
  /// The state object called `name`; it must be a T.
  template <class T>
  T& state(std::string_view name) {
    return dynamic_cast<T&>(find_state(name));
  }
  /// Calls the poll() of the source called `name` once.
  unsigned poll(std::string_view name);
  [[nodiscard]] rte_mempool* pool() const { return pool_.get(); }
  [[nodiscard]] WorkerContext& context();
  /// Can be launched and stopped as often as needed.
  [[nodiscard]] runtime::Worker& worker(unsigned number) { return *workers_[number]; }

 private:
  Element& find(std::string_view name, unsigned copy);
  State& find_state(std::string_view name);
  graph::Plan plan_;
  runtime::Pool pool_;
  std::unique_ptr<runtime::Ports> ports_;
  std::vector<std::unique_ptr<runtime::Worker>> workers_;
  std::unique_ptr<runtime::Pipeline> pipeline_;
};

/// Keys "key0000000000000" and so on, in an order that follows no pattern.
std::vector<Key> make_keys(std::size_t count);

/// A get of a 16-byte key in a frame of 72 bytes, to 10.0.0.100; kKeyAt is where the key stands.
Bytes get_packet();
inline constexpr unsigned kKeyAt = 14 + 20 + 8 + 8 + 4;
inline constexpr unsigned kClientPortAt = 14 + 20;
inline constexpr unsigned kRequestIdAt = 14 + 20 + 8;

/// A set of a 16-byte key to 32 bytes; the key stands at the same place.
Bytes set_packet(std::uint16_t request_id);

/// `state:` of a pool of `n` servers.
std::string backends_yaml(unsigned n);

}  // namespace smartswitch::bench
