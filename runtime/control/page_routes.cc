// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/page_routes.h"

#include <string>

namespace smartswitch::runtime::control {
namespace {

// Nothing but these files and this server: whatever a name in the switch may hold, it runs nothing and calls nobody.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

const char* type_of(std::string_view name) {
  if (name.ends_with(".html")) return "text/html; charset=utf-8";
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".svg")) return "image/svg+xml";
  return "application/octet-stream";
}

Response page_response(const EmbeddedFile& file) {
  Response response;
  response.type = type_of(file.name);
  response.body = file.text;
  response.headers = {{"Content-Security-Policy", kPolicy}, {"Referrer-Policy", "no-referrer"}, {"Cache-Control", "no-cache"}};
  return response;
}

}  // namespace

void add_page_routes(Router& router) {
  for (const EmbeddedFile& file : page_files()) {
    const std::string path = file.name == "index.html" ? "/" : "/" + std::string(file.name);
    const auto answer = [&file](const Request&) { return page_response(file); };
    router.add("GET", path, "A file of the web page.", answer, Access::kOpen);
  }
}

}  // namespace smartswitch::runtime::control
