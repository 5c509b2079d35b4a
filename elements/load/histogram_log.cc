// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/load/histogram_log.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <bit>
#include <ctime>
#include <string_view>

namespace smartswitch::load {
namespace {

// The last four bits but one give the size of a word; 1 stands for LEB128.
constexpr std::uint32_t kPlainCookie = 0x1C849303 | 0x10;
constexpr std::uint32_t kCompressedCookie = 0x1C849304 | 0x10;
constexpr double kNsPerMs = 1e6;

template <class T>
void put(std::string& bytes, T value) {
  for (int shift = (sizeof value - 1) * 8; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
}

// LEB128 as HdrHistogram has it: at most nine bytes, and the ninth holds eight bits.
void put_zigzag(std::string& bytes, std::int64_t number) {
  std::uint64_t value = static_cast<std::uint64_t>(number) << 1 ^ static_cast<std::uint64_t>(number >> 63);
  for (int i = 0; i < 8 && value > 127; ++i) {
    bytes += static_cast<char>(value | 128);
    value >>= 7;
  }
  bytes += static_cast<char>(value);
}

std::string counts_of(const LatencyHistogram& histogram) {
  const unsigned end = LatencyHistogram::index_of(histogram.max()) + 1;
  std::string bytes;
  for (unsigned i = 0; i < end;) {
    const std::uint64_t count = histogram.at(i);
    unsigned same = 1;
    while (count == 0 && i + same < end && histogram.at(i + same) == 0) ++same;
    put_zigzag(bytes, same > 1 ? -static_cast<std::int64_t>(same) : static_cast<std::int64_t>(count));
    i += same;
  }
  return bytes;
}

std::string compressed(const std::string& plain) {
  uLongf size = compressBound(plain.size());
  std::string bytes(size, '\0');
  compress(reinterpret_cast<Bytef*>(bytes.data()), &size, reinterpret_cast<const Bytef*>(plain.data()), plain.size());
  bytes.resize(size);
  std::string framed;
  put(framed, kCompressedCookie);
  put(framed, static_cast<std::uint32_t>(size));
  return framed + bytes;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t there = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) group = group << 8 | (k < there ? static_cast<std::uint8_t>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) text += k <= there ? kDigits[group >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

}  // namespace

std::string encode_histogram(const LatencyHistogram& histogram) {
  const std::string counts = counts_of(histogram);
  std::string bytes;
  put(bytes, kPlainCookie);
  put(bytes, static_cast<std::uint32_t>(counts.size()));
  put(bytes, std::uint32_t{0});  // where the counts were shifted to
  put(bytes, std::uint32_t{kSignificantDigits});
  put(bytes, std::uint64_t{1});  // the lowest value that can be told from 0
  put(bytes, static_cast<std::uint64_t>(LatencyHistogram::kHighest));
  put(bytes, std::bit_cast<std::uint64_t>(1.0));  // a whole number of the histogram's is so much
  return bytes + counts;
}

std::string histogram_log(double started, double seconds, const std::vector<LoggedHistogram>& histograms) {
  const auto whole = static_cast<std::time_t>(started);
  std::tm utc{};
  gmtime_r(&whole, &utc);
  char date[64] = "";
  std::strftime(date, sizeof date, "%a %b %d %H:%M:%S UTC %Y", &utc);
  std::string text =
      "#[Latencies in nanoseconds, logged by smartswitch load]\n"
      "#[Histogram log format version 1.3]\n";
  text += fmt::format("#[StartTime: {:.3f} (seconds since epoch), {}]\n", started, date);
  text += "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n";
  for (const LoggedHistogram& logged : histograms) {
    text += fmt::format("Tag={},0.000,{:.3f},{:.3f},{}\n", logged.tag, seconds, static_cast<double>(logged.histogram->max()) / kNsPerMs,
                        base64(compressed(encode_histogram(*logged.histogram))));
  }
  return text;
}

}  // namespace smartswitch::load
