// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/command/load_output.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace smartswitch::command {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kBarWidth = 30;

// Nanoseconds are as precise as it gets.
double rounded(double number) { return std::round(number * 1000) / 1000; }

Json json_of(const LatencyFigures& f) {
  return {{"min", rounded(f.min)},     {"mean", rounded(f.mean)}, {"p50", rounded(f.p50)},
          {"p90", rounded(f.p90)},     {"p99", rounded(f.p99)},   {"p999", rounded(f.p999)},
          {"p9999", rounded(f.p9999)}, {"max", rounded(f.max)},   {"stddev", rounded(f.stddev)}};
}

Json json_of(const LoadSettings& s) {
  Json json = {{"server", s.server}, {"protocol", s.protocol}};
  if (!s.device.empty()) json.update({{"device", s.device}, {"address", s.address}});
  json.update({{"keys", s.keys},
               {"first_key", s.first_key},
               {"key_size", s.key_size},
               {"distribution", s.distribution},
               {"value_size", s.value_size},
               {"get_ratio", s.get_ratio}});
  if (s.rate.empty()) {
    json["window"] = s.window;
  } else {
    json.update({{"rate", s.rate}, {"arrivals", s.arrivals}});
  }
  json.update({{"clients", s.clients},
               {"fill", s.fill},
               {"warm_up", to_string(s.warm_up)},
               {"for", to_string(s.length)},
               {"timeout", to_string(s.timeout)},
               {"seed", s.seed},
               {"spin", s.spin},
               {"verify", !s.no_verify}});
  if (s.requests != 0) json["requests"] = s.requests;
  if (s.core) json["core"] = *s.core;
  return json;
}

double rate_of(const LoadFigures& f) { return f.seconds > 0 ? static_cast<double>(f.answers) / f.seconds : 0; }

std::string latency_line(const char* name, const LatencyFigures& f) {
  return fmt::format("{:10} min {:.1f}  mean {:.1f}  p50 {:.1f}  p90 {:.1f}  p99 {:.1f}  p99.9 {:.1f}  p99.99 {:.1f}  max {:.1f} us\n",
                     name, f.min, f.mean, f.p50, f.p90, f.p99, f.p999, f.p9999, f.max);
}

const char* name_of(LoadPhase phase) {
  switch (phase) {
    case LoadPhase::kStarting:
      return "starting";
    case LoadPhase::kFilling:
      return "filling";
    case LoadPhase::kWarmingUp:
      return "warming up";
    case LoadPhase::kMeasuring:
      return "measuring";
    case LoadPhase::kDraining:
      return "waiting for answers";
    default:
      return "done";
  }
}

}  // namespace

std::string load_json(const LoadSettings& settings, const LoadOutcome& outcome) {
  const LoadFigures& f = outcome.figures;
  Json json = {{"requests", f.requests},
               {"answers", f.answers},
               {"wrong", f.wrong},
               {"errors", f.errors},
               {"lost", f.lost},
               {"unsent", f.unsent},
               {"late", f.late},
               {"unexpected", f.unexpected},
               {"hits", f.hits},
               {"misses", f.misses},
               {"stored", f.stored},
               {"filled", f.filled},
               {"seconds", rounded(f.seconds)},
               {"rate", rounded(rate_of(f))}};
  json["offered"] = settings.rate.empty() ? Json() : Json(parse_rate(settings.rate)->per_second);
  json["latency_us"] = json_of(f.all);
  json["get_latency_us"] = json_of(f.gets);
  json["set_latency_us"] = json_of(f.sets);
  json["generator"] = {{"cpu_seconds", rounded(f.cpu_seconds)},
                       {"busy_share", rounded(outcome.busy_share)},
                       {"late_p99_us", settings.rate.empty() ? Json() : Json(rounded(f.lateness.p99))}};
  json["complaints"] = f.complaints;
  json["settings"] = json_of(settings);
  return json.dump(2) + "\n";
}

std::string load_text(const LoadSettings& settings, const LoadOutcome& outcome) {
  const LoadFigures& f = outcome.figures;
  std::string text;
  if (settings.fill) text += fmt::format("{:10} {} keys\n", "filled", f.filled);
  if (f.sending_seconds > 0) {
    text += fmt::format("{:10} {} in {:.3f} s, {} answered: {:.0f}/s\n", "requests", f.requests, f.seconds, f.answers, rate_of(f));
    text += fmt::format("{:10} {} hits, {} misses, {} stored, {} errors, {} lost, {} wrong\n", "answers", f.hits, f.misses, f.stored,
                        f.errors, f.lost, f.wrong);
    text += latency_line("latency", f.all);
    if (f.gets.count > 0 && f.sets.count > 0) text += latency_line("  gets", f.gets) + latency_line("  sets", f.sets);
    text += fmt::format("{:10} {:.3f} s of CPU, busy {:.1f} %", "generator", f.cpu_seconds, outcome.busy_share * 100);
    if (!settings.rate.empty())
      text += fmt::format(", p99 of requests left {:.1f} us late, {} were due and not sent", f.lateness.p99, f.unsent);
    text += "\n";
  }
  if (f.late + f.unexpected > 0) text += fmt::format("{:10} {} late answers, {} that answer nothing\n", "besides", f.late, f.unexpected);
  for (const std::string& complaint : f.complaints) text += complaint + "\n";
  return text;
}

std::string load_bar(const LoadFigures& f, double rate) {
  const int done = static_cast<int>(f.progress * kBarWidth);
  std::string text =
      fmt::format("{:19} [{:=<{}}{:{}}] {:3.0f} %  {:.0f}/s", name_of(f.phase), "", done, "", kBarWidth - done, f.progress * 100, rate);
  if (f.all.count > 0) text += fmt::format("  mean {:.1f} us  p99 {:.1f} us", f.all.mean, f.all.p99);
  if (f.lost > 0) text += fmt::format("  {} lost", f.lost);
  if (f.wrong > 0) text += fmt::format("  {} WRONG", f.wrong);
  return text;
}

}  // namespace smartswitch::command
