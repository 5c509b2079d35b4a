# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""Several workers."""

import os

from harness.programs import run as run_program, spreads
from harness.result import Result

TITLE = "one worker and two"
QUESTION = "What does a second worker bring, when cache and pool are shared?"
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
    cases = spreads(run_program("bench_scaling", "--rounds", session.effort.pick(3, 9), "--seconds", session.effort.pick(0.2, 0.7),
                                "--cores", f"{cores[0]},{cores[1]}"))
    rows = []
    for case, lines in cases.items():
        two_over_one = lines["two / one"]
        rows.append([f"`{case}`: {CASES[case]}", lines["one worker"].text(), lines["two workers"].text(), two_over_one.text()])
        if case != "nothing":
            result.ratio(f"two_workers_over_one_{case}", two_over_one, f"two workers / one, {case}", asked=1.8)
    result.table(["M requests/s, in memory", "one worker", "two workers", "two / one"], rows)
    result.plot("scaling", "bars", title="Two workers over one", x="times", bars=[
        {"label": case, "kind": "direct" if case == "nothing" else "ours", "value": s.median, "low": s.low, "high": s.high}
        for case, lines in cases.items() for s in [lines["two / one"]]])
    result.note(f"This machine has {len(cores)} cores; four workers need five (`cores: [1, 2, 3, 4]` in configs/memswitch_rss.yaml)."
                if len(cores) < 5 else "Four workers: configs/memswitch_rss.yaml with `cores: [1, 2, 3, 4]`.")
    return result
