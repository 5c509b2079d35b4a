# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""The hosts of scripts/hosts.py, with everything on a core of its own where there are enough:

    core 1       what is measured: the switch, nutcracker, or memcached if it is asked directly
    core 0       the load generator, and the servers where there are but two cores
    core 2, 3    the servers, where there are more

nutcracker runs on the switch's host, which gets an address and routes for it; so its packets take the same cables as the switch's."""

import os
import pathlib
import signal

from harness.paths import SMARTSWITCH
from hosts import HOSTS, LIBC, MEMCACHED_PORT, PR_SET_PDEATHSIG, SERVERS, Lab, LabError, until

CLIENT = HOSTS[0]
OWN = {host.role: host.address for host in HOSTS}
PROXY = "10.11.0.98"
PROXY_PORT = 22121
ON_TAP = "10.11.0.2"  # the switch's own host, as a client behind net_tap


class Placement:
    """Which core is whose, on a machine with so many."""

    def __init__(self, cores):
        if not cores:
            raise ValueError("no cores")
        self.generator = cores[0]
        self.under_test = cores[1] if len(cores) > 1 else cores[0]
        if len(cores) >= 4:
            self.servers = [cores[2], cores[3]]
        else:
            self.servers = [cores[2] if len(cores) == 3 else self.generator] * 2

    def text(self):
        servers = " and ".join(map(str, sorted(set(self.servers))))
        return f"core {self.under_test}: what is measured; {self.generator}: the load generator; servers on {servers}"


def die_with_parent():
    """For programs that are started without a host: they end with this one, however it ends."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def pin(pid, core):
    """All threads of a process that has started."""
    for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            os.sched_setaffinity(int(thread.name), {core})
        except ProcessLookupError:
            pass


class BenchLab(Lab):
    """A Lab in which both servers run memcached (one thread each), pinned."""

    def __init__(self):
        super().__init__()
        self.placement = Placement(sorted(os.sched_getaffinity(0)))
        self.filled = None

    def __enter__(self):
        super().__enter__()
        try:
            self._give_the_switch_an_address()
            for role in SERVERS:
                self.start_memcached(role, memory=1024)
        except BaseException:
            self._stack.close()
            raise
        return self

    def _give_the_switch_an_address(self):
        self.ip("switch", "address", "add", PROXY + "/32", "dev", "lo")
        for host in HOSTS:
            self.ip("switch", "route", "add", host.address + "/32", "dev", host.role, "src", PROXY)
            self.sysctl("switch", f"net/ipv4/conf/{host.role}/rp_filter", 0)
        self.sysctl("switch", "net/ipv4/conf/all/rp_filter", 0)

    def place_servers(self, under_test=False):
        """On their cores; `under_test`: server1 is what is measured."""
        for role, core in zip(SERVERS, self.placement.servers):
            pin(self.servers[role].pid, self.placement.under_test if under_test and role == "server1" else core)

    def fill(self, keys, value_size):
        """Gives each server all keys, from its own host, so that any of them can answer any."""
        if self.filled == (keys, value_size):
            return
        for role in SERVERS:
            self.flush(role)
            done = self.run(role, SMARTSWITCH, "load", "--server", OWN[role], "--protocol", "tcp", "--keys", keys, "--value-size", value_size,
                            "--fill", "--window", 16, "--for", "0s", "--json", timeout=300)
            if done.returncode != 0:
                raise LabError(f"{role} could not be filled: {done.stderr.strip()}")
        self.filled = (keys, value_size)

    def start_nutcracker(self, servers):
        """One thread is all it has. Its connections to the servers are made beforehand, and no server is ever ejected."""
        configuration = self.directory / "nutcracker.yml"
        lines = "".join(f"    - {OWN[role]}:{MEMCACHED_PORT}:1 mc{number + 1}\n" for number, role in enumerate(SERVERS[:servers]))
        configuration.write_text(f"bench:\n  listen: {PROXY}:{PROXY_PORT}\n  hash: fnv1a_64\n  distribution: ketama\n  preconnect: true\n"
                                 f"  auto_eject_hosts: false\n  server_connections: 1\n  backlog: 1024\n  servers:\n{lines}")
        log = self.directory / "nutcracker.log"
        process = self.start("switch", "taskset", "-c", self.placement.under_test, "nutcracker", "-c", configuration, "-o", log,
                             "-p", self.directory / "nutcracker.pid", "-s", 22222, "-a", "127.0.0.1")

        def listens():
            if process.poll() is not None:
                raise LabError(f"nutcracker ended with code {process.returncode}: {log.read_text() if log.exists() else ''}")
            return self.run("switch", "ss", "-Hltn", f"sport = :{PROXY_PORT}").stdout.strip()

        until(listens, "nutcracker to listen")
        return process

    def end(self, process):
        """Ends one of the programs that were started here."""
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=10)
            except Exception:
                process.kill()
                process.wait()
                raise
