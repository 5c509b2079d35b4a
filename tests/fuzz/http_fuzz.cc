// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Any bytes on a connection of the control API are requests that get an answer in HTTP and JSON, or a fault that does. The first byte says
// how many come at once, and whether the client has the token. No sockets: the server's own way from bytes to answers.
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "graph/load.h"
#include "runtime/control/encode.h"
#include "runtime/control/intake.h"
#include "runtime/control/switch_routes.h"

namespace {

using namespace smartswitch;
using namespace smartswitch::runtime::control;
using smartswitch::runtime::Json;

constexpr const char* kYaml =
    "smartswitch: 1\nelements: {source: {class: Source, count: 1}, count: Counter, end: Discard}\nconnections: [source -> count -> end]\n";

// A switch that never runs: there is something to tell of it nevertheless.
class Subject {
 public:
  Subject() {
    graph::LoadOptions options;
    options.use_environment = false;
    graph::Loaded loaded = graph::load_text(kYaml, "fuzz.yaml", options);
    Problems problems;
    live_ = runtime::Switch::create(std::move(*loaded.plan), {}, problems);
    if (!live_) std::abort();
    program_.stop = program_.drain = [] {};
    program_.change = [this](const std::function<void(runtime::Switch&)>& task) { task(*live_); };
    // Files are read by others than the API.
    program_.reload = [](const ReloadOrder& order, const Reply& reply) { reply(json_response({{"file", order.file}})); };
    add_switch_routes(router_, {*live_, program_, counts_, true});
  }
  [[nodiscard]] const Router& router() const { return router_; }

 private:
  std::unique_ptr<runtime::Switch> live_;
  Program program_;
  Counts counts_;
  Router router_;
};

void check(const Response& response, bool head) {
  const std::string text = encode(response, head ? Framing::kHead : Framing::kLength, true);
  if (response.type == "application/json" && !Json::accept(response.body)) std::abort();
  if (response.status >= 400 && Json::parse(response.body).value("error", "").empty()) std::abort();
  // Nothing of a request gets into the head of an answer.
  const std::string top = text.substr(0, text.find("\r\n\r\n"));
  for (std::size_t i = 0; i < top.size(); ++i) {
    const bool line_end = top[i] == '\r' && top.compare(i, 2, "\r\n") == 0;
    if (line_end) ++i;
    if (!line_end && (top[i] < ' ' || top[i] > '~')) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Subject subject;
  if (size == 0) return 0;
  const std::size_t piece = 1 + data[0] % 64;
  const bool has_token = data[0] < 128;
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  Limits limits;
  limits.header = 1024;
  limits.body = 1024;
  Intake intake(limits, [has_token](std::string_view) { return has_token; });
  while (true) {
    switch (intake.advance()) {
      case Intake::State::kMore:
        if (rest.empty()) return 0;
        intake.feed(rest.substr(0, piece));
        rest.remove_prefix(std::min(piece, rest.size()));
        break;
      case Intake::State::kContinue:
        break;
      case Intake::State::kComplete: {
        Incoming incoming = intake.take();
        const bool head = incoming.request.method == "HEAD";
        int answers = 0;
        subject.router().answer(std::move(incoming.request), incoming.target, incoming.has_token, [&](const Response& response) {
          ++answers;
          check(response, head);
        });
        if (answers != 1) std::abort();
        break;
      }
      case Intake::State::kFault:
        check(intake.fault(), false);
        return 0;
    }
  }
}
