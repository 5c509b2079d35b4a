// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <pcap/pcap.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <vector>

#include "elements/sdk/element.h"

namespace smartswitch {

class FromPcap final : public Element {
 public:
  static void describe(Describe<FromPcap>& d) {
    d.summary("Replays the packets of a capture file.");
    d.details(
        "Reads pcap and pcapng files of Ethernet frames. The whole file is read into memory at the start, so that replaying it never waits "
        "for a disk. Packets of which the capture has just the beginning are replayed as short as they were captured.\n\n"
        "With `timing: original` packets keep the distances they were captured at; without, they come as fast as the graph takes them. "
        "Packets that do not fit into a packet buffer are dropped. When there are no free buffers, replaying waits and loses nothing.");
    d.example("replay: {class: FromPcap, file: capture.pcap, times: 0, timing: original}");
    d.source<&FromPcap::poll>();
    d.outside();
    d.output("out", &FromPcap::out_, "packets of the file, in its order");
    d.parameter("file", &FromPcap::file_, "path of the capture file").required();
    d.parameter("times", &FromPcap::times_, "how often to replay the file; 0: without end");
    d.parameter("timing", &FromPcap::timing_, {{"flat_out", Timing::kFlatOut}, {"original", Timing::kOriginal}},
                "as fast as possible, or as captured");
    d.parameter("burst", &FromPcap::burst_, "most packets to bring in at a time").between(1, Batch::kCapacity);
    d.parameter("memory", &FromPcap::memory_, "most memory that the packets of the file may take");
    d.drop("too_long", &FromPcap::too_long_, "packets that are longer than a packet buffer");
    d.counter("no_buffer", &FromPcap::no_buffer_, "times that replaying waited because no packet buffer was free");
    d.counter("captured_short", &FromPcap::captured_short_, "packets replayed of which the capture has just the beginning");
  }

  void validate(Problems& problems) const override { open(problems); }

  void start(Problems& problems) override {
    room_ = rte_pktmbuf_data_room_size(worker().pool) - RTE_PKTMBUF_HEADROOM;
    const Capture capture = open(problems);
    if (!capture) return;
    pcap_pkthdr* header = nullptr;
    const std::uint8_t* data = nullptr;
    int got = 0;
    bool fits = true;
    while (fits && (got = pcap_next_ex(capture.get(), &header, &data)) == 1) {
      fits = bytes_.size() + header->caplen + (frames_.size() + 1) * sizeof(Frame) <= memory_.bytes;
      if (!fits) break;
      // With nanosecond precision, tv_usec holds nanoseconds.
      const std::int64_t time = header->ts.tv_sec * std::int64_t{1'000'000'000} + header->ts.tv_usec;
      frames_.push_back({bytes_.size(), header->caplen, header->caplen < header->len, time});
      bytes_.insert(bytes_.end(), data, data + header->caplen);
    }
    if (!fits) {
      problems.add({}, fmt::format("`{}` takes more memory than the {} that `memory` allows", file_, to_string(memory_)),
                   "allow more, or cut the file with `editcap -c`");
    } else if (got == PCAP_ERROR) {
      problems.add({}, fmt::format("cannot read `{}` to its end: {}", file_, pcap_geterr(capture.get())),
                   fmt::format("`tcpdump -r {} -w NEW` keeps what is whole of it", file_));
    } else if (frames_.empty()) {
      problems.add({}, fmt::format("`{}` has no packets", file_));
    }
  }

  unsigned poll() {
    Batch batch;
    unsigned handled = 0;
    while (handled < burst_ && next_is_due()) {
      const Frame& frame = frames_[next_];
      if (frame.length > room_) {
        too_long_.add();
      } else {
        rte_mbuf* mbuf = rte_pktmbuf_alloc(worker().pool);
        if (mbuf == nullptr) {
          no_buffer_.add();
          break;
        }
        const Packet packet(mbuf);
        packet.reset_annotations();
        std::copy_n(bytes_.data() + frame.offset, frame.length, rte_pktmbuf_mtod(mbuf, std::uint8_t*));
        mbuf->data_len = static_cast<std::uint16_t>(frame.length);
        mbuf->pkt_len = frame.length;
        batch.add(packet);
        if (frame.cut) captured_short_.add();
      }
      ++handled;
      if (++next_ == frames_.size()) {
        next_ = 0;
        ++rounds_;
        started_ += frames_.back().time - frames_.front().time;
      }
    }
    count_received(handled);
    out_.push(batch);
    return handled;
  }

 private:
  enum class Timing : std::uint8_t { kFlatOut, kOriginal };
  struct Frame {
    std::size_t offset;
    std::uint32_t length;
    bool cut;
    std::int64_t time;
  };

  using Capture = std::unique_ptr<pcap_t, decltype(&pcap_close)>;

  Capture open(Problems& problems) const {
    Capture capture(nullptr, &pcap_close);
    std::error_code ignored;
    const auto status = std::filesystem::status(file_, ignored);
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
      problems.add({}, fmt::format("`{}` is not a file that can be read twice", file_), "give the path of a regular file");
      return capture;
    }
    char error[PCAP_ERRBUF_SIZE] = "";
    capture.reset(pcap_open_offline_with_tstamp_precision(file_.c_str(), PCAP_TSTAMP_PRECISION_NANO, error));
    if (!capture) {
      std::string_view why = error;  // libpcap names the file in some of its messages
      if (why.starts_with(file_ + ": ")) why.remove_prefix(file_.size() + 2);
      problems.add({}, fmt::format("cannot read the capture file `{}`: {}", file_, why), "give the path of a pcap or pcapng file");
      return capture;
    }
    const int link = pcap_datalink(capture.get());
    if (link != DLT_EN10MB) {
      const char* name = pcap_datalink_val_to_name(link);
      problems.add({},
                   fmt::format("`{}` has packets of link type {}, not of Ethernet", file_, name != nullptr ? name : std::to_string(link)),
                   "capture on an Ethernet interface (not on `any`)");
      capture.reset();
    }
    return capture;
  }

  bool next_is_due() {
    if (times_ != 0 && rounds_ == times_) return false;
    if (timing_ == Timing::kFlatOut) return true;
    if (!running_) {
      running_ = true;
      started_ = now();
    }
    return now() - started_ >= frames_[next_].time - frames_.front().time;
  }

  std::string file_;
  std::uint64_t times_ = 1;
  Timing timing_ = Timing::kFlatOut;
  std::uint16_t burst_ = 32;
  ByteSize memory_{std::uint64_t{1} << 30};
  std::uint32_t room_ = 0;
  std::vector<std::uint8_t> bytes_;
  std::vector<Frame> frames_;
  std::size_t next_ = 0;
  std::uint64_t rounds_ = 0;
  bool running_ = false;
  std::int64_t started_ = 0;  // when the first packet of this round was due
  Output out_;
  DropReason too_long_;
  Counter no_buffer_;
  Counter captured_short_;
};
SMARTSWITCH_ELEMENT(FromPcap)

}  // namespace smartswitch
