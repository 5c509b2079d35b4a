// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/observe/tap.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "runtime/command/command.h"
#include "runtime/command/query.h"
#include "runtime/command/remote.h"

namespace smartswitch::command {
namespace {

struct TapSettings {
  RemoteOptions remote;
  observe::TapOptions options;
  std::string file;
};

// Where the capture goes to. A capture that comes to an end in the midst of a packet is one that no tool reads to its end without
// complaint: what is not whole goes off again.
class CaptureFile {
 public:
  explicit CaptureFile(const std::string& path) : path_(path) {
    fd_ = path == "-" ? dup(STDOUT_FILENO) : ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd_ < 0) fault_ = std::strerror(errno);
  }
  ~CaptureFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  CaptureFile(const CaptureFile&) = delete;
  CaptureFile& operator=(const CaptureFile&) = delete;

  /// False if not all could be written: see fault().
  bool write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) {
        fault_ = std::strerror(errno);
        keep_whole_blocks();
        return false;
      }
      note(bytes.substr(0, static_cast<std::size_t>(n)));
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  void keep_whole_blocks() const {
    if (path_ != "-" && written_ > whole_ && ftruncate(fd_, static_cast<off_t>(whole_)) != 0)
      return;  // then the rest stays: readers say so
  }
  [[nodiscard]] const std::string& fault() const { return fault_; }

 private:
  // A block begins with its type and its length, four bytes each.
  void note(std::string_view bytes) {
    for (const char byte : bytes) {
      ++written_;
      const std::uint64_t at = written_ - whole_;
      if (at > 4 && at <= 8) length_ = length_ >> 8 | static_cast<std::uint32_t>(static_cast<unsigned char>(byte)) << 24;
      if (at < 8 || at < length_) continue;
      whole_ = written_;
      length_ = 0;
    }
  }
  std::string path_;
  int fd_ = -1;
  std::string fault_;
  std::uint64_t written_ = 0;
  std::uint64_t whole_ = 0;
  std::uint32_t length_ = 0;
};

// What a signal ends. A flag alone would not be seen by a read that begins just after it is set.
std::atomic<const runtime::control::Client*> asked{nullptr};
std::atomic<bool> interrupted{false};

int tap_packets(const TapSettings& settings) {
  int exit_code = kOk;
  if (settings.file == "-" && isatty(STDOUT_FILENO) == 1) {
    Problems problems;
    problems.add({}, "a capture is nothing for a terminal", "`-w FILE.pcapng`, or `-w - | tcpdump -r -`");
    show(problems);
    return kBadUsage;
  }
  const auto client = settings.remote.open(exit_code);
  if (!client) return exit_code;
  const observe::TapOptions& options = settings.options;
  Query query("/v1/tap");
  query.add("place", options.place)
      .add("filter", options.filter)
      .add("snaplen", std::to_string(options.snaplen))
      .add("count", std::to_string(options.count))
      .add("for", options.length.nanoseconds == 0 ? "" : to_string(options.length))
      .add("ring", to_string(options.ring));
  struct sigaction action {};
  asked = client.get();
  action.sa_handler = [](int) {
    interrupted = true;
    if (const runtime::control::Client* line = asked) line->hang_up();
  };
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);

  // Not before the switch has said that it will tap: a wrong question leaves an old file alone.
  std::unique_ptr<CaptureFile> file;
  const auto write = [&](std::string_view piece) {
    if (!file) file = std::make_unique<CaptureFile>(settings.file);
    return file->fault().empty() && file->write(piece) && !interrupted;
  };
  Problems problems;
  const auto answer = client->ask({.method = "POST", .path = query.text(), .body = {}, .patience = {0}}, problems, write);
  asked = nullptr;
  if (file && !file->fault().empty()) {
    Problems unwritten;
    unwritten.add({}, fmt::format("cannot write `{}`: {}", settings.file, file->fault()),
                  "the tap has ended; what is in the file is whole");
    show(unwritten);
    return kRefused;
  }
  if (interrupted) {
    if (file) file->keep_whole_blocks();
    return kOk;
  }
  if (answer) return settle(*answer);
  if (file) file->keep_whole_blocks();
  show(problems);
  return kRefused;
}

}  // namespace

void add_tap(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand("tap", "Capture the packets that pass a place of a running switch (pcapng)");
  verb->footer(
      "PLACE is a port of the configuration (what comes in there, and what goes out), an element with one of its outputs (classify.get), "
      "or an\n"
      "element (all its outputs). Ctrl-C ends. The switch never waits: what comes faster than it can be written is counted in the "
      "capture.\n"
      "\n"
      "  smartswitch tap clients -w clients.pcapng --for 10s\n"
      "  smartswitch tap classify.get -w - --filter 'src host 10.0.0.1' | tshark -r -");
  auto settings = std::make_shared<TapSettings>();
  settings->remote.add_to(*verb);
  verb->add_option("place", settings->options.place, "Where")->required()->type_name("PLACE");
  verb->add_option("-w,--write", settings->file, "The file to write; - is stdout")->required()->type_name("FILE");
  verb->add_option("--filter", settings->options.filter, "Packets that match: an expression as tcpdump takes it")->type_name("EXPR");
  verb->add_option("--snaplen", settings->options.snaplen, "Bytes of a packet to keep at most")
      ->check(CLI::Range(14U, observe::TapOptions::kLongest))
      ->type_name("N");
  verb->add_option("--count", settings->options.count, "End after so many packets")->type_name("N");
  add_duration(*verb, "--for", settings->options.length, "End after that time");
  const auto store = [settings](const std::string& word) {
    const auto size = parse_byte_size(word);
    if (!size) throw CLI::ValidationError("--ring", fmt::format("`{}` is not a size, such as 4MiB", word));
    settings->options.ring = *size;
  };
  verb->add_option_function<std::string>("--ring", store, "Memory in which each worker keeps packets until they are written (default 4MiB)")
      ->type_name("SIZE");
  verb->callback([settings, &exit_code] { exit_code = tap_packets(*settings); });
}

}  // namespace smartswitch::command
