# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""The paper's Figure 3."""

from harness import paper
from harness.generator import Workload, best, opened, saturations
from harness.rates import COLUMNS, per_core, row
from harness.result import Result
from harness.session import spread
from harness.statistics import ratio
from harness.systems import cached, direct, memswitch, twemproxy

TITLE = "throughput against latency"
QUESTION = "What rate does each way to memcached reach, at what latency, and whose processor time does a request take?"
SYSTEMS = [direct("udp"), direct("tcp"), twemproxy(1), twemproxy(2), memswitch(1), memswitch(2), cached()]


def run(session):
    result = Result("figure3", TITLE, QUESTION)
    workload = Workload()
    shares = session.effort.pick([], [0.1, 0.3, 0.5, 0.7, 0.9])

    def measure(lab, running, _system):
        by_window = saturations(lab, running, workload, session.effort)
        one_each = by_window["32"]
        levels = {}
        for share in shares:
            levels[str(share)] = opened(lab, running, workload, share * one_each["rate"], session.effort)
        return {"saturation": best(by_window), "one_each": one_each, "levels": levels}

    found = session.rounds(result, SYSTEMS, measure, workload, cached={"memswitch_cache"})
    result.table(COLUMNS, [row(system, found[system.name], "saturation") for system in SYSTEMS], "Saturation: as many under way as suits each best")
    result.table(COLUMNS, [row(system, found[system.name], "one_each") for system in SYSTEMS], "32 clients, each with one request under way")
    _plots(result, found, shares)
    _ratios(result, found)
    result.note("\"Its\" processor time is that of what is measured: memcached, nutcracker or the switch, polling in vain included, and the "
                "kernel's work in its system calls. Requests per core are what a core full of it would do: one second by that time. "
                f"The MemSwitch's worker itself counts {_work(found['memswitch_2'])} us of work a request, over all loads of a round.")
    return result


def _work(runs):
    return spread(runs, "work_us").text()


def _plots(result, found, shares):
    series = []
    for system in SYSTEMS:
        runs = found[system.name]
        points = [[spread(runs, "levels", str(share), "rate").median / 1e3, spread(runs, "levels", str(share), "latency_us", "mean").median]
                  for share in shares]
        points += [[spread(runs, which, "rate").median / 1e3, spread(runs, which, "latency_us", "mean").median] for which in ("one_each", "saturation")]
        series.append({"label": system.title, "kind": system.kind, "points": points})
    result.plot("figure3", "lines", title="Mean latency at rising load (open loop; last two points: closed loop)", x="k requests/s", y="us",
                log_x=True, log_y=True, series=series, paper=[{"label": "direct", "x": paper.DIRECT_RATE / 1e3},
                                      {"label": "TwemProxy", "x": paper.TWEMPROXY_RATE / 1e3},
                                      {"label": "MemSwitch, 2 servers", "x": paper.MEMSWITCH_TWO_SERVERS_RATE / 1e3}])
    papers = {"twemproxy_1": paper.TWEMPROXY_RATE / paper.DIRECT_RATE, "memswitch_2": paper.MEMSWITCH_TWO_SERVERS_RATE / paper.DIRECT_RATE}
    bars = []
    for system in SYSTEMS:
        rates = ratio(_rates(found[system.name]), _rates(found["direct_tcp"]))
        bars.append({"label": system.title, "kind": system.kind, "value": rates.median, "low": rates.low, "high": rates.high,
                     "paper": papers.get(system.name)})
    result.plot("figure3_rates", "bars", title="Most requests a second, of memcached's own over TCP", x="of direct", bars=bars)
    bars = []
    for system in SYSTEMS[2:]:
        rates = ratio(per_core(found[system.name]).values, per_core(found["twemproxy_2"]).values)
        bars.append({"label": system.title, "kind": system.kind, "value": rates.median, "low": rates.low, "high": rates.high})
    result.plot("figure3_cores", "bars", title="Requests a second per core of it, of TwemProxy's", x="of TwemProxy with 2 servers", bars=bars)


def _rates(runs):
    return [run["saturation"]["rate"] for run in runs]


def _ratios(result, found):
    for servers in (1, 2):
        result.ratio(f"memswitch_over_twemproxy_{servers}_per_core",
                     ratio(per_core(found[f"memswitch_{servers}"]).values, per_core(found[f"twemproxy_{servers}"]).values),
                     f"requests per core: MemSwitch / TwemProxy, {servers} server{'s' * (servers > 1)}", asked=8)
    result.ratio("memswitch_over_twemproxy_per_core_one_each",
                 ratio(per_core(found["memswitch_2"], "one_each").values, per_core(found["twemproxy_2"], "one_each").values),
                 "the same with one request under way for each of 32 clients", asked=8)
    result.ratio("cache_over_twemproxy_per_core", ratio(per_core(found["memswitch_cache"]).values, per_core(found["twemproxy_2"]).values),
                 "requests per core: MemSwitch with cache / TwemProxy, 2 servers")
    result.ratio("memswitch_over_direct_rate", ratio(_rates(found["memswitch_2"]), _rates(found["direct_tcp"])),
                 "rate: MemSwitch, 2 servers / direct TCP", paper=paper.MEMSWITCH_TWO_SERVERS_RATE / paper.DIRECT_RATE)
    result.ratio("memswitch_over_twemproxy_rate", ratio(_rates(found["memswitch_2"]), _rates(found["twemproxy_2"])),
                 "rate: MemSwitch / TwemProxy, 2 servers", paper=paper.MEMSWITCH_TWO_SERVERS_RATE / paper.TWEMPROXY_RATE)
