// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/socket_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>

namespace smartswitch::runtime::control {
namespace {

constexpr const char* kSystemFolder = "/run/smartswitch";
constexpr int kBacklog = 1024;

std::optional<sockaddr_un> unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) return std::nullopt;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

const sockaddr* generic(const sockaddr_un& address) { return reinterpret_cast<const sockaddr*>(&address); }

// Whoever may write to the folder could put another socket in our place.
std::string fault_of_folder(const std::string& folder) {
  struct stat status {};
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return std::strerror(errno);
  if (stat(folder.c_str(), &status) != 0) return std::strerror(errno);
  if (!S_ISDIR(status.st_mode)) return "it is no folder";
  if ((status.st_uid != geteuid() && status.st_uid != 0) || (status.st_mode & 022) != 0) return "others may write to it";
  return access(folder.c_str(), W_OK) == 0 ? "" : std::strerror(errno);
}

// Only one process at a time looks whether a socket is stale and puts its own there.
class FolderLock {
 public:
  explicit FolderLock(const std::string& path) : descriptor_(open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    // Whoever may read the folder could hold it for ever; to wait a second is enough among those who behave.
    for (int tries = 0; descriptor_ >= 0 && tries < 100 && flock(descriptor_, LOCK_EX | LOCK_NB) != 0; ++tries) usleep(10'000);
  }
  ~FolderLock() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  static std::string folder_of(const std::string& path) {
    const std::string folder = std::filesystem::path(path).parent_path();
    return folder.empty() ? "." : folder;
  }
  int descriptor_;
};

std::string with_process_number(const std::string& path) {
  const std::filesystem::path whole(path);
  return whole.parent_path() / fmt::format("{}-{}{}", whole.stem().string(), getpid(), whole.extension().string());
}

// What stands in the way at `path`, if it cannot be removed.
std::string clear_the_way(const std::string& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) return errno == ENOENT ? "" : std::strerror(errno);
  if (!S_ISSOCK(status.st_mode)) return "something else is there";
  if (answers(path)) return "another switch answers there";
  return unlink(path.c_str()) == 0 ? "" : std::strerror(errno);
}

}  // namespace

std::vector<std::string> socket_folders() {
  std::vector<std::string> folders = {kSystemFolder};
  const char* own = std::getenv("XDG_RUNTIME_DIR");
  if (own != nullptr && *own == '/') folders.push_back(std::string(own) + "/smartswitch");
  return folders;
}

std::string own_socket_folder(Problems& problems) {
  for (const std::string& folder : socket_folders()) {
    const std::string fault = fault_of_folder(folder);
    if (fault.empty()) return folder;
    problems.add({}, fmt::format("no control socket in {}: {}", folder, fault), "name another place with `--control PATH`");
  }
  return {};
}

std::string name_from_file(const std::string& file) {
  std::string name = std::filesystem::path(file).stem();
  for (char& c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    if (!plain) c = '_';
  }
  return name.empty() ? "switch" : name;
}

bool answers(const std::string& path) {
  const auto address = unix_address(path);
  if (!address) return false;
  // Without waiting: a full queue of connections is a sign of life, too.
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const bool live =
      probe >= 0 && (connect(probe, generic(*address), sizeof(*address)) == 0 || errno == EAGAIN || errno == EACCES || errno == EPERM);
  if (probe >= 0) close(probe);
  return live;
}

std::vector<std::string> live_sockets(const std::vector<std::string>& folders) {
  std::vector<std::string> paths;
  for (const std::string& folder : folders) {
    using Entries = std::filesystem::recursive_directory_iterator;
    std::error_code error;
    for (Entries entry(folder, std::filesystem::directory_options::skip_permission_denied, error); entry != Entries();
         entry.increment(error)) {
      if (entry.depth() > 0) entry.disable_recursion_pending();  // a service has a folder of its own in it
      if (entry->path().extension() == ".sock" && answers(entry->path())) paths.push_back(entry->path());
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

SocketFile SocketFile::listen(std::string path, bool may_differ, Problems& problems) {
  SocketFile file;
  const FolderLock lock(path);
  std::string fault = clear_the_way(path);
  if (!fault.empty() && may_differ) {
    path = with_process_number(path);
    fault = clear_the_way(path);
  }
  const auto address = unix_address(path);
  if (!address) fault = fmt::format("a socket's path has 1 to {} characters", sizeof(sockaddr_un{}.sun_path) - 1);
  if (fault.empty()) {
    const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    // Before it has a name: there is no moment in which others may connect.
    struct stat status {};
    if (descriptor >= 0 && fchmod(descriptor, 0600) == 0 && bind(descriptor, generic(*address), sizeof(*address)) == 0 &&
        chmod(path.c_str(), 0600) == 0 && ::listen(descriptor, kBacklog) == 0 && lstat(path.c_str(), &status) == 0) {
      file.path_ = std::filesystem::absolute(path);
      file.descriptor_ = descriptor;
      file.device_ = status.st_dev;
      file.inode_ = status.st_ino;
      return file;
    }
    fault = std::strerror(errno);
    if (descriptor >= 0) close(descriptor);
  }
  problems.add({}, fmt::format("cannot listen on the control socket {}: {}", path, fault),
               "name another place with `--control PATH`, or go without: `--control none`");
  return file;
}

SocketFile::SocketFile(SocketFile&& other) noexcept { *this = std::move(other); }

SocketFile& SocketFile::operator=(SocketFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(device_, other.device_);
  std::swap(inode_, other.inode_);
  return *this;
}

SocketFile::~SocketFile() {
  remove();
  if (descriptor_ >= 0) close(descriptor_);
}

SocketFile::Presence SocketFile::look() const {
  struct stat status {};
  if (lstat(path_.c_str(), &status) != 0) return Presence::kGone;
  return status.st_dev == device_ && status.st_ino == inode_ ? Presence::kThere : Presence::kOthers;
}

void SocketFile::remove() {
  if (!path_.empty() && look() == Presence::kThere) unlink(path_.c_str());
  path_.clear();
}

}  // namespace smartswitch::runtime::control
