# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""The paper's Figure 4."""

from harness.generator import Workload, closed, opened
from harness.result import Result
from harness.session import spread
from harness.statistics import ratio
from harness.systems import cached, direct, memswitch, twemproxy

TITLE = "value sizes from 32 bytes to 11 KiB"
QUESTION = "What does the size of values do to latency, and to the processor time of a request?"
ALL = [direct("tcp"), direct("udp"), twemproxy(2), memswitch(2), cached()]
RATE = 2000
BYTES_OF_A_DATAGRAM = 1392  # of a value, in memcached's replies over UDP (memcached.c, UDP_MAX_PAYLOAD_SIZE, less its frame header)
KEYS = 500


def datagrams(size):
    """How many the reply to a get has."""
    return -(-size // BYTES_OF_A_DATAGRAM)


def run(session):
    result = Result("figure4", TITLE, QUESTION)
    systems = ALL[2:] if session.effort.quick else ALL
    sizes = session.effort.pick([32, 11264], [32, 1024, 4096, 11264])
    found = {}
    for size in sizes:
        workload = Workload(KEYS, size)

        def measure(lab, running, system, workload=workload):
            return {"value_size": workload.value_size, "low": opened(lab, running, workload, RATE, session.effort, clients=4),
                    # Few under way: what comes back for one request is up to nine datagrams, and sockets hold 200 KiB.
                    "full": closed(lab, running, workload, 8, 1, session.effort)}

        session.progress.line(f"figure4: values of {size} bytes")
        found[size] = session.rounds(result, systems, measure, workload, cached={"memswitch_cache"})
    for title, path, unit in (("Mean latency at 2,000 requests/s", ("low", "latency_us", "mean"), "us"),
                              ("CPU of what is measured, closed loop of 8", ("full", "under_test_us"), "us per request")):
        rows = [[system.title, *(spread(found[size][system.name], *path).text() for size in sizes)] for system in systems]
        result.table([unit, *(f"{size:,} B" for size in sizes)], rows, title)
        name = "figure4_latency" if path[0] == "low" else "figure4_cpu"
        result.plot(name, "lines", title=title, x="bytes of a value", y=unit, log_x=True, log_y=True,
                    series=[{"label": system.title, "kind": system.kind,
                             "points": [[size, spread(found[size][system.name], *path).median] for size in sizes]} for system in systems])
    for name, meaning in (("memswitch_2", "MemSwitch"), ("memswitch_cache", "MemSwitch with cache"), ("twemproxy_2", "TwemProxy")):
        costs = [[run["full"]["under_test_us"] for run in found[size][name]] for size in (sizes[0], sizes[-1])]
        result.ratio(f"{name}_cost_of_size", ratio(costs[1], costs[0]), f"CPU per request: {meaning}, {sizes[-1]:,} B / {sizes[0]} B values",
                     better="lower")
    for name, meaning in (("memswitch_2", "MemSwitch"), ("memswitch_cache", "MemSwitch with cache")):
        packets = [[run["full"]["under_test_us"] / (1 + datagrams(size)) for run in found[size][name]] for size in (sizes[0], sizes[-1])]
        result.ratio(f"{name}_cost_of_size_by_packet", ratio(packets[1], packets[0]),
                     f"CPU per packet: {meaning}, {sizes[-1]:,} B / {sizes[0]} B values", better="lower", asked=1)
    result.note("The paper found no effect of the size on the switch. Over UDP a value of 11 KiB comes in nine datagrams: through the switch "
                "they pass one by one, from its cache it sends them.")
    return result
