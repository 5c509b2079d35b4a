// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Asks a running switch:
//
//   auto client = Client::open({.place = "/run/smartswitch/memswitch.sock"}, problems);
//   if (client) answer = client->ask({"GET", "/v1/stats"}, problems);
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "elements/sdk/units.h"
#include "elements/sdk/value.h"

namespace smartswitch::runtime::control {

struct Address {
  std::string place;        ///< a Unix socket's path, or https://HOST:PORT
  std::string token_file;   ///< for https; these four may be empty
  std::string ca;           ///< PEM file; empty: those that this machine trusts
  std::string certificate;  ///< PEM file, if the switch wants one
  std::string key;
};

/// The socket of the only switch that runs here. Empty, with the reason in `problems`, if there is none or several.
std::string only_switch(Problems& problems);

class ClientLine;

/// One connection. For one thread; calls block.
class Client {
 public:
  struct Question {
    std::string method;
    std::string path;
    std::string body;
    Duration patience{20'000'000'000};  ///< for each piece of the answer; 0: for ever
  };
  struct Answer {
    unsigned status = 0;
    std::string type;
    std::string body;  ///< empty if the pieces were taken
    /// "error" and "hint" of an answer that is no success, as a Problem.
    [[nodiscard]] Problem problem() const;
  };

  /// Null, with the reason in `problems`, if nobody answers there.
  static std::unique_ptr<Client> open(const Address& address, Problems& problems);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Nothing, with the reason in `problems`, if the connection breaks or takes longer than `patience`. If the answer is a success, `take`
  /// (if given) gets its body piece by piece as it comes; it returns false to hear no more.
  std::optional<Answer> ask(const Question& question, Problems& problems, const std::function<bool(std::string_view)>& take = {});
  /// Waits until the switch closes the connection, as it does when it ends. False if it still has not after `patience`.
  bool wait_for_end(Duration patience);
  /// Ends what is asked, as if the connection broke. From any thread, and in a signal handler.
  void hang_up() const;

 private:
  Client(std::unique_ptr<ClientLine> line, std::string authorization, std::string place);
  std::unique_ptr<ClientLine> line_;
  std::string authorization_;
  std::string place_;
};

}  // namespace smartswitch::runtime::control
