# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""The paper's claim of 10 million requests a second on one core; what composing from elements costs."""

from harness import paper
from harness.lab import LabError
from harness.programs import by_repetition, core_under_test, google_benchmark, run as run_program, spreads
from harness.result import Result
from harness.statistics import Spread, ratio

TITLE = "one core, in memory"
QUESTION = "How many requests a second does one core switch or answer without cables in the way, and what share is that of a loop written by hand?"
NAMES = {"harness": "harness: packets given out and taken back, nothing else", "memswitch/fused": "the redirect in one hand-written loop",
         "memswitch/composed": "the redirect, composed", "memswitch/cache_hit": "hits, a million keys, uniform",
         "memswitch/cache_hit/zipf": "hits, a million keys, Zipf 0.99"}


def run(session):
    result = Result("one_core", TITLE, QUESTION)
    effort = session.effort
    session.close_lab()
    session.progress.step("one_core", "bench_pipeline")
    names = {name: title for name, title in NAMES.items() if not effort.quick or "zipf" not in name}
    core = core_under_test()
    measured = google_benchmark("bench_pipeline", f"--benchmark_repetitions={effort.pick(3, 9)}", f"--benchmark_min_time={effort.pick(0.05, 0.3)}",
                                "--benchmark_enable_random_interleaving=true", f"--benchmark_filter=^({'|'.join(names)})$",
                                core=core)
    rates = {name: by_repetition(measured, name) for name in names}
    for name, values in rates.items():
        result.sample(benchmark=name, rates=values)
    papers = {"memswitch/composed": f"{paper.MEMSWITCH_CORE_RATE / 1e6:g}"}
    result.table(["M requests/s, one core", "", "of fused", "paper"],
                 [[title, Spread(rates[name]).text(1e6), ratio(rates[name], rates["memswitch/fused"]).text(), papers.get(name, "")]
                  for name, title in names.items()], "Without devices (bench_pipeline)")
    result.plot("one_core", "bars", title="One core, 64 servers, 72-byte gets, no devices", x="M requests/s", bars=[
        {"label": title.split(":")[0], "kind": "direct" if name in ("harness", "memswitch/fused") else "ours", "value": s.median / 1e6,
         "low": s.low / 1e6, "high": s.high / 1e6, "paper": paper.MEMSWITCH_CORE_RATE / 1e6 if name == "memswitch/composed" else None}
        for name, title in names.items() for s in [Spread(rates[name])]])
    result.ratio("composed_over_fused", ratio(rates["memswitch/composed"], rates["memswitch/fused"]), "composed / fused by hand, in memory", asked=0.85)
    result.ratio("hit_over_composed", ratio(rates["memswitch/cache_hit"], rates["memswitch/composed"]), "cache hit / redirect, in memory")
    _devices(session, result, core)
    return result


def _devices(session, result, core):
    cases = {}
    # A process each: where its packets lie in memory is worth up to a tenth, and is the same for all rounds of a process.
    processes = session.effort.pick(3, 9)
    for process in range(processes):
        session.progress.step("one_core", f"bench_devices, {process + 1} of {processes}")
        try:
            once = spreads(run_program("bench_devices", "--rounds", 1, "--seconds", session.effort.pick(0.2, 1), "--core", core))
        except LabError as error:
            result.note(f"Over devices: {error}")
            return
        for case, lines in once.items():
            for line, value in lines.items():
                cases.setdefault(case, {}).setdefault(line, []).append(value.median)
    rows = []
    for case, lines in cases.items():
        lines = {line: Spread(values) for line, values in lines.items()}
        result.sample(device=case, **{name: lines[line].values for name, line in (("bare", "bare DPDK loop"), ("composed", "composed from YAML"))})
        share = lines["composed / bare"]
        rows.append([f"net_{case}", lines["bare DPDK loop"].text(), lines["composed from YAML"].text(), share.text(),
                     f"{paper.FASTCLICK_SHARE[case]:.2f}"])
        result.ratio(f"composed_over_bare_{case}", share, f"composed / bare DPDK loop, net_{case}", asked=round(1.4 * paper.FASTCLICK_SHARE[case], 2))
    result.table(["Mpps, 16 servers", "bare DPDK loop", "composed", "composed / bare", "FastClick / bare (elsewhere)"], rows,
                 "Over devices (bench_devices)")
