// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/token.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <spdlog/spdlog.h>
#include <strings.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace smartswitch::runtime::control {
namespace {

constexpr std::size_t kShortest = 16;
constexpr std::size_t kLongest = 4096;
constexpr std::string_view kScheme = "Bearer ";

// Of equal length whatever the text, so that a comparison tells nothing about that either.
std::array<unsigned char, SHA256_DIGEST_LENGTH> digest(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> result{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), result.data());
  return result;
}

}  // namespace

std::string read_token(const std::string& file, Problems& problems) {
  constexpr const char* kHint = "make one: `openssl rand -hex 32 > FILE; chmod 600 FILE`";
  std::ifstream in(file);
  std::string token(kLongest + 1, '\0');
  in.read(token.data(), static_cast<std::streamsize>(token.size()));
  if (in.bad() || !(in.is_open())) {
    problems.add({}, fmt::format("control: cannot read the token in {}: {}", file, std::strerror(errno)), kHint);
    return {};
  }
  token.resize(static_cast<std::size_t>(in.gcount()));
  token.erase(token.find_last_not_of(" \t\r\n") + 1);
  token.erase(0, std::min(token.find_first_not_of(" \t\r\n"), token.size()));
  if (token.size() < kShortest || token.size() > kLongest) {
    problems.add({}, fmt::format("control: the token in {} has {} characters; it needs {} to {}", file, token.size(), kShortest, kLongest),
                 kHint);
    return {};
  }
  struct stat status {};
  if (stat(file.c_str(), &status) == 0 && (status.st_mode & 077) != 0)
    spdlog::warn("control: others than its owner may read the token in {}: `chmod 600 {}`", file, file);
  return token;
}

bool carries_token(std::string_view authorization, const std::string& token) {
  const bool bearer = authorization.size() > kScheme.size() && strncasecmp(authorization.data(), kScheme.data(), kScheme.size()) == 0;
  const auto given = digest(bearer ? authorization.substr(kScheme.size()) : std::string_view());
  const auto right = digest(token);
  return CRYPTO_memcmp(given.data(), right.data(), given.size()) == 0 && bearer;
}

}  // namespace smartswitch::runtime::control
