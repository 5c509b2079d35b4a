# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""The kinds of device that need no hardware, side by side."""

from harness.generator import Workload, most, opened
from harness.lab import LabError
from harness.result import Result
from harness.session import spread
from harness.systems import devices

TITLE = "devices side by side"
QUESTION = "What does it cost to reach the MemSwitch by each kind of device? Gets that its cache answers."
RATE = 1000
QUICK = {"af_packet", "af_xdp", "memif", "vhost"}


def run(session):
    result = Result("devices", TITLE, QUESTION)
    workload = Workload(keys=200)
    def measure(lab, running, _system):
        return {"low": opened(lab, running, workload, RATE, session.effort, clients=4), "saturation": most(lab, running, workload, session.effort)}

    systems = [system for system in devices() if not session.effort.quick or system.name in QUICK]
    found = session.rounds(result, systems, measure, workload, cached={system.name for system in systems}, optional=True)
    systems = [system for system in systems if system.name in found]
    if not systems:
        raise LabError("no kind of device could run")
    rows = []
    for system in systems:
        runs = found[system.name]
        bounds = sorted({run["saturation"]["limit"] for run in runs if run["saturation"]["limit"]})
        rows.append([system.title, spread(runs, "saturation", "rate").text(1e3), spread(runs, "saturation", "under_test_us").text(),
                     spread(runs, "work_us").text(), *(spread(runs, "low", "latency_us", name).text() for name in ("mean", "p99")),
                     ", ".join(bounds)])
    result.table(["clients behind", "k requests/s", "switch's CPU us per request", "of it work", f"mean us at {RATE:,}/s", "p99 us",
                  "rate bound by"], rows)
    rates = [(system, spread(found[system.name], "saturation", "rate")) for system in systems]
    result.plot("devices", "bars", title="Cached gets a second, by the clients' device", x="k requests/s", bars=[
        {"label": system.title, "kind": system.kind, "value": s.median / 1e3, "low": s.low / 1e3, "high": s.high / 1e3} for system, s in rates])
    result.note("Behind net_memif and net_vhost the client has no kernel either; both then poll.")
    return result
