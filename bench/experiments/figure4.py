# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""The paper's Figure 4."""

import dataclasses

from harness.generator import Workload, closed, opened
from harness.receiving import among_hosts_that_pay
from harness.result import Result
from harness.session import spread
from harness.statistics import Spread, ratio
from harness.systems import cached, direct, express, memif, memswitch, twemproxy

TITLE = "value sizes from 32 bytes to 11 KiB"
QUESTION = "What does the size of values do to latency, and to the processor time of a request?"
ALL = [direct("tcp"), direct("udp"), twemproxy(2), memswitch(2), cached()]
WITHOUT_KERNEL = memif()


def _where_each_pays(system, title, direct_return=False):
    system = among_hosts_that_pay(system, direct_return)
    return dataclasses.replace(system, name=f"{system.name}_each_pays", title=f"{title}; each host pays for what it receives")


EACH_PAYS = [_where_each_pays(cached(), "MemSwitch with cache"),
             _where_each_pays(express("generic", replies=True), "MemSwitch, redirected by the kernel (XDP), replies too"),
             # As in the paper: what the servers answer does not come by.
             _where_each_pays(express("generic"), "MemSwitch, redirected by the kernel (XDP), servers answer directly", direct_return=True)]
RATE = 2000
BYTES_OF_A_DATAGRAM = 1392  # of a value, in memcached's replies over UDP (memcached.c, UDP_MAX_PAYLOAD_SIZE, less its frame header)
AROUND_IT = 8 + 8 + 20 + 14 + 24  # bytes of a datagram on the wire beside those: memcached's frame header, UDP, IP, Ethernet, preamble and gap
WIRE = 10e9  # bits a second, as the paper's cards have
KEYS = 500


def datagrams(size):
    """How many the reply to a get has."""
    return -(-size // BYTES_OF_A_DATAGRAM)


def wire_us(size):
    """How long the reply to a get takes on the paper's wire."""
    return (size + datagrams(size) * AROUND_IT) * 8 / WIRE * 1e6


def run(session):
    result = Result("figure4", TITLE, QUESTION)
    systems = ALL[2:] if session.effort.quick else [*ALL, *EACH_PAYS]
    sizes = session.effort.pick([32, 11264], [32, 1024, 4096, 11264])
    found = {}
    for size in sizes:
        workload = Workload(KEYS, size)

        def measure(lab, running, system, workload=workload):
            measured = {"value_size": workload.value_size,
                        # Few under way: what comes back for one request is up to nine datagrams, and sockets hold 200 KiB.
                        "full": closed(lab, running, workload, 8, 1, session.effort)}
            if system in ALL:
                measured["low"] = opened(lab, running, workload, RATE, session.effort, clients=4)
            return measured

        session.progress.line(f"figure4: values of {size} bytes")
        found[size] = session.rounds(result, systems, measure, workload, cached={system.name for system in systems if "cache" in system.name})
        found[size].update(session.rounds(result, [WITHOUT_KERNEL], measure, workload, cached={WITHOUT_KERNEL.name}))
    for title, path, unit in (("Mean latency at 2,000 requests/s", ("low", "latency_us", "mean"), "us"),
                              ("CPU of what is measured, closed loop of 8", ("full", "under_test_us"), "us per request")):
        shown = [system for system in systems if path[0] == "full" or system in ALL]
        rows = [[system.title, *(spread(found[size][system.name], *path).text() for size in sizes)] for system in shown]
        result.table([unit, *(f"{size:,} B" for size in sizes)], rows, title)
        name = "figure4_latency" if path[0] == "low" else "figure4_cpu"
        result.plot(name, "lines", title=title, x="bytes of a value", y=unit, log_x=True, log_y=True,
                    series=[{"label": system.title, "kind": system.kind,
                             "points": [[size, spread(found[size][system.name], *path).median] for size in sizes]} for system in shown])
    for name, meaning in (("memswitch_2", "MemSwitch"), ("memswitch_cache", "MemSwitch with cache"), ("twemproxy_2", "TwemProxy")):
        costs = [[run["full"]["under_test_us"] for run in found[size][name]] for size in (sizes[0], sizes[-1])]
        result.ratio(f"{name}_cost_of_size", ratio(costs[1], costs[0]), f"CPU per request: {meaning}, {sizes[-1]:,} B / {sizes[0]} B values",
                     better="lower")
    for name, meaning in (("memswitch_2", "MemSwitch"), ("memswitch_cache", "MemSwitch with cache")):
        packets = [[run["full"]["under_test_us"] / (1 + datagrams(size)) for run in found[size][name]] for size in (sizes[0], sizes[-1])]
        result.ratio(f"{name}_cost_of_size_by_packet", ratio(packets[1], packets[0]),
                     f"CPU per packet: {meaning}, {sizes[-1]:,} B / {sizes[0]} B values", better="lower", asked=1)
    longer = wire_us(sizes[-1]) - wire_us(sizes[0])
    for name, meaning, cost in (("memswitch_2", "MemSwitch", _all_of_it), ("memswitch_cache", "MemSwitch with cache", _all_of_it),
                                *((system.name, system.title, _all_of_it) for system in EACH_PAYS),
                                (WITHOUT_KERNEL.name, "MemSwitch with cache, its work, client on DPDK (memif)", _work)):
        if name not in found[sizes[0]]:
            continue
        small, large = ([cost(run) for run in found[size][name]] for size in (sizes[0], sizes[-1]))
        result.ratio(f"{name}_cost_of_bytes_by_wire", Spread((b - a) / longer for a, b in zip(small, large)),
                     f"CPU that the bytes add, {sizes[-1]:,} B against {sizes[0]} B, of their time on a wire of 10 Gbit/s: {meaning}", better="lower", asked=1)
    result.note("The paper found no effect of the size on the switch. Over UDP a value of 11 KiB comes in nine datagrams: through the switch "
                "they pass one by one, from its cache it sends them. Where servers answer clients directly, as in the paper, they do not come by. "
                "Where hosts do not pay for what they receive, sending contains the receiver's half of the cable and its network stack.")
    return result


def _all_of_it(run):
    return run["full"]["under_test_us"]


def _work(run):
    """Without polling in vain, which is most of what a switch does that nothing wakes."""
    return run["work_us"]
