// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "graph/draw.h"
#include "runtime/command/command.h"

namespace smartswitch::command {
namespace {

int refuse(const std::string& message, const std::string& hint) {
  Problems problems;
  problems.add({}, message, hint);
  show(problems);
  return kRefused;
}

// Runs Graphviz with `text` as its standard input.
int render(const std::string& text, const std::string& format, const std::string& path) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return refuse(fmt::format("no pipe: {}", std::strerror(errno)), "");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
  std::array<std::string, 4> words = {"dot", "-T" + format, "-o", path};
  std::array<char*, 5> argv{};
  for (std::size_t i = 0; i < words.size(); ++i) argv[i] = words[i].data();
  pid_t child = 0;
  const int error = posix_spawnp(&child, "dot", &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[0]);
  if (error != 0) {
    close(ends[1]);
    return refuse(fmt::format("Graphviz's program `dot` does not start: {}", std::strerror(error)),
                  "`apt install graphviz`; or draw to a .dot file, which needs no Graphviz");
  }
  // If dot ends early, write() shall say so instead of ending us.
  signal(SIGPIPE, SIG_IGN);
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t n = write(ends[1], text.data() + written, text.size() - written);
    if (n <= 0) break;
    written += static_cast<std::size_t>(n);
  }
  close(ends[1]);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && written == text.size()) return kOk;
  return refuse(fmt::format("Graphviz's program `dot` could not write `{}`", path), "see what it said above");
}

int draw(const graph::Plan& plan, const std::string& path) {
  const std::string text = graph::draw_dot(plan);
  const std::string extension = std::filesystem::path(path).extension();
  if (path == "-") {
    fmt::print("{}", text);
    return kOk;
  }
  if (extension == ".svg" || extension == ".png") return render(text, extension.substr(1), path);
  if (extension != ".dot") throw CLI::ValidationError("--output", fmt::format("`{}` ends neither in .svg, .png nor .dot", path));
  std::ofstream file(path);
  file << text;
  file.close();
  return file ? kOk : refuse(fmt::format("cannot write `{}`: {}", path, std::strerror(errno)), "");
}

}  // namespace

void add_graph(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand("graph", "Draw a configuration with Graphviz; touches no device");
  auto options = std::make_shared<FileOptions>();
  auto output = std::make_shared<std::string>("-");
  options->add_to(*verb);
  verb->add_option("-o,--output", *output, "Where to: a file ending in .svg, .png or .dot, or - for dot's language on stdout")
      ->type_name("FILE")
      ->capture_default_str();
  verb->callback([options, output, &exit_code] {
    const std::optional<graph::Plan> plan = options->load(exit_code);
    if (plan) exit_code = draw(*plan, *output);
  });
}

}  // namespace smartswitch::command
