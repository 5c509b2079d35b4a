// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/eal.h"

#include <fmt/format.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>
#include <sched.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <regex>

#include "runtime/cores.h"

namespace smartswitch::runtime {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;
// For state objects, hash tables and rings that elements take from DPDK. Ordinary memory costs nothing until it is written to.
constexpr std::uint64_t kStateMemory = 512 * kMiB;
// The same with huge pages, which are taken from the system one by one as they are needed.
constexpr std::uint64_t kLeastHugeMemory = 64 * kMiB;

class EalLog {
 public:
  static EalLog& instance() {
    static EalLog log;
    return log;
  }
  void open() {
    const cookie_io_functions_t functions = {.read = nullptr, .write = &EalLog::write, .seek = nullptr, .close = nullptr};
    FILE* stream = fopencookie(this, "w", functions);
    if (stream == nullptr) return;
    setvbuf(stream, nullptr, _IOLBF, 1024);
    rte_openlog_stream(stream);
  }
  std::string take() {
    const std::lock_guard lock(mutex_);
    std::string text;
    std::size_t begin = 0;
    while (begin < text_.size()) {
      const std::size_t end = std::min(text_.find('\n', begin), text_.size());
      const std::string line = text_.substr(begin, end - begin);
      begin = end + 1;
      if (line.empty() || line.find("Driver cannot attach") != std::string::npos || line.find("Failed to attach") != std::string::npos)
        continue;
      text += (text.empty() ? "" : "; ") + line;
    }
    text_.clear();
    return text;
  }

 private:
  static ssize_t write(void* self, const char* bytes, std::size_t size) {
    auto* log = static_cast<EalLog*>(self);
    const std::lock_guard lock(log->mutex_);
    if (log->text_.size() > kMost) log->text_.clear();
    log->text_.append(bytes, size);
    spdlog::debug("DPDK: {}", std::string_view(bytes, size > 0 && bytes[size - 1] == '\n' ? size - 1 : size));
    return static_cast<ssize_t>(size);
  }
  static constexpr std::size_t kMost = 64 << 10;
  std::mutex mutex_;
  std::string text_;
};

struct Started {
  std::mutex mutex;
  bool running = false;
  bool looks_at_pci = false;
};

Started& started() {
  static Started state;
  return state;
}

std::vector<std::string> arguments(const EalNeeds& needs, bool huge) {
  // One lcore that may run on all cores: DPDK's set-up must not move the thread that called us. Workers are pinned by ourselves.
  std::string cores;
  for (unsigned core : allowed_cores()) cores += (cores.empty() ? "" : ",") + std::to_string(core);
  std::vector<std::string> words = {"smartswitch", "--no-telemetry", "--log-level", "warning", "--lcores", "0@(" + cores + ")"};
  if (huge) {
    words.emplace_back("--in-memory");
  } else {
    const std::uint64_t bytes = needs.packet_memory + needs.packet_memory / 8 + kStateMemory;
    words.insert(words.end(), {"--no-huge", "--no-shconf", "-m", std::to_string(bytes / kMiB)});
  }
  if (needs.pci_devices.empty()) words.emplace_back("--no-pci");
  for (const std::string& device : needs.pci_devices) words.insert(words.end(), {"-a", device});
  return words;
}

bool want_huge_pages(const EalNeeds& needs, Problems& problems) {
  if (needs.huge_pages == HugePages::kNo) return false;
  const std::uint64_t free = free_huge_page_bytes();
  const std::uint64_t wanted = needs.packet_memory + kLeastHugeMemory;
  if (free >= wanted) return true;
  if (needs.huge_pages == HugePages::kYes) {
    problems.add({}, fmt::format("{} MiB of huge pages are needed, {} MiB are free", wanted / kMiB, free / kMiB),
                 fmt::format("`sysctl -w vm.nr_hugepages={}` as root gets some; or run with --huge-pages no", wanted / (2 * kMiB) + 1));
  }
  return false;
}

}  // namespace

bool is_pci_address(const std::string& device) {
  static const std::regex address("([0-9a-fA-F]{4,8}:)?[0-9a-fA-F]{2}:[0-9a-fA-F]{2}\\.[0-7](,.*)?");
  return std::regex_match(device, address);
}

std::uint64_t free_huge_page_bytes() {
  std::uint64_t bytes = 0;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator("/sys/kernel/mm/hugepages", none)) {
    // Folders are called "hugepages-2048kB".
    const std::string name = entry.path().filename();
    std::uint64_t kib = 0;
    if (std::sscanf(name.c_str(), "hugepages-%lukB", &kib) != 1) continue;
    std::uint64_t pages = 0;
    std::ifstream(entry.path() / "free_hugepages") >> pages;
    bytes += pages * kib * 1024;
  }
  return bytes;
}

std::string take_eal_log() { return EalLog::instance().take(); }

bool start_eal(const EalNeeds& needs, Problems& problems) {
  Started& state = started();
  const std::lock_guard lock(state.mutex);
  if (state.running) {
    if (needs.pci_devices.empty() || state.looks_at_pci) return true;
    problems.add({}, "DPDK runs in this process without PCI devices, because the first switch had none",
                 "create the switch that has PCI devices first");
    return false;
  }
  const std::size_t before = problems.size();
  const bool huge = want_huge_pages(needs, problems);
  if (problems.size() != before) return false;

  EalLog::instance().open();
  std::vector<std::string> words = arguments(needs, huge);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  if (rte_eal_init(static_cast<int>(argv.size()), argv.data()) < 0) {
    // The program that embeds us has started DPDK itself: what it chose counts.
    if (rte_errno == EALREADY) {
      state.running = state.looks_at_pci = true;
      return true;
    }
    problems.add({}, fmt::format("DPDK does not start: {} ({})", rte_strerror(rte_errno), take_eal_log()),
                 huge ? "--huge-pages no runs it in ordinary memory" : "");
    return false;
  }
  spdlog::debug("DPDK runs in {}", huge ? "huge pages" : "ordinary memory");
  take_eal_log();
  state.running = true;
  state.looks_at_pci = !needs.pci_devices.empty();
  return true;
}

}  // namespace smartswitch::runtime
