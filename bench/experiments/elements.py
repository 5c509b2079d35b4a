# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""Every element's cost."""

from harness.programs import core_under_test, google_benchmark
from harness.result import Result
from harness.statistics import Spread, number

TITLE = "every element"
QUESTION = "How many nanoseconds a packet does each element take, at batches of 1 to 64, less what is around it?"
BATCHES = ["1", "8", "32", "64"]


def run(session):
    result = Result("elements", TITLE, QUESTION)
    session.close_lab()
    costs, choices = {}, {}
    batches = session.effort.pick(BATCHES[2:3], BATCHES)
    only = session.effort.pick("/32/|^choose/|^[A-Za-z]*$", ".")
    for turn in range(session.effort.pick(1, 2)):
        session.progress.step("elements", f"bench_elements, time {turn + 1}")
        for one in google_benchmark("bench_elements", f"--benchmark_filter={only}", core=core_under_test()):
            parts = one["name"].split("/")
            if parts[0] == "choose":
                choices.setdefault("/".join(parts[1:]), []).append(one["cpu_time"])
            elif len(parts) > 1:
                costs.setdefault(parts[0], {}).setdefault(parts[1], []).append(one["ns_per_packet"])
            else:
                costs.setdefault(parts[0], {})["32"] = [one["ns_per_packet"]]  # a source decides itself how many it makes
    # Disturbances only add: the least is the best guess.
    rows = sorted([[name, *(number(max(0, min(by_batch[b])), 1) if b in by_batch else "" for b in batches)] for name, by_batch in costs.items()])
    result.table(["ns a packet, at batches of", *batches], rows)
    result.table(["choosing one of 64 servers", "ns a key"], [[name, Spread(values).text()] for name, values in choices.items()])
    result.sample(costs=costs, choices=choices)
    if "PassThrough" in costs and "Counter" in costs:
        result.note(f"A hop (PassThrough) costs {number(max(0, min(costs['PassThrough']['32'])), 2)} ns a packet at batches of 32.")
    dearest = sorted(costs, key=lambda name: -min(costs[name]["32"]))[:20]
    result.plot("elements", "bars", title="The 20 dearest elements at batches of 32", x="ns a packet", bars=[
        {"label": name, "kind": "ours", "value": s.low, "low": s.low, "high": s.high} for name in dearest for s in [Spread(costs[name]["32"])]])
    return result
