# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""The MemSwitch on several cores: configs/memswitch_rss.yaml and configs/memswitch_one_queue.yaml, with real memcached.

Each flow reaches the servers in the order in which it was sent, every worker does its part, and nothing that they share goes wrong.
"""

import random
import select
import socket
import struct
import time
import unittest

from support import CONFIGS, HOSTS, MEMCACHED_PORT, OWN, SERVERS, SERVICE, MemswitchTest, UdpMemcached

MACS = {host.role: bytes.fromhex(host.mac.replace(":", "")) for host in HOSTS}
SEVERAL_QUEUES = {"CLIENT_DEV": "net_af_packet0,iface=client,qpairs=2",
                  "SERVER1_DEV": "net_af_packet1,iface=server1,qpairs=2",
                  "SERVER2_DEV": "net_af_packet2,iface=server2,qpairs=2"}


class Flows:
    """Clients' sockets with a key each, whose requests are numbered, and what reaches the servers of them."""

    COUNT = 61

    def __init__(self, test):
        self.random = random.Random(test.id())
        self.sockets = [test.enterContext(test.lab.socket("client")) for _ in range(self.COUNT)]
        self.wires = {role: test.enterContext(test.lab.raw_socket(role)) for role in SERVERS}
        for wire in self.wires.values():
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 20)
        for s in self.sockets:
            s.connect((SERVICE, MEMCACHED_PORT))
        self.sent = [0] * self.COUNT
        # One server has the key of a flow; should it be taken for dead, the other one gets the rest.
        self.arrived = {(role, s.getsockname()[1]): [] for s in self.sockets for role in SERVERS}

    def send(self, requests):
        """Gets of keys that nobody has, so that each has to go to its server."""
        for _ in range(requests):
            flow = self.random.randrange(self.COUNT)
            self.sent[flow] += 1
            self.sockets[flow].send(struct.pack("!HHHH", self.sent[flow], 0, 1, 0) + b"get nobody-%d\r\n" % flow)
        expected = self.count() + requests
        deadline = time.monotonic() + 0.5
        while self.count() < expected and time.monotonic() < deadline:
            readable, _, _ = select.select(list(self.wires.values()), [], [], 0.1)
            for role, wire in self.wires.items():
                if wire in readable and self.take(role, wire.recv(2048)):
                    deadline = time.monotonic() + 0.5

    def take(self, role, frame):
        """Whether the frame on a server's wire is one of the requests, which then has arrived."""
        # What the switch asks by itself may have the port of a client's socket, but not its address.
        if frame[:6] != MACS[role] or frame[12:14] != b"\x08\x00" or frame[23] != 17 or frame[26:30] != socket.inet_aton(OWN["client"]):
            return False
        source, destination = struct.unpack("!HH", frame[34:38])
        if destination != MEMCACHED_PORT or (role, source) not in self.arrived:
            return False
        self.arrived[role, source].append(struct.unpack("!H", frame[42:44])[0])
        return True

    def count(self):
        """The requests that have arrived."""
        return sum(map(len, self.arrived.values()))

    def out_of_order(self):
        """Requests that came behind a later one of their flow."""
        return sum(b <= a for numbers in self.arrived.values() for a, b in zip(numbers, numbers[1:]))


class ManyCores(MemswitchTest):
    def start(self, config, **variables):
        switch = self.start_switch(config, PROBE_INTERVAL="500ms", **variables)
        switch.wait_until(self.lab.service_answers, f"ping to {SERVICE}")
        return switch

    def check(self, switch):
        self.check_order()
        version = self.load(1000)
        result = self.ask("run", "--server", SERVICE, "--keys", 1000, "--requests", 20000, "--get-ratio", 0.9, "--sockets", 32,
                          "--at-least", version)
        self.assert_all_right(result)
        self.assertEqual(result["misses"], 0)
        self.check_several_keys()
        summary = self.stop_cleanly(switch)
        elements = summary["elements"]
        self.assertGreater(elements["cache"]["counters"]["hits"], 1000)
        self.assertEqual(elements["cache"]["replicas"], 2)
        health = elements["health"]["counters"]
        self.assertEqual(health["ejected"], 0)
        self.assertGreater(health["answers"], 0.9 * health["probes"] - 2)
        for name in ("switch.0", "switch.1"):
            self.assertGreater(summary["workers"][name]["busy_rounds"], 500, summary["workers"])
        return elements

    def check_order(self):
        flows = Flows(self)
        for _ in range(80):
            flows.send(125)
        self.assertGreater(flows.count(), 9_900)
        self.assertEqual(flows.out_of_order(), 0)

    def check_several_keys(self):
        """Their parts are answered by two servers, on either worker."""
        for _ in range(20):
            with UdpMemcached(self.lab) as client:
                keys = [b"many-%d" % i for i in range(10)]
                for key in keys:
                    client.set(key, key)
                text = client.ask(b"get " + b" ".join(keys) + b"\r\n")
                self.assertEqual(text, b"".join(b"VALUE %s 0 6\r\n%s\r\n" % (key, key) for key in keys) + b"END\r\n")

    def test_devices_with_several_queues(self):
        self.check(self.start("memswitch_rss.yaml", **SEVERAL_QUEUES))

    def test_devices_with_one_queue(self):
        elements = self.check(self.start("memswitch_one_queue.yaml"))
        for name in ("clients", "server1", "server2"):
            for packets in elements[f"from_{name}/spread"]["outputs"].values():
                self.assertGreater(packets, 1000, name)

    def test_nat(self):
        """Replies come to any worker, and find the request of another."""
        switch = self.start("memswitch_one_queue.yaml", FORWARDING="nat")
        version = self.load(300)
        result = self.ask("run", "--server", SERVICE, "--keys", 300, "--requests", 10000, "--get-ratio", 0.9, "--sockets", 32,
                          "--at-least", version)
        self.assert_all_right(result)
        self.assertEqual(result["misses"], 0)
        elements = self.stop_cleanly(switch)["elements"]
        self.assertEqual([elements[name]["drops"]["stray"] for name in ("receive1", "receive2")], [0, 0])

    def test_the_order_is_looked_at(self):
        """Packets dealt out in turn, whatever their flow, overtake each other, and this test sees it."""
        text = (CONFIGS / "parts/by_flow.yaml").read_text()
        right = "spread: {class: HashSwitch, symmetric: true}"
        self.assertIn(right, text)
        parts = self.lab.directory / "parts"
        parts.mkdir()
        (parts / "by_flow.yaml").write_text(text.replace(right, "spread: RoundRobinSwitch"))
        config = self.lab.directory / "memswitch_one_queue.yaml"
        config.write_text((CONFIGS / config.name).read_text().replace("[memswitch.yaml", f"[{CONFIGS}/memswitch.yaml"))
        self.start(config)
        flows = Flows(self)
        for _ in range(80):
            flows.send(125)
        self.assertGreater(flows.out_of_order(), 100)


if __name__ == "__main__":
    unittest.main()
