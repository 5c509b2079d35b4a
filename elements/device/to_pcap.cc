// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <vector>

#include "elements/sdk/element.h"

namespace smartswitch {
namespace {

// The pcap file format with nanoseconds, in the byte order of this machine (draft-ietf-opsawg-pcap).
struct FileHeader {
  std::uint32_t magic = 0xA1B23C4D;
  std::uint16_t major = 2;
  std::uint16_t minor = 4;
  std::uint32_t reserved[2] = {};
  std::uint32_t snaplen = 0;
  std::uint32_t link_type = 1;  // Ethernet
};
struct RecordHeader {
  std::uint32_t seconds;
  std::uint32_t nanoseconds;
  std::uint32_t captured;
  std::uint32_t length;
};

}  // namespace

class ToPcap final : public Element {
 public:
  static void describe(Describe<ToPcap>& d) {
    d.summary("Writes packets to a capture file and passes them on.");
    d.details(
        "Every packet leaves through `out`, written or not. Packets gather in a buffer of 256 KiB that goes to the file when it is full, "
        "after "
        "`flush`, and at the end. When the disk is full, what cannot be written is cut off behind the last whole packet and counted; "
        "writing goes on as soon as there is room again, and the file can be read at any time.\n\n"
        "A file that is there already is replaced. In a pipeline that runs on several cores, `{worker}` in the file's name becomes the "
        "number "
        "of the worker, so that each has a file of its own. Writing waits for the disk: on a busy path, thin packets out first or put this "
        "element behind a Queue.");
    d.example("capture: {class: ToPcap, file: \"requests-{worker}.pcap\", snaplen: 128}");
    d.input<&ToPcap::push>("in", "packets to write");
    d.outside();
    d.output("out", &ToPcap::out_, "all packets, unchanged").optional();
    d.parameter("file", &ToPcap::file_, "path of the file to write").required();
    d.parameter("snaplen", &ToPcap::snaplen_, "bytes of a packet to write at most").between(14, kLongest);
    d.parameter("flush", &ToPcap::flush_after_, "longest time that a packet stays in the buffer").at_least(Duration{1'000'000});
    d.counter("written", &ToPcap::written_, "packets in the file");
    d.counter("unwritten", &ToPcap::unwritten_, "packets that could not be written: the disk was full or failed");
  }

  void start(Problems& problems) override {
    flush_timer_.bind<&ToPcap::flush>(this);
    if (const std::size_t at = file_.find("{worker}"); at != std::string::npos) {
      file_.replace(at, std::strlen("{worker}"), std::to_string(worker().index));
    }
    // Not blocking: the open() of a pipe would wait for its reader.
    fd_ = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644);
    if (fd_ < 0) {
      problems.add({}, fmt::format("cannot write the capture file `{}`: {}", file_, std::strerror(errno)),
                   "see that its folder is there and may be written to");
      return;
    }
    struct stat status {};
    if (fstat(fd_, &status) != 0 || S_ISFIFO(status.st_mode)) {
      problems.add({}, fmt::format("`{}` is a pipe", file_), "give the path of a regular file");
      return;
    }
    if (flock(fd_, LOCK_EX | LOCK_NB) != 0) {
      problems.add({}, fmt::format("`{}` is being written by another ToPcap", file_),
                   "give each a file of its own; on several cores, put {worker} in its name");
      return;
    }
    FileHeader header;
    header.snaplen = snaplen_;
    buffer_.reserve(kBuffer);
    append(&header, sizeof header);
    if ((S_ISREG(status.st_mode) && ftruncate(fd_, 0) != 0) || !write_buffer()) {
      problems.add({}, fmt::format("cannot write the capture file `{}`: {}", file_, std::strerror(errno)), "see that its disk has room");
      return;
    }
    timespec wall{};
    clock_gettime(CLOCK_REALTIME, &wall);
    wall_minus_now_ = wall.tv_sec * std::int64_t{1'000'000'000} + wall.tv_nsec - now();
  }

  ~ToPcap() override {
    if (fd_ < 0) return;
    flush();
    ::close(fd_);
  }

  void push(Batch& batch) {
    const std::int64_t time = now() + wall_minus_now_;
    for (Packet packet : batch) write(packet, time);
    if (!flush_timer_.scheduled()) schedule_in(flush_timer_, flush_after_);
    out_.push(batch);
  }

 private:
  static constexpr std::size_t kBuffer = std::size_t{256} << 10;
  static constexpr std::uint32_t kLongest = 65535;

  void append(const void* bytes, std::size_t n) {
    const auto* from = static_cast<const std::uint8_t*>(bytes);
    buffer_.insert(buffer_.end(), from, from + n);
  }

  void write(Packet packet, std::int64_t time) {
    const std::uint32_t captured = std::min(packet.wire_length(), snaplen_);
    if (buffer_.size() + sizeof(RecordHeader) + captured > kBuffer) flush();
    const RecordHeader header{static_cast<std::uint32_t>(time / 1'000'000'000), static_cast<std::uint32_t>(time % 1'000'000'000), captured,
                              packet.wire_length()};
    append(&header, sizeof header);
    std::uint32_t left = captured;
    for (const rte_mbuf* segment = packet.mbuf(); left > 0; segment = segment->next) {
      const std::uint32_t n = std::min<std::uint32_t>(left, segment->data_len);
      append(rte_pktmbuf_mtod(segment, const std::uint8_t*), n);
      left -= n;
    }
    ++buffered_;
  }

  void flush() {
    if (buffer_.empty()) return;
    // The buffer holds whole records: all of it is written, or nothing stays of it.
    (write_buffer() ? written_ : unwritten_).add(buffered_);
    buffered_ = 0;
  }

  bool write_buffer() {
    std::size_t done = 0;
    while (done < buffer_.size()) {
      const ssize_t n = pwrite(fd_, buffer_.data() + done, buffer_.size() - done, end_ + static_cast<off_t>(done));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) break;
      done += static_cast<std::size_t>(n);
    }
    const bool whole = done == buffer_.size();
    buffer_.clear();
    if (whole) {
      end_ += static_cast<off_t>(done);
    } else if (const int error = errno; done > 0 && ftruncate(fd_, end_) != 0) {
      errno = error;  // the first error is the one to tell; what stays behind is written over by the next packets
    }
    return whole;
  }

  std::string file_;
  std::uint32_t snaplen_ = kLongest;
  Duration flush_after_{1'000'000'000};
  int fd_ = -1;
  off_t end_ = 0;  // of what is whole in the file
  std::int64_t wall_minus_now_ = 0;
  std::vector<std::uint8_t> buffer_;
  std::uint64_t buffered_ = 0;  // packets in buffer_
  Timer flush_timer_;
  Output out_;
  Counter written_;
  Counter unwritten_;
};
SMARTSWITCH_ELEMENT(ToPcap)

}  // namespace smartswitch
