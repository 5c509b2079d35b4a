# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""Cost against the number of servers, keys and flows, in memory."""

from harness.lab import LabError
from harness.programs import core_under_test, exists, google_benchmark
from harness.result import Result
from harness.statistics import Spread

TITLE = "servers, keys, flows"
QUESTION = "How does the cost of a request grow with what the switch has to know?"

SLOW_TO_PREPARE = r"-/100000000$|^hits/keys/10000000$"  # a minus: all but these


def run(session):
    result = Result("sweep", TITLE, QUESTION)
    if not exists("bench_sweep"):
        result.note("bench_sweep is not among the programs that were built: nothing was measured.")
        return result
    session.close_lab()
    session.progress.step("sweep", "bench_sweep")
    words = session.effort.pick(["--benchmark_min_time=0.02", f"--benchmark_filter={SLOW_TO_PREPARE}"],
                                ["--benchmark_min_time=0.1", "--benchmark_repetitions=3", "--benchmark_enable_random_interleaving=true"])
    curves = {}
    for one in google_benchmark("bench_sweep", *words, core=core_under_test()):
        name, _, argument = one["name"].rpartition("/")
        if argument.isdigit() and "items_per_second" in one:
            curves.setdefault(name, {}).setdefault(int(argument), []).append(one["items_per_second"])
    if not curves:
        raise LabError("bench_sweep has measured nothing with a name NAME/ARGUMENT and items_per_second")
    result.sample(curves=curves)
    for name, points in curves.items():
        counts = sorted(points)
        result.table([name, *(f"{count:,}" for count in counts)], [["M requests/s", *(Spread(points[count]).text(1e6) for count in counts)]])
        rates = Spread(points[counts[-1]]).median / Spread(points[counts[0]]).median
        result.ratio(f"{name.replace('/', '_')}_most_over_least", Spread([rates]), f"rate: {name} at {counts[-1]:,} / at {counts[0]:,}")
    result.plot("sweep", "lines", title="One core, in memory", x="how many", y="M requests/s", log_x=True, series=[
        {"label": name, "kind": "ours", "points": [[count, Spread(values).median / 1e6] for count, values in points.items()]}
        for name, points in curves.items()])
    return result
