// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/command/remote.h"

#include <signal.h>

namespace smartswitch::command {
namespace {

using runtime::control::Client;

// Of an answer that is no success.
int exit_code_of(unsigned status) {
  if (status == 422) return kBadConfiguration;
  const bool asked_wrongly = status >= 400 && status < 500 && status != 401 && status != 403 && status != 409;
  return asked_wrongly ? kBadUsage : kRefused;
}

}  // namespace

void RemoteOptions::add_to(CLI::App& verb) {
  verb.add_option("--control", address.place, "The switch: its control socket, or https://HOST:PORT; otherwise the only one that runs here")
      ->type_name("PATH|URL");
  verb.add_option("--token-file", address.token_file, "For https: the file with the token")->type_name("FILE");
  verb.add_option("--ca", address.ca, "For https: the CA of the switch's certificate (PEM)")->type_name("FILE");
  verb.add_option("--certificate", address.certificate, "For https: your own certificate (PEM)")->type_name("FILE");
  verb.add_option("--key", address.key, "For https: its key (PEM)")->type_name("FILE");
}

std::unique_ptr<Client> RemoteOptions::open(int& exit_code) const {
  // A switch that goes away in the midst of a question shall be an error that is told.
  signal(SIGPIPE, SIG_IGN);
  Problems problems;
  runtime::control::Address whole = address;
  if (whole.place.empty()) whole.place = runtime::control::only_switch(problems);
  auto client = problems.empty() ? Client::open(whole, problems) : nullptr;
  if (client) return client;
  show(problems);
  exit_code = kRefused;
  return nullptr;
}

int settle(const Client::Answer& answer) {
  if (answer.status < 400) return kOk;
  Problems problems;
  const Problem problem = answer.problem();
  problems.add(problem.where, problem.message, problem.hint);
  show(problems);
  return exit_code_of(answer.status);
}

std::optional<Client::Answer> ask(Client& client, const Client::Question& question, int& exit_code,
                                  const std::function<bool(std::string_view)>& take) {
  Problems problems;
  auto answer = client.ask(question, problems, take);
  if (answer && answer->status < 400) return answer;
  if (answer) {
    exit_code = settle(*answer);
  } else {
    exit_code = kRefused;
    show(problems);
  }
  return std::nullopt;
}

}  // namespace smartswitch::command
