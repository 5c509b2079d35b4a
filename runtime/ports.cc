// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/ports.h"

#include <fmt/format.h>
#include <rte_cycles.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "elements/sdk/class_info.h"
#include "runtime/pool.h"

namespace smartswitch::runtime {
namespace {

constexpr std::chrono::milliseconds kLinkPatience{1000};
constexpr std::chrono::microseconds kLinkInterval{10'000};

// What of a running port would have to be different, or nothing.
std::string why_not(const LivePort& have, const LivePort& want) {
  const graph::Port& is = have.spec;
  const graph::Port& wished = want.spec;
  std::string changed;
  const auto note = [&](bool same, const char* what) {
    if (!same) changed += fmt::format("{}`{}`", changed.empty() ? "" : ", ", what);
  };
  note(is.device == wished.device, "device");
  note(is.rx_queues == wished.rx_queues, "rx_queues");
  note(is.tx_queues == wished.tx_queues, "tx_queues");
  note(is.rx_descriptors == wished.rx_descriptors, "rx_descriptors");
  note(is.tx_descriptors == wished.tx_descriptors, "tx_descriptors");
  note(is.mtu == wished.mtu, "mtu");
  note(is.mac == wished.mac, "mac");
  note(is.promiscuous == wished.promiscuous, "promiscuous");
  if (!changed.empty()) return changed + " cannot be changed";
  if (want.rx_needed > have.rx_queues) return fmt::format("elements poll queue {}, and queues cannot be added", want.rx_needed - 1);
  std::size_t senders = have.tx_queue_of.size();
  for (const auto& [worker, queue] : want.tx_queue_of) senders += have.tx_queue_of.contains(worker) ? 0 : 1;
  if (senders > have.tx_queues) return fmt::format("{} workers send to it, and send queues cannot be added", senders);
  return {};
}

bool link_is_up(const LivePort& port) {
  rte_eth_link link{};
  return rte_eth_link_get_nowait(port.id, &link) < 0 || link.link_status == RTE_ETH_LINK_UP;
}

void await_links(const std::vector<LivePort>& ports) {
  const auto give_up = std::chrono::steady_clock::now() + kLinkPatience;
  for (const LivePort& port : ports) {
    bool up = link_is_up(port);
    while (!up && std::chrono::steady_clock::now() < give_up) {
      rte_delay_us_sleep(kLinkInterval.count());
      up = link_is_up(port);
    }
    if (!up) spdlog::warn("port `{}` ({}): no link; is the other end plugged in and up?", port.spec.name, port.spec.device);
  }
}

void note_users(const graph::Plan& plan, std::vector<LivePort>& ports) {
  for (const graph::Instance& instance : plan.instances) {
    const graph::ElementSpec& element = plan.elements[instance.element];
    for (const ParameterInfo& parameter : element.info->parameters) {
      const Value* value = element.parameters.find(parameter.name);
      if (value == nullptr || (parameter.refers != Refers::kRxPort && parameter.refers != Refers::kTxPort)) continue;
      const auto [name, queue] = detail::port_and_queue(value->text());
      for (LivePort& port : ports) {
        if (port.spec.name != name) continue;
        if (parameter.refers == Refers::kTxPort) {
          port.tx_queue_of.try_emplace(instance.worker, static_cast<std::uint16_t>(port.tx_queue_of.size()));
        } else {
          port.rx_needed = std::max<std::uint16_t>(port.rx_needed, static_cast<std::uint16_t>(queue.value_or(instance.replica) + 1));
        }
      }
    }
  }
}

}  // namespace

Ports::Ports(const graph::Plan& plan, bool one_pool) : one_pool_(one_pool) {
  for (const graph::Port& port : plan.ports) ports_.emplace_back().spec = port;
  note_users(plan, ports_);
}

Ports::~Ports() { close(); }

bool Ports::open(Problems& problems) {
  const std::size_t before = problems.size();
  for (LivePort& port : ports_) open_port(port, problems);
  return problems.size() == before;
}

bool Ports::open_port(LivePort& port, Problems& problems) {
  if (!find_device(port, problems)) return false;
  const auto twin = std::find_if(ports_.begin(), ports_.end(), [&](const LivePort& p) { return p.opened && p.id == port.id; });
  if (&*twin != &port) {
    port.opened = false;
    report_port(port, fmt::format("port `{}` has this device already", twin->spec.name), "virtual devices are told apart by their number",
                problems);
    return false;
  }
  return configure_port(port, one_pool_, problems);
}

std::uint64_t Ports::in_rings() const {
  std::uint64_t packets = 0;
  for (const LivePort& port : ports_) packets += in_rings_of(port);
  return packets;
}

std::uint64_t Ports::in_rings(const graph::Plan& plan) const {
  std::uint64_t packets = 0;
  for (const graph::Port& port : plan.ports) {
    const LivePort* have = find(port.name);
    packets += have != nullptr ? in_rings_of(*have) : planned_in_rings(port, plan.workers.size());
  }
  return packets;
}

std::uint16_t Ports::largest_mtu() const {
  std::uint16_t mtu = 0;
  for (const LivePort& port : ports_) mtu = std::max(mtu, port.mtu);
  return mtu;
}

bool Ports::set_up(rte_mempool* pool, Problems& problems) {
  const std::size_t before = problems.size();
  for (LivePort& port : ports_) set_up_queues(port, pool, problems);
  return problems.size() == before;
}

bool Ports::start(Problems& problems) {
  const std::size_t before = problems.size();
  for (LivePort& port : ports_) start_port(port, problems);
  if (problems.size() != before) return false;
  await_links(ports_);
  for (const LivePort& port : ports_) announce_port(port);
  return true;
}

void Ports::close() {
  for (LivePort& port : ports_) stop_port(port);
  for (LivePort& port : ports_) give_back_port(port);
}

bool Ports::suit(const graph::Plan& plan, Problems& problems) const {
  const std::size_t before = problems.size();
  const Ports wanted(plan, one_pool_);
  for (const LivePort& want : wanted.ports_) {
    const LivePort* have = find(want.spec.name);
    if (have == nullptr) continue;
    const std::string refusal = why_not(*have, want);
    if (refusal.empty()) continue;
    problems.add(want.spec.where, fmt::format("port `{}`: {} while it runs", want.spec.name, refusal),
                 "leave it as it is, or restart the switch");
  }
  return problems.size() == before;
}

bool Ports::add_from(const graph::Plan& plan, rte_mempool* pool, Problems& problems) {
  const std::size_t before = problems.size();
  const std::size_t old = ports_.size();
  Ports wanted(plan, one_pool_);
  for (LivePort& want : wanted.ports_) {
    const auto have = std::find_if(ports_.begin(), ports_.end(), [&](const LivePort& port) { return port.spec.name == want.spec.name; });
    if (have != ports_.end()) {
      for (const auto& [worker, queue] : want.tx_queue_of) {
        have->tx_queue_of.try_emplace(worker, static_cast<std::uint16_t>(have->tx_queue_of.size()));
      }
    } else {
      ports_.push_back(std::move(want));
    }
  }
  wanted.ports_.clear();
  for (std::size_t i = old; i < ports_.size(); ++i) {
    LivePort& port = ports_[i];
    if (!open_port(port, problems)) continue;
    if (!fits(pool, port.mtu)) {
      report_port(port, fmt::format("packets of its MTU of {} do not fit the packet pool that was made at the start", port.mtu),
                  "give it a smaller `mtu`, or restart the switch", problems);
    } else if (set_up_queues(port, pool, problems)) {
      start_port(port, problems);
    }
  }
  if (problems.size() != before) {
    for (std::size_t i = old; i < ports_.size(); ++i) stop_port(ports_[i]);
    for (std::size_t i = old; i < ports_.size(); ++i) give_back_port(ports_[i]);
    ports_.resize(old);
    return false;
  }
  for (std::size_t i = old; i < ports_.size(); ++i) announce_port(ports_[i]);
  return true;
}

void Ports::keep_only(const graph::Plan& plan) {
  std::erase_if(ports_, [&](LivePort& port) {
    const auto is_it = [&](const graph::Port& spec) { return spec.name == port.spec.name; };
    if (std::any_of(plan.ports.begin(), plan.ports.end(), is_it)) return false;
    spdlog::info("port `{}` is given back", port.spec.name);
    stop_port(port);
    give_back_port(port);
    return true;
  });
}

const LivePort* Ports::find(const std::string& name) const {
  const auto at = std::find_if(ports_.begin(), ports_.end(), [&](const LivePort& port) { return port.spec.name == name; });
  return at == ports_.end() ? nullptr : &*at;
}

const LivePort& Ports::get(const std::string& name) const {
  const LivePort* port = find(name);
  if (port == nullptr) throw std::out_of_range("the plan has no port `" + name + "`");
  return *port;
}

RxQueue Ports::rx_queue(const std::string& port, std::optional<std::uint16_t> queue, unsigned replica) const {
  return {get(port).id, queue.value_or(static_cast<std::uint16_t>(replica))};
}

TxQueue Ports::tx_queue(const std::string& port, std::size_t worker) const {
  const LivePort& live = get(port);
  return {live.id, live.tx_queue_of.at(worker)};
}

int Ports::bell(const RxQueue& queue) const {
  const auto at = std::find_if(ports_.begin(), ports_.end(), [&](const LivePort& port) { return port.id == queue.port_id; });
  return at != ports_.end() && queue.queue_id < at->bells.size() ? at->bells[queue.queue_id] : -1;
}

}  // namespace smartswitch::runtime
