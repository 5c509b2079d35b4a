// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/reload_json.h"
#include "runtime/control/switch_routes.h"
#include "runtime/control/value_json.h"

namespace smartswitch::runtime::control {
namespace {

// What the body says; null if it is empty. Nothing, and the client told, if it is no JSON.
std::optional<Json> body_of(const Request& request, const Reply& reply) {
  if (request.body.empty()) return Json();
  Json json = Json::parse(request.body, nullptr, false);
  if (!json.is_discarded()) return json;
  reply(fault_response(400, "the body is not JSON", R"(a text has quotes: "like this")"));
  return std::nullopt;
}

void reload(const Program& program, const Request& request, const Reply& reply) {
  const auto body = body_of(request, reply);
  if (!body) return;
  ReloadOrder order;
  if (body->is_object() || body->is_null()) {
    const Json members = body->is_null() ? Json::object() : *body;
    for (const auto& [name, value] : members.items()) {
      if (name == "file" && value.is_string()) {
        order.file = value.get<std::string>();
      } else if (name == "dry_run" && value.is_boolean()) {
        order.dry_run = value.get<bool>();
      } else {
        reply(fault_response(400, "a reload takes `file`, a path, and `dry_run`, true or false, but not `" + name + "` like this"));
        return;
      }
    }
    program.reload(std::move(order), reply);
    return;
  }
  reply(fault_response(400, "a reload takes an object", R"({"file": "/etc/smartswitch/x.yaml", "dry_run": true}, or nothing)"));
}

// How an object is asked for: its name and what of it, as the path has them.
struct Subject {
  ObjectKind kind;
  std::string object;
  std::string part;
};

const HandlerInfo* find_handler(const Switch& live, const Subject& target) {
  const auto plan = live.plan();
  const auto in = [&](const auto& list) -> const HandlerInfo* {
    for (const auto& item : list) {
      if (item.name == target.object) return item.info->handler(target.part);
    }
    return nullptr;
  };
  return target.kind == ObjectKind::kElement ? in(plan->elements) : in(plan->states);
}

void call(const SwitchRoutes& routes, const Subject& target, bool may_change, Value argument, const Reply& reply) {
  const HandlerInfo* handler = find_handler(routes.live, target);
  if (handler != nullptr && handler->changes && !may_change) {
    Response refusal = fault_response(405, "`" + target.part + "` changes `" + target.object + "`: it is not asked but told", "POST it");
    refusal.headers.emplace_back("Allow", "POST");
    reply(std::move(refusal));
    return;
  }
  routes.program.change([target, argument = std::move(argument), reply](Switch& live) {
    Problems problems;
    const auto result = live.call(target.kind, target.object, target.part, argument, problems);
    reply(result ? json_response({{"result", value_json(*result)}}) : refusal_response(problems));
  });
}

void set(const SwitchRoutes& routes, const Subject& target, Value value, const Reply& reply) {
  routes.program.change([target, value = std::move(value), reply](Switch& live) {
    Problems problems;
    auto plan = with_parameter(*live.plan(), target.kind, target.object, target.part, value, problems);
    const auto report = plan ? live.reload(std::move(*plan), problems) : std::nullopt;
    reply(report ? reload_response(*report, false) : refusal_response(problems));
  });
}

}  // namespace

void add_change_routes(Router& router, const SwitchRoutes& routes) {
  router.add_later("POST", "/v1/reload",
                   "Changes over to a configuration file, the one that runs if none is named, or says what that would change.",
                   [routes](const Request& request, const Reply& reply) { reload(routes.program, request, reply); });
  const auto add_for = [&](ObjectKind kind, const std::string& path, const std::string& what) {
    const auto target = [kind](const Request& r, const char* part) { return Subject{kind, r.value("name"), r.value(part)}; };
    router.add_later("GET", path + "/{name}/handlers/{handler}", "What a handler of " + what + " tells; `?argument=` if it takes one.",
                     [routes, target](const Request& request, const Reply& reply) {
                       const auto argument = request.query.find("argument");
                       call(routes, target(request, "handler"), false, argument == request.query.end() ? Value() : Value(argument->second),
                            reply);
                     });
    router.add_later("POST", path + "/{name}/handlers/{handler}", "Calls a handler of " + what + ", with the body as its argument.",
                     [routes, target](const Request& request, const Reply& reply) {
                       const auto body = body_of(request, reply);
                       if (body) call(routes, target(request, "handler"), true, value_from_json(*body), reply);
                     });
    router.add_later("PUT", path + "/{name}/parameters/{parameter}",
                     "Gives a parameter of " + what + " another value, until the next reload.",
                     [routes, target](const Request& request, const Reply& reply) {
                       const auto body = body_of(request, reply);
                       if (body) set(routes, target(request, "parameter"), value_from_json(*body), reply);
                     });
  };
  add_for(ObjectKind::kElement, "/v1/elements", "an element");
  add_for(ObjectKind::kState, "/v1/states", "a state object");
}

}  // namespace smartswitch::runtime::control
