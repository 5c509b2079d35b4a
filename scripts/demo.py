# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""The second half of scripts/demo: hosts, memcached, the switch, requests, and what came of them.

Every number is read where it arises: the client says what it was answered and how fast, each memcached how many requests it saw, and
the switch how many gets it answered itself, and how many it sent on its own to fill its cache. They must add up.
"""

import os
import pathlib
import sys

from hosts import DIRECT, HOSTS, ROOT, SERVERS, SERVICE, Lab, LabError

BIN = pathlib.Path(os.environ.get("SMARTSWITCH_BIN", ROOT / "build/release/bin"))
CONFIG = ROOT / "configs/memswitch.yaml"
KEYS = 4000
LOAD_REQUESTS = 30000
DIRECT_KEYS = 1_000_000  # the first of those that only server1 has, for the way without the switch


class Demo:
    def __init__(self, lab):
        self.lab = lab
        self.results = []  # of all requests that went through the switch

    def ask(self, *words):
        return self.lab.client(BIN / "memcached_client", *words)

    def asked_at_servers(self):
        stats = {role: self.lab.stats(role) for role in SERVERS}
        return {role: int(s["cmd_get"]) + int(s["cmd_set"]) for role, s in stats.items()}

    def measure(self, title, *words, server=SERVICE):
        result = self.ask("run", "--server", server, *words)
        if server == SERVICE:
            self.results.append(result)
        print(f"  {title:42} {result['requests']:9,} {result['p50_us']:8.0f} us {result['p99_us']:8.0f} us {result['rps']:11,.0f}/s", flush=True)
        return result

    def run(self):
        """Returns the totals of all requests through the switch: requests, wrong, lost, hits, the switch's own gets, and how many each server saw."""
        lab = self.lab
        for role in SERVERS:
            lab.start_memcached(role)
        switch = lab.start_switch(BIN / "smartswitch", CONFIG)
        switch.wait_until(lab.service_answers, f"ping to {SERVICE}")
        print("hosts      " + ", ".join(f"{h.role} {h.address}" for h in HOSTS) + f"; all servers are {SERVICE} too")
        print(f"switch     smartswitch run {CONFIG.relative_to(ROOT)}, on three network interfaces by af_packet")

        loaded = self.ask("load", "--server", SERVICE, "--keys", KEYS)
        only_direct = self.ask("load", "--server", DIRECT, "--first-key", DIRECT_KEYS, "--keys", KEYS)
        for answer in (loaded, only_direct):
            if answer["stored"] != KEYS:
                raise LabError(f"only {answer['stored']} of {KEYS} keys could be stored: {answer['complaints']}")
        print(f"keys       {KEYS} stored through the switch, each at the server that its key chooses\n")
        before = self.asked_at_servers()

        keys = ("--keys", KEYS, "--at-least", loaded["version"])
        one_by_one = (*keys, "--in-order", "--requests", KEYS, "--window", 1)
        print(f"  {'':42} {'requests':>9} {'median':>11} {'99 %':>11} {'rate':>13}")
        self.measure("the first time: from the servers", *one_by_one)
        self.measure("again: from the switch's cache", *one_by_one)
        self.measure("5 % sets, 16 at once", *keys, "--requests", LOAD_REQUESTS, "--get-ratio", 0.95, "--window", 16)
        after = self.asked_at_servers()
        self.measure("for comparison: server1 without the switch", "--first-key", DIRECT_KEYS, *keys, "--in-order", "--requests", KEYS,
                     "--window", 1, server=DIRECT)

        code = switch.stop()
        if code != 0:
            raise LabError(f"the switch ended with code {code}:\n{switch.log.read_text()}")
        totals = {name: sum(r[name] for r in self.results) for name in ("requests", "wrong", "lost")}
        totals["hits"] = switch.counter("cache", "hits")
        totals["fetched"] = switch.counter("fetched", "replies")
        totals.update({role: after[role] - before[role] for role in SERVERS})
        for result in self.results:
            sys.stderr.write(result["complaints"])
        return totals


def verdict(totals):
    """What the demo promises and did not keep."""
    faults = []
    if totals["wrong"] or totals["lost"]:
        faults.append("there were wrong or lost answers")
    if totals["hits"] == 0:
        faults.append("the cache answered nothing")
    faults += [f"{role} got no requests" for role in SERVERS if totals[role] == 0]
    answered = totals["hits"] + sum(totals[role] for role in SERVERS)
    if not faults and answered != totals["requests"] + totals["fetched"]:
        faults.append(f"{totals['requests']} requests and {totals['fetched']} of the switch's own, but cache and servers answered {answered}")
    return faults


def main():
    try:
        with Lab() as lab:
            totals = Demo(lab).run()
    except (LabError, TimeoutError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    share = ", ".join(f"{role} {totals[role]:,}" for role in SERVERS)
    print(f"\nanswered   by the switch {totals['hits']:,}, by {share}; {totals['fetched']:,} of these asked by the switch for its cache")
    print("""
Try next:
  build/release/bin/smartswitch graph configs/memswitch.yaml -o memswitch.svg    the graph, drawn
  edit configs/memswitch.yaml (give mc2 `weight: 3`, or take `cache` out of the path) and run scripts/demo again
  scripts/hosts.py                                                               the same hosts, for trying things by hand
""")
    faults = verdict(totals)
    for fault in faults:
        print(f"demo: {fault}", file=sys.stderr)
    print("demo: " + " ".join(f"{name}={totals[name]}" for name in ("requests", "wrong", "lost", "hits", "fetched", *SERVERS)))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
