#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""Hosts around the switch, as network namespaces on this machine:

    client 10.11.0.1 ---- client [ switch ] server1 ---- server1 10.11.0.11
                                 [        ] server2 ---- server2 10.11.0.12

A cable of its own joins 10.12.0.1 on the client to 10.12.0.11 on server1: the way without the switch, to compare with.

Both servers have the service address 10.11.0.100 on their loopback and don't answer ARP for it; the switch does. Nothing outside
the namespaces is touched, and everything is taken down at the end, however that comes.

As a command it makes the hosts, starts memcached on the servers and keeps both until Ctrl-C, for trying things by hand.
"""

import contextlib
import ctypes
import os
import json
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SERVICE = "10.11.0.100"
DIRECT = "10.12.0.11"
MEMCACHED_PORT = 11211
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


class Host:
    def __init__(self, role, number, mac):
        self.role = role
        self.address = f"10.11.0.{number}"
        self.address6 = f"fd00:11::{number}"
        self.mac = mac


HOSTS = [
    Host("client", 1, "02:00:00:00:00:01"),
    Host("server1", 11, "02:00:00:00:01:01"),
    Host("server2", 12, "02:00:00:00:01:02"),
]
SERVERS = [host.role for host in HOSTS if host.role != "client"]


class LabError(Exception):
    """Something could not be set up; the text says what and what to do."""


def until(condition, what, seconds=10.0):
    """Calls `condition` until it returns something true, and returns that; TimeoutError after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s in vain for {what}")
        time.sleep(0.01)


def command(*words):
    """Runs a set-up command; LabError with what it said if it fails."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"`{' '.join(words)}` failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def _die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Lab:
    """The hosts. A context manager: with Lab() as lab: ..."""

    def __init__(self, verbose=False):
        self.id = f"ss-{os.getpid()}"
        self.verbose = verbose
        self.directory = None
        self.servers = {}
        self._processes = []
        self._stack = contextlib.ExitStack()

    def __enter__(self):
        if os.geteuid() != 0:
            raise LabError("network namespaces need root: run this as root (sudo)")
        try:
            self._remove_orphans()
            self.directory = pathlib.Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix=self.id + "-")))
            self._stack.callback(self._take_down)
            for signal_number in (signal.SIGTERM, signal.SIGHUP):
                previous = signal.signal(signal_number, lambda number, frame: sys.exit(128 + number))
                self._stack.callback(signal.signal, signal_number, previous)
            self._set_up()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *exception):
        self._stack.close()

    # ---- the network

    def namespace(self, role):
        return f"{self.id}-{role}"

    @staticmethod
    def _remove_orphans():
        """Takes down what a killed run left behind: its processes died with it."""
        for line in command("ip", "netns", "list").splitlines():
            match = re.match(r"(ss-(\d+)-\w+)", line)
            if match and not pathlib.Path("/proc", match[2]).exists():
                subprocess.run(["ip", "netns", "del", match[1]], capture_output=True, check=False)

    def _set_up(self):
        try:
            for role in ["switch"] + [host.role for host in HOSTS]:
                command("ip", "netns", "add", self.namespace(role))
        except LabError as error:
            raise LabError(f"this system does not let us make network namespaces ({error}); it needs a kernel with CONFIG_NET_NS "
                           "and the capabilities CAP_NET_ADMIN and CAP_SYS_ADMIN (a container needs `--privileged`)") from error
        self.ip("switch", "link", "set", "lo", "up")
        for host in HOSTS:
            self._connect(host)
        self._connect_directly()

    def _connect_directly(self):
        command("ip", "link", "add", "eth1", "netns", self.namespace("client"), "type", "veth",
                "peer", "name", "eth1", "netns", self.namespace("server1"))
        for role, address in (("client", "10.12.0.1"), ("server1", DIRECT)):
            self.no_offloads(role, "eth1")
            self.ip(role, "link", "set", "eth1", "up")
            self.ip(role, "address", "add", address + "/24", "dev", "eth1")

    def no_offloads(self, role, device):
        """Real cards send whole checksums and single packets; so must these, for the switch to see what it would see there."""
        self.run(role, "ethtool", "-K", device, "tx", "off", "tso", "off", "gso", "off", "gro", "off", check=True)

    def _connect(self, host):
        command("ip", "link", "add", "eth0", "netns", self.namespace(host.role), "address", host.mac, "type", "veth",
                "peer", "name", host.role, "netns", self.namespace("switch"))
        self.no_offloads(host.role, "eth0")
        self.no_offloads("switch", host.role)
        self.sysctl("switch", f"net/ipv6/conf/{host.role}/disable_ipv6", 1)
        self.ip("switch", "link", "set", host.role, "up")

        self.sysctl(host.role, "net/ipv6/conf/eth0/accept_ra", 0)
        self.sysctl(host.role, "net/ipv6/conf/eth0/router_solicitations", 0)
        self.ip(host.role, "link", "set", "lo", "up")
        self.ip(host.role, "link", "set", "eth0", "up")
        self.ip(host.role, "address", "add", host.address + "/24", "dev", "eth0")
        self.ip(host.role, "address", "add", host.address6 + "/64", "dev", "eth0", "nodad")
        if host.role in SERVERS:
            # Direct server return: the address is the server's own, but only the switch speaks for it in ARP.
            self.sysctl(host.role, "net/ipv4/conf/all/arp_ignore", 1)
            self.sysctl(host.role, "net/ipv4/conf/all/arp_announce", 2)
            self.ip(host.role, "address", "add", SERVICE + "/32", "dev", "lo")
        for scope in ("all", "eth0"):
            self.sysctl(host.role, f"net/ipv4/conf/{scope}/rp_filter", 0)

    def _take_down(self):
        for process in self._processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        for role in ["switch"] + [host.role for host in HOSTS]:
            subprocess.run(["ip", "netns", "del", self.namespace(role)], capture_output=True, check=False)

    def ip(self, role, *words):
        return command("ip", "-n", self.namespace(role), *words)

    def sysctl(self, role, name, value):
        self.run(role, "sysctl", "-qw", f"{name}={value}", check=True)

    # ---- programs on the hosts

    def run(self, role, *words, check=False, timeout=60):
        """Runs a program on a host to its end."""
        done = subprocess.run(["ip", "netns", "exec", self.namespace(role), *map(str, words)], capture_output=True, text=True,
                              timeout=timeout, check=False, preexec_fn=_die_with_parent)
        if check and done.returncode != 0:
            raise LabError(f"`{' '.join(map(str, words))}` on {role} failed: {done.stderr.strip()}")
        return done

    def start(self, role, *words, **options):
        """Starts a program on a host; it ends with the lab at the latest."""
        process = subprocess.Popen(["ip", "netns", "exec", self.namespace(role), *map(str, words)], preexec_fn=_die_with_parent, **options)
        self._processes.append(process)
        return process

    @contextlib.contextmanager
    def on(self, role):
        """Sockets that this thread makes inside are the host's, and stay so."""
        with open("/proc/thread-self/ns/net", "rb") as here, open(f"/run/netns/{self.namespace(role)}", "rb") as there:
            self._enter(there)
            try:
                yield
            finally:
                self._enter(here)

    @staticmethod
    def _enter(namespace):
        if LIBC.setns(namespace.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")

    def socket(self, role, kind=socket.SOCK_DGRAM, family=socket.AF_INET, protocol=0, timeout=1.0):
        with self.on(role):
            made = socket.socket(family, kind, protocol)
        made.settimeout(timeout)
        return made

    def raw_socket(self, role, device="eth0"):
        """A socket for whole frames."""
        made = self.socket(role, socket.SOCK_RAW, socket.AF_PACKET, socket.htons(3))
        with self.on(role):
            made.bind((device, 0))
        return made

    # ---- memcached

    def start_memcached(self, role, service=True, memory=64):
        """With `service`, it answers to the service address too. `memory` in MiB."""
        host = next(h for h in HOSTS if h.role == role)
        addresses = [host.address] + ([SERVICE] if service else []) + ([DIRECT] if role == "server1" else [])
        # Bound to each address, so that an answer has the address that was asked. setpriv comes before `memcached -u` would: that
        # would clear "die with the parent".
        self.servers[role] = self.start(role, "setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--pdeathsig=KILL",
                                        "memcached", "-U", str(MEMCACHED_PORT), "-p", str(MEMCACHED_PORT),
                                        "-l", ",".join(addresses), "-t", "1", "-m", str(memory),
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        until(lambda: self._memcached_answers(role), f"memcached on {role} to answer")

    def _memcached_answers(self, role):
        process = self.servers[role]
        if process.poll() is not None:
            raise LabError(f"memcached on {role} ended with code {process.returncode}: {process.stderr.read().decode().strip()}")
        try:
            return self.stats(role)
        except OSError:
            return None

    def stop_memcached(self, role):
        self.servers[role].kill()
        self.servers[role].wait()

    def tell(self, role, command, end):
        """What a memcached answers on its own host, up to `end`."""
        host = next(h for h in HOSTS if h.role == role)
        with self.socket(role, socket.SOCK_STREAM) as s:
            s.connect((host.address, MEMCACHED_PORT))
            s.sendall(command)
            text = b""
            while not text.endswith(end):
                piece = s.recv(65536)
                if not piece:
                    raise OSError("memcached closed the connection")
                text += piece
        return text

    def stats(self, role):
        """memcached's own counters."""
        lines = self.tell(role, b"stats\r\n", b"END\r\n").decode().splitlines()[:-1]
        return {name: value for _, name, value in (line.split(" ", 2) for line in lines)}

    def value(self, role, key):
        """What a memcached has under a key, or None."""
        head, _, rest = self.tell(role, b"get %s\r\n" % key, b"END\r\n").partition(b"\r\n")
        return rest[:int(head.split(b" ")[3])] if head != b"END" else None

    def flush(self, role):
        """Empties a memcached behind the switch's back."""
        self.tell(role, b"flush_all\r\n", b"OK\r\n")

    def gets_by_server(self):
        return {role: int(self.stats(role)["cmd_get"]) for role in SERVERS}

    # ---- the checking client

    def client(self, program, *words, timeout=60):
        """Runs memcached_client on the client; returns what it printed, parsed, with what it complained of under `complaints`."""
        done = self.run("client", program, *words, timeout=timeout)
        if not done.stdout:
            raise LabError(f"{program} failed: {done.stderr.strip()}")
        return {**json.loads(done.stdout), "complaints": done.stderr, "code": done.returncode}

    # ---- the switch

    def start_switch(self, program, config, *words, variables=None, role="switch"):
        return Switch(self, program, config, words, variables or {}, role)

    def service_answers(self):
        """Whether the client's ping to the service address comes back."""
        return self.pings("client", SERVICE)

    def pings(self, role, address):
        return self.run(role, "ping", "-n", "-q", "-c", "1", "-W", "1", address).returncode == 0


class Switch:
    """A running `smartswitch run`."""

    def __init__(self, lab, program, config, words, variables, role):
        self.log = lab.directory / f"switch-{len(lab._processes)}.log"
        self.output = self.log.with_suffix(".json")
        settings = [word for name, value in variables.items() for word in ("--set", f"{name}={value}")]
        with open(self.output, "wb") as output, open(self.log, "wb") as log:
            self.process = lab.start(role, program, "run", config, "--json", *settings, *words, stdout=output, stderr=log)

    def check_alive(self):
        code = self.process.poll()
        if code is not None:
            raise LabError(f"the switch ended with code {code}:\n{self.log.read_text()}")
        return True

    def is_running(self):
        """Whether its packets flow."""
        return self.check_alive() and "running " in self.log.read_text()

    def wait_until(self, condition, what, seconds=30):
        """Nothing is asked before it runs: a ping into the void takes a second."""
        return until(lambda: self.is_running() and condition(), f"{what}; the switch said:\n{self.log.read_text()}", seconds)

    def stop(self, signal_number=signal.SIGTERM):
        """Ends it in an orderly way; returns its exit code."""
        self.process.send_signal(signal_number)
        return self.process.wait(timeout=20)

    def summary(self):
        """What it printed at its end."""
        return json.loads(self.output.read_text())

    def drops(self, element):
        """Why and how many packets an element dropped, by its summary; what is 0 is left out."""
        return {name: value for name, value in self.summary()["elements"][element]["drops"].items() if value}

    def counter(self, element, name):
        """A counter of the summary."""
        return self.summary()["elements"][element]["counters"][name]


def main():
    try:
        with Lab() as lab:
            for role in SERVERS:
                lab.start_memcached(role)
            print(f"""The hosts are up, with memcached on the servers. In other terminals (as root):
  ip netns exec {lab.namespace("switch")} build/release/bin/smartswitch run configs/memswitch.yaml
  ip netns exec {lab.namespace("client")} ping {SERVICE}
  ip netns exec {lab.namespace("client")} build/release/bin/memcached_client load --server {SERVICE}
  ip netns exec {lab.namespace("client")} build/release/bin/memcached_client run --server {SERVICE}
  ip netns exec {lab.namespace("server1")} tcpdump -ni eth0
Ctrl-C takes them down.""", flush=True)
            signal.pause()
    except KeyboardInterrupt:
        return 0
    except LabError as error:
        print(f"hosts.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
