# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""A lab in which each host pays for what it receives, and in which servers may answer clients by a cable of their own.

Over a plain veth the receiver's network stack runs in the sender's system call, so who sends pays for both. With NAPI in threads (the kernel's
Documentation/networking/napi.rst, "Threaded NAPI") each interface has a thread that does what comes in by it, as a card's interrupts
would on its own host: here on the core of the host that it belongs to."""

import contextlib
import dataclasses
import os
import pathlib

from harness.lab import CLIENT
from hosts import HOSTS, SERVERS, until


def among_hosts_that_pay(system, direct_return):
    """The same system in such a lab; with `direct_return`, replies of servers to clients do not come by the switch."""
    @contextlib.contextmanager
    def start(lab):
        with each_pays(lab, direct_return) as receiving, system.start(lab) as running:
            running.under_test.update(receiving)
            yield running

    return dataclasses.replace(system, start=start)


@contextlib.contextmanager
def each_pays(lab, direct_return):
    """Gives {name: pid} of the threads that receive for the switch's host: their time is that of what is measured."""
    with contextlib.ExitStack() as stack:
        for role in SERVERS if direct_return else ():
            stack.enter_context(_way_back(lab, role))
            stack.enter_context(_received_by_thread(lab, "client", _from(role), lab.placement.generator))
        for host in HOSTS:
            core = lab.placement.generator if host is CLIENT else lab.placement.servers[SERVERS.index(host.role)]
            stack.enter_context(_received_by_thread(lab, host.role, "eth0", core))
        yield {f"receiving from {host.role}": stack.enter_context(_received_by_thread(lab, "switch", host.role, lab.placement.under_test))
               for host in HOSTS}


def _from(role):
    return f"from-{role}"


@contextlib.contextmanager
def _way_back(lab, role):
    """A cable by which a server's packets go to the client, whichever address of the server's they come from."""
    lab.ip(role, "link", "add", "back", "type", "veth", "peer", "name", _from(role), "netns", lab.namespace("client"))
    try:
        for end, device in ((role, "back"), ("client", _from(role))):
            lab.no_offloads(end, device)
            lab.sysctl(end, f"net/ipv4/conf/{device}/rp_filter", 0)
            lab.ip(end, "link", "set", device, "up")
        mac = lab.run("client", "cat", f"/sys/class/net/{_from(role)}/address", check=True).stdout.strip()
        lab.ip(role, "route", "add", CLIENT.address + "/32", "dev", "back", "src", next(h.address for h in HOSTS if h.role == role))
        lab.ip(role, "neigh", "replace", CLIENT.address, "lladdr", mac, "dev", "back")
        yield
    finally:
        lab.ip(role, "link", "delete", "back")


@contextlib.contextmanager
def _received_by_thread(lab, role, device, core):
    before = _threads()
    # A veth has NAPI only with GRO.
    lab.run(role, "ethtool", "-K", device, "gro", "on", check=True)
    _set_threaded(lab, role, device, 1)
    try:
        thread, = until(lambda: _threads() - before, f"a thread that receives from {device} of {role}")
        os.sched_setaffinity(thread, {core})
        yield thread
    finally:
        _set_threaded(lab, role, device, 0)
        lab.run(role, "ethtool", "-K", device, "gro", "off", check=True)


def _set_threaded(lab, role, device, value):
    lab.run(role, "sh", "-c", f"echo {value} > /sys/class/net/{device}/threaded", check=True)


def _threads():
    found = set()
    for path in pathlib.Path("/proc").glob("[0-9]*/comm"):
        try:
            if path.read_text().startswith("napi/"):
                found.add(int(path.parent.name))
        except OSError:
            pass
    return found
