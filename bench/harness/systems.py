# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""What is compared: memcached asked directly, TwemProxy, the MemSwitch. Each can be started and stopped as often as rounds need it."""

import contextlib
import dataclasses

from harness.lab import CLIENT, ON_TAP, PROXY, PROXY_PORT, SERVERS, LabError
from harness.paths import CONFIGS, SMARTSWITCH
from hosts import DIRECT, SERVICE

OURS, PEER, DIRECTLY = "ours", "peer", "direct"


@dataclasses.dataclass(frozen=True)
class Target:
    """Where the load generator runs, and what it is told to ask."""

    server: str
    protocol: str = "udp"
    role: str = "client"
    device: tuple = ()  # its words for a client without a kernel


class Running:
    """A system that is up. `under_test` and `servers` are {name: pid}; `summary` is there when a switch has ended."""

    def __init__(self, target, under_test, servers):
        self.target, self.under_test, self.servers = target, under_test, servers
        self.switch = self.summary = None


@dataclasses.dataclass(frozen=True)
class System:
    name: str     # in results
    title: str    # for people
    kind: str     # OURS, PEER or DIRECTLY
    start: object  # (lab) -> a context manager of Running
    protocol: str = "udp"


def _memcached(lab, roles):
    return {f"memcached {role}": lab.servers[role].pid for role in roles}


def direct(protocol, device=False):
    @contextlib.contextmanager
    def start(lab):
        lab.place_servers(under_test=True)
        words = ("--device", "net_af_packet0,iface=eth1", "--address", "10.12.0.2") if device else ()
        yield Running(Target(DIRECT, protocol, device=words), _memcached(lab, SERVERS[:1]), {})

    title = f"memcached directly, {protocol.upper()}"
    if device:
        return System(f"direct_{protocol}_dpdk", title + ", client on DPDK", DIRECTLY, start, protocol)
    return System(f"direct_{protocol}", title, DIRECTLY, start, protocol)


def twemproxy(servers):
    @contextlib.contextmanager
    def start(lab):
        lab.place_servers()
        process = lab.start_nutcracker(servers)
        try:
            yield Running(Target(f"{PROXY}:{PROXY_PORT}", "tcp"), {"nutcracker": process.pid}, _memcached(lab, SERVERS[:servers]))
        finally:
            lab.end(process)

    return System(f"twemproxy_{servers}", f"TwemProxy, {_count(servers)}", PEER, start, "tcp")


@contextlib.contextmanager
def running_switch(lab, config, target, servers=2, ready=None, **variables):
    """A switch from one of bench/configs; `ready(lab, switch)` says when it answers, if the client's ping cannot."""
    lab.place_servers()
    switch = lab.start_switch(SMARTSWITCH, CONFIGS / config, variables={"CORE": lab.placement.under_test, **variables})
    running = Running(target, {"switch": switch.process.pid}, _memcached(lab, SERVERS[:servers]))
    running.switch = switch
    try:
        switch.wait_until(lambda: (ready or _answers)(lab, switch), f"an answer from {SERVICE}")
        yield running
        code = switch.stop()
        if code != 0:
            raise LabError(f"the switch ended with code {code}:\n{switch.log.read_text()}")
        running.summary = switch.summary()
    finally:
        lab.end(switch.process)


def _runs(_lab, switch):
    return switch.is_running()


def _answers(lab, _switch):
    return lab.service_answers()


def memswitch(servers, idle="adaptive"):
    def start(lab):
        return running_switch(lab, f"redirect_{servers}.yaml", Target(SERVICE), servers, IDLE=idle)

    return System(f"memswitch_{servers}", f"MemSwitch, {_count(servers)}", OURS, start)


def express(mode, replies=False):
    """The MemSwitch without a part in plain gets: the kernel redirects them, and replies if they come by."""
    def start(lab):
        return running_switch(lab, "express.yaml", Target(SERVICE), XDP_MODE=mode, XDP_REPLIES=str(replies).lower())

    if replies:
        return System(f"express_{mode}_replies", f"MemSwitch, redirected by the kernel (XDP, {mode}), replies too", OURS, start)
    return System(f"express_{mode}", f"MemSwitch, redirected by the kernel (XDP, {mode})", OURS, start)


def cached(idle="adaptive", memory="256MiB", name="memswitch_cache", title="MemSwitch with cache"):
    def start(lab):
        return running_switch(lab, "cached.yaml", Target(SERVICE), IDLE=idle, CACHE_MEMORY=memory, CACHE_MAX_AGE="1h")

    return System(name, title, OURS, start)


# ---- the MemSwitch with cache, its clients behind other kinds of device

def _tap_is_up(lab, _switch):
    """The tap belongs to the switch's own host, which becomes a client by it."""
    if lab.run("switch", "ip", "link", "set", "own", "up").returncode != 0:
        return False
    lab.run("switch", "ip", "address", "replace", ON_TAP + "/32", "dev", "own")
    lab.run("switch", "ip", "route", "replace", SERVICE + "/32", "dev", "own", "src", ON_TAP)
    return lab.pings("switch", SERVICE)


def _behind(name, title, device, client=None, role="client", idle="adaptive"):
    """`device`, and `client` for a generator on DPDK, with {socket} for a path that both know."""
    @contextlib.contextmanager
    def start(lab):
        socket = lab.directory / f"{name}.socket"
        socket.unlink(missing_ok=True)
        words = ("--device", client.format(socket=socket), "--address", CLIENT.address, "--mac", CLIENT.mac) if client else ()
        target = Target(SERVICE, role=role, device=words)
        ready = _tap_is_up if role == "switch" else _runs if client else None
        with running_switch(lab, "cached.yaml", target, ready=ready, CLIENT_DEV=device.format(socket=socket), CACHE_MAX_AGE="1h",
                            IDLE=idle) as running:
            yield running

    return System(name, title, OURS, start)


def devices():
    return [
        _behind("af_packet", "net_af_packet", "net_af_packet0,iface=client"),
        _behind("af_xdp", "net_af_xdp", "net_af_xdp0,iface=client"),
        _behind("pcap", "net_pcap", "net_pcap0,rx_iface_in=client,tx_iface=client"),
        _behind("tap", "net_tap", "net_tap0,iface=own", role="switch"),
        memif(),
        _behind("vhost", "net_vhost, client on net_virtio_user", "net_vhost0,iface={socket},queues=1",
                "net_virtio_user0,path={socket},queues=1"),
    ]


def memif(idle="adaptive"):
    return _behind("memif", "net_memif, client on the same", "net_memif0,role=server,socket={socket},socket-abstract=no,id=0",
                   "net_memif0,role=client,socket={socket},socket-abstract=no,id=0", idle=idle)


def _count(servers):
    return "1 server" if servers == 1 else f"{servers} servers"
