# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""Latencies that few requests meet."""

from harness.generator import Workload, one_each, opened
from harness.result import Result
from harness.session import spread
from harness.statistics import ratio
from harness.systems import cached, direct, memswitch, twemproxy

TITLE = "tail latency at 50 % and 80 % of saturation"
QUESTION = "What do the slowest of a hundred and of a thousand requests wait, at loads that each system bears?"
SHARES = ["0.5", "0.8"]


def run(session):
    result = Result("tails", TITLE, QUESTION)
    systems = session.effort.pick([twemproxy(2), memswitch(2)], [direct("udp"), twemproxy(2), memswitch(2), cached()])
    workload = Workload()
    seconds = session.effort.pick(0.7, 2.5)

    def measure(lab, running, _system):
        most = one_each(lab, running, workload, session.effort)["rate"]
        return {"saturation": most,
                "levels": {share: opened(lab, running, workload, float(share) * most, session.effort, seconds) for share in SHARES}}

    found = session.rounds(result, systems, measure, workload, cached={"memswitch_cache"})
    rows = []
    for system in systems:
        for share in SHARES:
            runs = [run["levels"][share] for run in found[system.name]]
            rows.append([f"{system.title}, {float(share):.0%}", spread(runs, "rate").text(1e3),
                         *(spread(runs, "latency_us", name).text() for name in ("p50", "p99", "p999")), spread(runs, "lost").text(digits=0)])
    result.table(["share of its own saturation by 32 clients, open loop", "k requests/s", "p50 us", "p99 us", "p99.9 us", "lost"], rows)
    for share in SHARES:
        result.ratio(f"memswitch_over_twemproxy_p99_{share}",
                     ratio(*([run["levels"][share]["latency_us"]["p99"] for run in found[name]] for name in ("memswitch_2", "twemproxy_2"))),
                     f"p99 at {float(share):.0%} of its own saturation: MemSwitch / TwemProxy", better="lower")
    result.plot("tails", "bars", title="p99 at 80 % of its own saturation", x="us", bars=[
        {"label": system.title, "kind": system.kind, "value": p99.median, "low": p99.low, "high": p99.high}
        for system in systems for p99 in [spread(found[system.name], "levels", "0.8", "latency_us", "p99")]])
    return result
