# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""Workers that sleep until packets come. Nothing else would wake those of Wakeup: a packet that does not is never passed on."""

import pathlib
import random
import time
import unittest

from support import CONFIGS, OWN, SERVICE, SMARTSWITCH, LabTest, MemswitchTest

HERE = pathlib.Path(__file__).resolve().parent
SLEEPS = "it sleeps until they come"


def workers_of(switch):
    """The state of each worker's thread, as Linux has it: S is asleep."""
    states = []
    for task in pathlib.Path(f"/proc/{switch.process.pid}/task").iterdir():
        name, _, rest = (task / "stat").read_text().partition("(")[2].rpartition(")")
        if name.startswith("worker"):
            states.append(rest.split()[0])
    return states


def asleep(switch):
    states = workers_of(switch)
    return states and set(states) == {"S"}


class Wakeup(LabTest):
    def start_verbosely(self, config, **variables):
        switch = self.lab.start_switch(SMARTSWITCH, config, "-v", variables=variables)
        self.addCleanup(self.end, switch)
        return switch

    def ends(self, port, near="client", address=OWN["client"]):
        """Sockets of two hosts that send to each other. Their patience is far above what a busy machine needs."""
        one, other = (self.enterContext(self.lab.socket(role, timeout=10)) for role in (near, "server1"))
        one.bind((address, port))
        other.bind((OWN["server1"], port))
        one.connect((OWN["server1"], port))
        other.connect((address, port))
        return one, other

    @staticmethod
    def there_and_back(ends, number):
        one, other = ends
        for sender, receiver in ((one, other), (other, one)):
            sender.send(b"%d" % number)
            if receiver.recv(100) != b"%d" % number:
                raise AssertionError("another packet came")

    def wake_again_and_again(self, switch, *flows):
        chance = random.Random(self.id())
        for number in range(200):
            switch.wait_until(lambda: asleep(switch), "the workers to sleep")
            self.there_and_back(flows[number % len(flows)], number)
        # Now just about when it falls asleep, some 20 us after the last packet.
        for number in range(3000):
            until = time.perf_counter() + chance.uniform(0, 100e-6)
            while time.perf_counter() < until:
                pass
            self.there_and_back(flows[number % len(flows)], number)
        switch.wait_until(lambda: asleep(switch), "the workers to sleep")
        summary = self.stop_cleanly(switch)
        self.assertIn(SLEEPS, switch.log.read_text())
        return summary

    def assert_packets_ended_the_sleeps(self, summary):
        """But for one or two that a signal ended."""
        for name, worker in summary["workers"].items():
            self.assertGreater(worker["sleeps"], 50, name)
            self.assertLess(worker["sleeps"], summary["packets"]["came"] + 100, name)

    def bridge(self, **variables):
        switch = self.start_verbosely(CONFIGS / "bridge.yaml", **variables)
        switch.wait_until(lambda: self.lab.pings("client", OWN["server1"]), "ping through the bridge")
        return switch

    def test_af_packet(self):
        self.assert_packets_ended_the_sleeps(self.wake_again_and_again(self.bridge(), self.ends(6100)))

    def test_af_xdp(self):
        switch = self.bridge(A_DEV="net_af_xdp0,iface=client", B_DEV="net_af_xdp1,iface=server1")
        self.assert_packets_ended_the_sleeps(self.wake_again_and_again(switch, self.ends(6101)))

    def test_tap(self):
        switch = self.start_verbosely(CONFIGS / "bridge.yaml", A_DEV="net_tap0,iface=own")
        switch.wait_until(lambda: self.lab.run("switch", "ip", "link", "set", "own", "up").returncode == 0, "net_tap to make its interface")
        self.lab.ip("switch", "address", "add", "10.11.0.99/24", "dev", "own")
        switch.wait_until(lambda: self.lab.pings("switch", OWN["server1"]), "ping through the tap")
        # Its driver reads nothing before a signal has told it of a packet, and that may come after the bell has rung in vain.
        self.wake_again_and_again(switch, self.ends(6102, "switch", "10.11.0.99"))

    def test_a_queue_for_each_worker(self):
        switch = self.start_verbosely(HERE / "two_queues.yaml")
        switch.wait_until(lambda: self.lab.pings("client", OWN["server1"]), "ping through the bridge")
        self.assert_packets_ended_the_sleeps(self.wake_again_and_again(switch, *(self.ends(port) for port in range(6110, 6142))))

    def test_a_device_without_a_bell_is_polled(self):
        device = "net_pcap0,rx_iface_in=client,tx_iface=client"
        switch = self.bridge(A_DEV=device)
        flow = self.ends(6103)
        for number in range(100):
            self.there_and_back(flow, number)
        self.stop_cleanly(switch)
        self.assertIn("packets of from_b wake it; it sleeps at most 250us because of from_a", switch.log.read_text())

    def test_an_interface_that_goes_down_does_not_keep_it_awake(self):
        switch = self.bridge()
        self.lab.ip("switch", "link", "set", "client", "down")
        switch.wait_until(lambda: asleep(switch), "the worker to sleep")
        self.lab.ip("switch", "link", "set", "client", "up")
        switch.wait_until(lambda: self.lab.pings("client", OWN["server1"]), "ping through the bridge")
        self.stop_cleanly(switch)


class IdleMemswitch(MemswitchTest):
    def test_it_wakes_for_requests_and_stops(self):
        switch = self.start_memswitch()
        version = self.load(100)
        for _ in range(20):
            switch.wait_until(lambda: asleep(switch), "the worker to sleep")
            self.assert_all_right(self.ask("run", "--server", SERVICE, "--keys", 100, "--requests", 10, "--at-least", version))
        switch.wait_until(lambda: asleep(switch), "the worker to sleep")
        self.stop_cleanly(switch)


if __name__ == "__main__":
    unittest.main()
