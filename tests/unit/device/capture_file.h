// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <gtest/gtest.h>
#include <pcap/pcap.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "elements/sdk/testing/packets.h"

namespace smartswitch::testing {

/// A path for a file of this test, which is removed in the end.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& name) : path_(::testing::TempDir() + "smartswitch_" + std::to_string(getpid()) + "_" + name) {
    std::filesystem::remove(path_);
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct Captured {
  Bytes bytes;
  std::int64_t time = 0;     ///< ns
  std::uint32_t length = 0;  ///< on the wire; 0: as long as `bytes`
};

/// Written and read by libpcap, so that our own code does not judge itself.
inline void write_capture(const std::string& path, const std::vector<Captured>& packets, int link_type = DLT_EN10MB) {
  pcap_t* dead = pcap_open_dead_with_tstamp_precision(link_type, 262144, PCAP_TSTAMP_PRECISION_NANO);
  pcap_dumper_t* dumper = pcap_dump_open(dead, path.c_str());
  ASSERT_NE(dumper, nullptr) << pcap_geterr(dead);
  for (const Captured& packet : packets) {
    pcap_pkthdr header{};
    header.ts.tv_sec = packet.time / 1'000'000'000;
    header.ts.tv_usec = packet.time % 1'000'000'000;
    header.caplen = static_cast<bpf_u_int32>(packet.bytes.size());
    header.len = packet.length != 0 ? packet.length : header.caplen;
    pcap_dump(reinterpret_cast<u_char*>(dumper), &header, packet.bytes.data());
  }
  pcap_dump_close(dumper);
  pcap_close(dead);
}

inline std::vector<Captured> read_capture(const std::string& path) {
  char error[PCAP_ERRBUF_SIZE] = "";
  pcap_t* capture = pcap_open_offline_with_tstamp_precision(path.c_str(), PCAP_TSTAMP_PRECISION_NANO, error);
  if (capture == nullptr) {
    ADD_FAILURE() << error;
    return {};
  }
  std::vector<Captured> packets;
  pcap_pkthdr* header = nullptr;
  const std::uint8_t* data = nullptr;
  int got = 0;
  while ((got = pcap_next_ex(capture, &header, &data)) == 1) {
    packets.push_back(
        {Bytes(data, data + header->caplen), header->ts.tv_sec * std::int64_t{1'000'000'000} + header->ts.tv_usec, header->len});
  }
  EXPECT_EQ(got, PCAP_ERROR_BREAK) << pcap_geterr(capture);
  pcap_close(capture);
  return packets;
}

}  // namespace smartswitch::testing
