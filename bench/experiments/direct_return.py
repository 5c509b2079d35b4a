# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""The redirect in the kernel, between hosts that each pay for what they receive."""

from harness.generator import Workload, best, saturations
from harness.rates import COLUMNS, per_core, row
from harness.receiving import among_hosts_that_pay
from harness.result import Result
from harness.statistics import ratio
from harness.systems import express, twemproxy

TITLE = "the kernel redirects, and servers answer directly"
QUESTION = "What does a request cost the switch's core if the kernel redirects it, and the reply goes another way or is redirected, too?"
REDIRECTS = [*(among_hosts_that_pay(express(mode), direct_return=True) for mode in ("generic", "native")),
             among_hosts_that_pay(express("generic", replies=True), direct_return=False)]


def run(session):
    result = Result("direct_return", TITLE, QUESTION)
    workload = Workload()

    def measure(lab, running, _system):
        by_window = saturations(lab, running, workload, session.effort)
        return {"saturation": best(by_window), "one_each": by_window["32"]}

    redirects = session.effort.pick(REDIRECTS[:1], REDIRECTS)
    systems = [among_hosts_that_pay(twemproxy(2), direct_return=False), *redirects]
    found = session.rounds(result, systems, measure, workload)
    result.table(COLUMNS, [row(system, found[system.name], "one_each") for system in systems], "32 clients, each with one request under way")
    result.table(COLUMNS, [row(system, found[system.name], "saturation") for system in systems], "Saturation: as many under way as suits each best")
    for which, under_way in (("one_each", "one request under way for each of 32 clients"), ("saturation", "as many under way as suits each best")):
        for system in redirects:
            result.ratio(f"{system.name}_over_twemproxy_per_core_{which}",
                         ratio(per_core(found[system.name], which).values, per_core(found["twemproxy_2"], which).values),
                         f"requests per core: {system.title} / TwemProxy, {under_way}", asked=8)
    bars = []
    for system in systems:
        against = ratio(per_core(found[system.name], "one_each").values, per_core(found["twemproxy_2"], "one_each").values)
        bars.append({"label": system.title, "kind": system.kind, "value": against.median, "low": against.low, "high": against.high})
    result.plot("direct_return", "bars", title="Requests a second per core of it, of TwemProxy's (32 clients, one request each)", x="of TwemProxy", bars=bars)
    result.note("\"Its\" processor time is that of nutcracker, or the switch, and of the kernel's threads that receive for its host. Replies of TwemProxy "
                "have to come back through it; the MemSwitch's servers answer clients by another cable, but for \"replies too\".")
    return result
