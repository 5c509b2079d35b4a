// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/xdp_program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <linux/if_link.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <limits>
#include <span>

#include "elements/sdk/hash.h"

namespace smartswitch::memcached {

/// The object file (cmake/Bpf.cmake).
std::span<const std::uint8_t> xdp_redirect_object();

namespace {

constexpr std::string_view kOurs = "smartswitch_";  // what our programs' names begin with; the kernel keeps 15 bytes of a name

// libbpf writes to stderr what it does not like. What matters of it, we say.
class SilentLibbpf {
 public:
  SilentLibbpf() : before_(libbpf_set_print(nullptr)) {}
  ~SilentLibbpf() { libbpf_set_print(before_); }
  SilentLibbpf(const SilentLibbpf&) = delete;
  SilentLibbpf& operator=(const SilentLibbpf&) = delete;

 private:
  libbpf_print_fn_t before_;
};

std::string advice_on(int error) {
  if (error == EPERM || error == EACCES) return "it needs the capabilities CAP_BPF and CAP_NET_ADMIN: run as root, or give it these";
  return "it needs Linux 5.18 or later with CONFIG_BPF_JIT; leave XdpRedirect out where there is none";
}

std::string text_of(int error) { return std::strerror(error); }

}  // namespace

void XdpProgram::Close::operator()(bpf_object* object) const { bpf_object__close(object); }

std::unique_ptr<XdpProgram> XdpProgram::load(Problems& problems) {
  const SilentLibbpf silence;
  const std::span<const std::uint8_t> file = xdp_redirect_object();
  std::unique_ptr<XdpProgram> loaded(new XdpProgram);
  loaded->object_.reset(bpf_object__open_mem(file.data(), file.size(), nullptr));
  const int error = loaded->object_ ? -bpf_object__load(loaded->object_.get()) : errno;
  if (error != 0) {
    problems.add({}, fmt::format("the kernel does not take the programs that redirect requests: {}", text_of(error)), advice_on(error));
    return nullptr;
  }
  return loaded->find_parts(problems) ? std::move(loaded) : nullptr;
}

bool XdpProgram::find_parts(Problems& problems) {
  get_ = bpf_program__fd(bpf_object__find_program_by_name(object_.get(), "smartswitch_get"));
  reply_ = bpf_program__fd(bpf_object__find_program_by_name(object_.get(), "smartswitch_reply"));
  redirected_ = bpf_object__find_map_fd_by_name(object_.get(), "redirected");
  const int table = bpf_object__find_map_fd_by_name(object_.get(), "table");
  void* memory = mmap(nullptr, sizeof(xdp_table), PROT_READ | PROT_WRITE, MAP_SHARED, table, 0);
  if (memory == MAP_FAILED) {
    problems.add({}, fmt::format("the table of the programs that redirect requests cannot be mapped: {}", text_of(errno)));
    return false;
  }
  table_ = static_cast<xdp_table*>(memory);
  static_assert(sizeof table_->secret <= sizeof XXH3_kSecret);
  std::memcpy(table_->secret, XXH3_kSecret, sizeof table_->secret);
  return true;
}

XdpProgram::~XdpProgram() {
  if (table_ != nullptr) munmap(table_, sizeof(xdp_table));
}

void XdpProgram::set_clients(const ClientNetworks& clients) {
  const ClientAddress lowest = ClientAddress::of_ipv4(0);
  const ClientAddress highest = ClientAddress::of_ipv4(std::numeric_limits<std::uint32_t>::max());
  for (const auto& [first, last] : clients.ranges()) {
    if (last < lowest || !(first <= highest)) continue;
    table_->client[table_->clients++] = {static_cast<std::uint32_t>(std::max(first, lowest).low),
                                         static_cast<std::uint32_t>(std::min(last, highest).low)};
  }
  // None of IPv4 is not the same as none at all: a network that nobody is in.
  if (!clients.empty() && table_->clients == 0) table_->client[table_->clients++] = {1, 0};
}

void XdpProgram::set_ring(const std::vector<Ring::Point>& points) {
  const std::uint32_t next = 1 - table_->ring;
  xdp_ring& ring = table_->rings[next];
  ring.size = static_cast<std::uint32_t>(std::bit_ceil(points.size()));
  for (std::uint32_t i = 0; i < ring.size; ++i) {
    const Ring::Point& point = i < points.size() ? points[i] : points.back();
    ring.points[i] = {point.value, point.server};
  }
  std::atomic_ref(table_->ring).store(next, std::memory_order_release);
}

int XdpProgram::attach(unsigned interface, Side side, Mode mode) {
  bpf_link_create_opts options{};
  options.sz = sizeof options;
  options.flags = mode == Mode::kNative ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE;
  const int link = bpf_link_create(descriptor(side), static_cast<int>(interface), BPF_XDP, &options);
  if (link < 0) return -link;
  links_.insert_or_assign(interface, Descriptor(link));
  return 0;
}

int XdpProgram::replace(unsigned interface, Side side, XdpProgram& before) {
  const auto link = before.links_.find(interface);
  if (link == before.links_.end()) return 0;
  const int error = -bpf_link_update(link->second.number(), descriptor(side), nullptr);
  if (error == 0) links_.insert(before.links_.extract(link));
  return error;
}

xdp_counts XdpProgram::redirected() const {
  std::vector<xdp_counts> by_core(static_cast<std::size_t>(libbpf_num_possible_cpus()));
  const std::uint32_t zero = 0;
  if (bpf_map_lookup_elem(redirected_, &zero, by_core.data()) != 0) return {};
  xdp_counts all{};
  for (const xdp_counts& core : by_core) all = {all.gets + core.gets, all.replies + core.replies};
  return all;
}

std::optional<std::string> foreign_xdp_program(unsigned interface) {
  std::uint32_t id = 0;
  if (bpf_xdp_query_id(static_cast<int>(interface), 0, &id) != 0 || id == 0) return std::nullopt;
  const Descriptor program(bpf_prog_get_fd_by_id(id));
  bpf_prog_info info{};
  std::uint32_t size = sizeof info;
  if (!program || bpf_obj_get_info_by_fd(program.number(), &info, &size) != 0) return fmt::format("number {}", id);
  if (std::string_view(info.name).starts_with(kOurs)) return std::nullopt;
  return std::string(info.name);
}

}  // namespace smartswitch::memcached
