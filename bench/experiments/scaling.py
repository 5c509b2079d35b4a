# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""Several workers."""

import os

from harness.programs import run as run_program, spreads
from harness.result import Result

TITLE = "one worker, two and four"
QUESTION = "What do further workers bring, when cache and pool are shared?"
CASES = {"nothing": "packets given out and taken back", "redirect": "gets to 64 servers", "hits": "32-byte values, 1 M keys, Zipf 0.99",
         "mix": "the same with 5 % sets"}


def run(session):
    result = Result("scaling", TITLE, QUESTION)
    session.close_lab()
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        result.note("This machine has one core.")
        return result
    session.progress.step("scaling", "bench_scaling")
    counts = ["two", "four"] if len(cores) >= 4 else ["two"]
    pinned = ",".join(map(str, cores[:2 * len(counts)]))
    cases = spreads(run_program("bench_scaling", "--rounds", session.effort.pick(3, 9), "--seconds", session.effort.pick(0.2, 0.7), "--cores", pinned))
    rows = []
    for case, lines in cases.items():
        row = [f"`{case}`: {CASES[case]}", lines["one worker"].text()]
        for count in counts:
            row += [lines[f"{count} workers"].text(), lines[f"{count} / one"].text()]
            if case != "nothing":
                result.ratio(f"{count}_workers_over_one_{case}", lines[f"{count} / one"], f"{count} workers / one, {case}",
                             asked=1.8 if count == "two" else None)
        rows.append(row)
    result.table(["M requests/s, in memory", "one worker", *(title for count in counts for title in (f"{count} workers", f"{count} / one"))], rows)
    for count in counts:
        result.plot("scaling" if count == "two" else f"scaling_{count}", "bars", title=f"{count.capitalize()} workers over one", x="times", bars=[
            {"label": case, "kind": "direct" if case == "nothing" else "ours", "value": s.median, "low": s.low, "high": s.high}
            for case, lines in cases.items() for s in [lines[f"{count} / one"]]])
    if len(counts) == 1:
        result.note(f"This machine has {len(cores)} cores; with four, four workers are measured, too.")
    return result
