# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""The kinds of device that need no hardware, side by side."""

from harness.generator import Workload, opened, saturate
from harness.lab import LabError
from harness.result import Result
from harness.session import spread
from harness.systems import devices

TITLE = "devices side by side"
QUESTION = "What does it cost to reach the MemSwitch by each kind of device? Gets that its cache answers."
RATE = 1000


def run(session):
    result = Result("devices", TITLE, QUESTION)
    workload = Workload(keys=200)
    systems = _those_that_run(session, result, workload)

    def measure(lab, running, _system):
        return {"low": opened(lab, running, workload, RATE, session.effort, clients=4), "saturation": saturate(lab, running, workload, session.effort)}

    found = session.rounds(result, systems, measure, workload, cached={system.name for system in systems})
    rows = []
    for system in systems:
        runs = found[system.name]
        bounds = sorted({run["saturation"]["limit"] for run in runs if run["saturation"]["limit"]})
        rows.append([system.title, spread(runs, "saturation", "rate").text(1e3), spread(runs, "saturation", "under_test_us").text(),
                     spread(runs, "work_us").text(), *(spread(runs, "low", "latency_us", name).text() for name in ("mean", "p99")),
                     ", ".join(bounds)])
    result.table(["clients behind", "k requests/s", "switch's CPU us per request", "of it work", f"mean us at {RATE:,}/s", "p99 us", "rate bound by"], rows)
    rates = [(system, spread(found[system.name], "saturation", "rate")) for system in systems]
    result.plot("devices", "bars", title="Cached gets a second, by the clients' device", x="k requests/s", bars=[
        {"label": system.title, "kind": system.kind, "value": s.median / 1e3, "low": s.low / 1e3, "high": s.high / 1e3} for system, s in rates])
    result.note("Behind net_memif and net_vhost the client has no kernel either; both then poll.")
    return result


def _those_that_run(session, result, workload):
    """Tries each once: what this machine cannot do is said, and left out."""
    session.lab.fill(workload.keys, workload.value_size)
    running_ones = []
    for system in devices():
        session.progress.step("devices", "trying", system.title)
        try:
            with system.start(session.lab) as running:
                opened(session.lab, running, workload, RATE, session.effort, 0.5, clients=1)
            running_ones.append(system)
        except (LabError, TimeoutError, RuntimeError) as error:
            result.note(f"{system.title} could not run here: {_last_line(error)}")
    if not running_ones:
        raise LabError("no kind of device could run")
    return running_ones


def _last_line(error):
    return str(error).strip().splitlines()[-1]
