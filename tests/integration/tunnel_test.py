# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""Servers that get their requests in IP in IP, as if they were in other subnets, and answer clients directly."""

import json
import pathlib
import sys
import unittest

from support import SERVERS, SERVICE, LabError, MemswitchTest, UdpMemcached, until

HERE = pathlib.Path(__file__).resolve().parent


class Tunnel(MemswitchTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for role in SERVERS:
            cls.end_tunnel(role)
            cls.lab.sysctl(role, "net/ipv4/conf/tunnel/rp_filter", 0)

    @classmethod
    def end_tunnel(cls, role):
        """Linux's own tunnel device, or else a program in its place."""
        try:
            cls.lab.ip(role, "link", "add", "tunnel", "type", "ipip", "external")
            cls.lab.ip(role, "link", "set", "tunnel", "up")
        except LabError:
            cls.lab.start(role, sys.executable, HERE / "tunnel_end.py")
            until(lambda: cls.is_up(role), f"the end of the tunnel on {role}")

    @classmethod
    def is_up(cls, role):
        shown = cls.lab.run(role, "ip", "link", "show", "tunnel").stdout
        return "LOWER_UP" in shown

    def received(self, role):
        """Packets that have come out of the tunnel."""
        shown = json.loads(self.lab.ip(role, "-s", "-j", "link", "show", "tunnel"))
        return shown[0]["stats64"]["rx"]["packets"]

    def start(self, **variables):
        switch = self.start_switch(HERE / "tunnel.yaml", FORWARDING="tunnel", **variables)
        switch.wait_until(self.lab.service_answers, f"ping to {SERVICE}")
        return switch

    def test_requests_go_through_the_tunnel_and_replies_come_directly(self):
        before = {role: (self.received(role), int(self.lab.stats(role)["cmd_get"]) + int(self.lab.stats(role)["cmd_set"])) for role in SERVERS}
        switch = self.start()
        version = self.load(500)
        result = self.ask("run", "--server", SERVICE, "--keys", 500, "--requests", 5000, "--get-ratio", 0.9, "--at-least", version)
        self.assert_all_right(result)
        self.assertEqual(result["misses"], 0)
        asked = {role: int(self.lab.stats(role)["cmd_get"]) + int(self.lab.stats(role)["cmd_set"]) - before[role][1] for role in SERVERS}
        came = {role: self.received(role) - before[role][0] for role in SERVERS}
        for role in SERVERS:
            self.assertGreater(came[role], 300)
        self.stop_cleanly(switch)
        # What the switch itself fetches goes by its own address.
        self.assertEqual(sum(came.values()), sum(asked.values()) - switch.counter("fetched", "replies"), "one packet for each request")

    def test_long_requests_are_cut_and_put_together_again(self):
        switch = self.start(MTU=1300)
        value = bytes(i % 251 for i in range(1350))
        with UdpMemcached(self.lab) as client:
            client.socket.setsockopt(0, 10, 0)  # IP_MTU_DISCOVER, IP_PMTUDISC_DONT: they may be fragmented
            for i in range(20):
                client.send(b"set long-%d 0 0 %d\r\n%s\r\n" % (i, len(value), value))
                self.assertEqual(client.answer(), b"STORED\r\n")
        held = b"".join(self.lab.value(role, b"long-7") or b"" for role in SERVERS)
        self.assertEqual(held, value)
        with UdpMemcached(self.lab) as client:
            client.socket.setsockopt(0, 10, 2)  # IP_PMTUDISC_DO: they may not
            client.send(b"set no 0 0 %d\r\n%s\r\n" % (len(value), value))
            client.get(b"any")
        self.stop_cleanly(switch)
        self.assertEqual(switch.drops("forward/encap"), {"too_long": 1})


if __name__ == "__main__":
    unittest.main()
