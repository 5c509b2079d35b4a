// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/privileges.h"

#include <fmt/format.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <vector>

namespace smartswitch::runtime {
namespace {

// Packet sockets; their modes, queues and addresses, and taps; memory that cards reach (vfio) and huge pages.
constexpr int kKept[] = {CAP_NET_RAW, CAP_NET_ADMIN, CAP_IPC_LOCK};

struct User {
  std::string name;
  uid_t id = 0;
  gid_t group = 0;
};

std::optional<User> find_user(const std::string& wanted) {
  std::vector<char> texts(16384);
  passwd entry{};
  passwd* found = nullptr;
  getpwnam_r(wanted.c_str(), &entry, texts.data(), texts.size(), &found);
  uid_t number = 0;
  const auto [end, error] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), number);
  if (found == nullptr && error == std::errc{} && end == wanted.data() + wanted.size()) {
    getpwuid_r(number, &entry, texts.data(), texts.size(), &found);
  }
  if (found == nullptr) return std::nullopt;
  return User{entry.pw_name, entry.pw_uid, entry.pw_gid};
}

// Of the calling thread (capset(2)). 64 capabilities in two halves.
using Capabilities = std::array<__user_cap_data_struct, 2>;

bool read_capabilities(Capabilities& sets) {
  __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  return syscall(SYS_capget, &header, sets.data()) == 0;
}

bool write_capabilities(const Capabilities& sets) {
  __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  return syscall(SYS_capset, &header, sets.data()) == 0;
}

bool keep_only_needed() {
  Capabilities sets{};
  if (!read_capabilities(sets)) return false;
  Capabilities kept{};
  for (const int capability : kKept) {
    const auto half = static_cast<std::size_t>(capability) / 32;
    const std::uint32_t bit = 1U << (static_cast<unsigned>(capability) % 32);
    kept[half].permitted |= sets[half].permitted & bit;
  }
  for (auto& half : kept) half.effective = half.permitted;
  return write_capabilities(kept);
}

/// The C library has every thread of the process follow these three.
bool change_ids(const User& user) {
  return initgroups(user.name.c_str(), user.group) == 0 && setresgid(user.group, user.group, user.group) == 0 &&
         setresuid(user.id, user.id, user.id) == 0;
}

}  // namespace

void forbid_new_privileges() { prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }

bool become_user(const std::string& wanted, Problems& problems) {
  const std::optional<User> user = find_user(wanted);
  if (!user) {
    problems.add({}, fmt::format("there is no user `{}`", wanted), "`useradd --system --no-create-home` makes one");
    return false;
  }
  if (getuid() != 0 && getuid() == user->id) return keep_only_needed();
  // Otherwise a change of the user takes all capabilities; this flag is the thread's own.
  prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
  if (change_ids(*user) && keep_only_needed() && (user->id == 0 || setuid(0) != 0)) return true;
  problems.add({}, fmt::format("cannot become the user `{}`: {}", wanted, std::strerror(errno)),
               "only root can (or who has the capabilities SETUID and SETGID)");
  return false;
}

}  // namespace smartswitch::runtime
