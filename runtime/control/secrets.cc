// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/secrets.h"

#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include "runtime/control/tls.h"
#include "runtime/control/token.h"

namespace smartswitch::runtime::control {

std::unique_ptr<Secrets> Secrets::read(const graph::Control& control, Problems& problems) {
  std::unique_ptr<Secrets> secrets(new Secrets(control));
  if (!secrets->load(problems)) return nullptr;
  return secrets;
}

bool Secrets::load(Problems& problems) {
  // Before they are read: what changes meanwhile is seen at the next look.
  seen_ = versions();
  std::string token = read_token(control_.token_file, problems);
  auto tls = server_tls({control_.certificate, control_.key, control_.client_ca}, problems);
  if (token.empty() || !tls) return false;
  token_ = std::move(token);
  tls_ = std::move(tls);
  return true;
}

void Secrets::look() {
  if (versions() == seen_) return;
  Problems problems;
  if (load(problems)) {
    spdlog::info("control: the certificate and the token were read again, for new connections");
    return;
  }
  for (const Problem& problem : problems.list()) spdlog::error("{}; those read before stay ({})", problem.message, problem.hint);
}

std::vector<Secrets::Version> Secrets::versions() const {
  std::vector<Version> versions;
  for (const std::string& file : {control_.certificate, control_.key, control_.client_ca, control_.token_file}) {
    struct stat status {};
    Version& version = versions.emplace_back();
    if (file.empty() || stat(file.c_str(), &status) != 0) continue;
    version = {status.st_ino, status.st_size, status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec};
  }
  return versions;
}

}  // namespace smartswitch::runtime::control
