# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""A cache that holds less than all."""

from harness.generator import Workload, call_load, run_load, warm_cache
from harness.lab import SERVERS
from harness.result import Result
from harness.session import spread
from harness.systems import cached

TITLE = "hit ratio against throughput"
QUESTION = "What does the cache bring when it holds a part of the items only? Zipf 0.99, 1,000-byte values."
BYTES_OF_AN_ITEM = 1080  # key, value, and what the cache keeps of each
MIB = 1 << 20
LEAST_MIB = 4  # of a KeyCache


def run(session):
    result = Result("hit_ratio", TITLE, QUESTION)
    workload = Workload(session.effort.pick(10_000, 40_000), 1000, "zipf:0.99")
    data = workload.keys * BYTES_OF_AN_ITEM
    shares = session.effort.pick([0.4, 1.0], [0.1, 0.25, 0.5, 1.0])
    systems = [cached(memory=f"{max(LEAST_MIB, round(share * data / MIB))}MiB", name=f"{share:g}", title=f"{share:.0%}") for share in shares]

    def measure(lab, running, _system):
        words = ["--clients", 32, "--window", 2]
        # Everything was asked for at some time, or else what is asked for rarely would count as missing at any size.
        warm_cache(lab, running, workload)
        call_load(lab, running, workload, words, session.effort.pick(0.6, 3.0), 0)
        before = sum(lab.gets_by_server().values())
        measured = run_load(lab, running, workload, words, session.effort.pick(0.7, 2.0), 0)
        asked = sum(lab.gets_by_server().values()) - before
        return {**measured, "hit_ratio": 1 - asked / measured["answers"]}

    found = session.rounds(result, systems, measure, workload)
    rows, points = [], []
    for system in systems:
        runs = found[system.name]
        rows.append([system.title, spread(runs, "hit_ratio").text(0.01), spread(runs, "rate").text(1e3), spread(runs, "under_test_us").text(),
                     spread(runs, "latency_us", "mean").text()])
        points.append([spread(runs, "hit_ratio").median * 100, spread(runs, "rate").median / 1e3])
    result.table(["memory, of all items'", "hit ratio, %", "k requests/s", "switch's CPU us per request", "mean us"], rows)
    result.plot("hit_ratio", "lines", title="Throughput over hit ratio (closed loop of 128)", x="gets that no server saw, %", y="k requests/s",
                series=[{"label": "MemSwitch with cache", "kind": "ours", "points": points}])
    result.note(f"A hit is a get that no server saw; the switch's own fetches are taken off. {workload.keys:,} items, {data / MIB:.0f} MiB, "
                f"{len(SERVERS)} servers.")
    return result
