# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""The paper's Table 1."""

import dataclasses

from harness import paper
from harness.generator import Workload, latencies
from harness.lab import LabError
from harness.result import Result
from harness.session import spread
from harness.statistics import ratio
from harness.systems import cached, direct, memif, memswitch, twemproxy

TITLE = "latency at 100 requests a second"
QUESTION = "What does each way add to a request's latency when nobody else asks?"
# As the paper's switch, ours polls its devices all the time. What it costs to let it sleep instead: the experiment `idle`.
SYSTEMS = [direct("tcp"), twemproxy(2), direct("udp"), memswitch(2, idle="poll"), cached(idle="poll")]
ON_DPDK = [direct("udp", device=True), dataclasses.replace(memif(idle="poll"), title="MemSwitch with cache, client on DPDK (memif)")]
NORMAL = {"twemproxy_2": "direct_tcp", "memswitch_2": "direct_udp", "memswitch_cache": "direct_udp", "memif": "direct_udp_dpdk"}
PAPERS = {"twemproxy_2": paper.TWEMPROXY_OVER_DIRECT, "memswitch_cache": paper.CACHED_OVER_DIRECT}
RATE = 100


def run(session):
    result = Result("table1", TITLE, QUESTION)
    workload = Workload(keys=200)
    seconds = session.effort.pick(0.6, 3.0)

    def measure(lab, running, _system):
        return latencies(lab, running, workload, RATE, seconds, session.effort.warm_up)

    found = session.rounds(result, SYSTEMS, measure, workload, cached={"memswitch_cache"})
    systems = list(SYSTEMS)
    try:
        found.update(session.rounds(result, ON_DPDK, measure, workload, cached={"memif"}))
        systems += ON_DPDK
    except LabError as error:
        result.note(f"The client without a kernel could not run: {str(error).splitlines()[0]}.")
    _tables(result, found, systems)
    _ratios(result, found)
    return result


def _means(runs):
    return [run["latency_us"]["mean"] for run in runs]


def _tables(result, found, systems):
    rows, bars = [], []
    for system in systems:
        runs = found[system.name]
        cells = [spread(runs, "latency_us", name).text() for name in ("min", "mean", "p99", "max")]
        base = NORMAL.get(system.name, system.name)
        normal = ratio(_means(runs), _means(found[base]))
        titles = {s.name: s.title for s in systems}
        rows.append([system.title, *cells, f"{normal.text()} of {titles[base]}" if base != system.name else "1",
                     f"{PAPERS[system.name]:g}" if system.name in PAPERS else ""])
        bars.append({"label": system.title, "kind": system.kind, "value": normal.median, "low": normal.low, "high": normal.high,
                     "paper": PAPERS.get(system.name)})
    result.table([f"us at {RATE} requests/s", "least", "mean", "p99", "most", "mean, normalised", "paper"], rows)
    result.plot("table1", "bars", title=f"Mean latency at {RATE} requests/s, of memcached's own", x="of direct, over the same protocol", bars=bars)


def _ratios(result, found):
    def over_direct(name, meaning, **what):
        if name in found:
            result.ratio(f"{name}_over_direct_latency", ratio(_means(found[name]), _means(found[NORMAL[name]])), meaning, better="lower", **what)

    over_direct("twemproxy_2", "mean latency: TwemProxy / direct TCP", paper=paper.TWEMPROXY_OVER_DIRECT)
    over_direct("memswitch_2", "mean latency: MemSwitch / direct UDP", asked=1.05)
    over_direct("memswitch_cache", "mean latency: cached keys / direct UDP", asked=0.6, paper=paper.CACHED_OVER_DIRECT)
    over_direct("memif", "mean latency: cached keys / direct UDP, client on DPDK", asked=0.11, paper=paper.CACHED_OVER_DIRECT)
