# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""What an idle switch costs, and what its waking costs."""

import pathlib
import re
import time

from harness.accounting import Sampler
from harness.generator import Workload, one_each, opened
from harness.result import Result
from harness.session import spread
from harness.statistics import Spread
from harness.systems import cached

TITLE = "processor time and waking, by idle policy"
QUESTION = "How much of a core does the MemSwitch take when there is little or nothing to do, and what does its waking add to latency?"
POLICIES = {"poll": "idle: poll", "adaptive": "idle: adaptive"}
SYSTEMS = [cached(policy, name=policy, title=title) for policy, title in POLICIES.items()]
SHARES = {"1 %": 0.01, "50 %": 0.5}


def _resident_mib(pid):
    """Memory of a process that is really there (proc(5), VmRSS)."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)[1]) / 1024


def run(session):
    result = Result("idle", TITLE, QUESTION)
    workload = Workload(keys=200)
    seconds = session.effort.pick(0.6, 2.5)

    def measure(lab, running, _system):
        with Sampler(running.under_test) as sampler:
            start = time.monotonic()
            time.sleep(seconds)
            nothing = sampler.between(start, time.monotonic())
        most = one_each(lab, running, workload, session.effort)["rate"]
        loads = {name: opened(lab, running, workload, share * most, session.effort, seconds, clients=8) for name, share in SHARES.items()}
        shares = {"nothing": nothing.processes["switch"], **{name: load["under_test_share"] for name, load in loads.items()}}
        return {"saturation": most, "resident_mib": _resident_mib(running.under_test["switch"]), "shares": shares, "loads": loads}

    found = session.rounds(result, SYSTEMS, measure, workload, cached=set(POLICIES))
    rows = []
    for system in SYSTEMS:
        runs = found[system.name]
        rows.append([system.title, *(spread(runs, "shares", load).text(0.01) for load in ("nothing", *SHARES)),
                     *(spread(runs, "loads", load, "latency_us", name).text() for load in SHARES for name in ("mean", "p99")),
                     spread(runs, "resident_mib").text(digits=0)])
    result.table(["gets that the cache answers; loads as shares of saturation", "% of a core at no load", *(f"at {load}" for load in SHARES),
                  *(f"{name} us at {load}" for load in SHARES for name in ("mean", "p99")), "MiB resident"], rows)
    nothing = spread(found["adaptive"], "shares", "nothing")
    result.ratio("idle_share_of_core", nothing, "share of a core: MemSwitch at no load, adaptive", better="lower", asked=0.02)
    added = Spread(a["loads"]["1 %"]["latency_us"]["p99"] - p["loads"]["1 %"]["latency_us"]["p99"]
                   for a, p in zip(found["adaptive"], found["poll"]))
    result.note(f"Its waking adds {added.text(digits=0)} us to the p99 at 1 % (asked: below 100 us).")
    result.plot("idle", "bars", title="Of a core, at no load and under load", x="%", bars=[
        {"label": f"{system.title}, {load}", "kind": "ours" if system.name == "adaptive" else "direct", "value": share.median * 100,
         "low": share.low * 100, "high": share.high * 100}
        for load in ("nothing", *SHARES) for system in SYSTEMS for share in [spread(found[system.name], "shares", load)]])
    return result
