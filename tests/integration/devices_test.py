# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""The kinds of device that docs/operators.md names and that need no hardware. The other tests run on net_af_packet."""

import pathlib
import re
import socket
import threading
import unittest

from support import MEMCACHED_PORT, OWN, LabTest


class Devices(LabTest):
    def test_af_xdp(self):
        switch = self.start_switch("bridge.yaml", A_DEV="net_af_xdp0,iface=client", B_DEV="net_af_xdp1,iface=server1")
        switch.wait_until(lambda: self.lab.pings("client", OWN["server1"]), "ping over AF_XDP")
        self.stop_cleanly(switch)

    def test_packets_of_other_interfaces_do_not_come_in(self):
        """DPDK's packet sockets hear all interfaces until they are bound to one: a station would be learnt at a port where it is not."""
        over = threading.Event()

        def send():
            frame = bytes.fromhex("020000000077" "020000000078" "88b5") + bytes(46)
            with self.lab.raw_socket("server1") as wire:
                while not over.is_set():
                    wire.send(frame)

        sender = threading.Thread(target=send)
        sender.start()
        try:
            switch = self.start_switch("bridge.yaml")
            switch.wait_until(lambda: True, "the switch")
        finally:
            over.set()
            sender.join()
        elements = self.stop_cleanly(switch)["elements"]
        self.assertGreater(elements["from_b"]["outputs"]["out"], 0)
        self.assertGreater(elements["switch"]["counters"]["learned"], 0)
        self.assertEqual(elements["switch"]["counters"]["moved"], 0)

    def test_pcap_passes_fragments(self):
        # net_af_packet cannot: there the kernel puts fragments together before DPDK sees them.
        device = "net_pcap{0},rx_iface_in={1},tx_iface={1}"
        switch = self.start_switch("bridge.yaml", A_DEV=device.format(0, "client"), B_DEV=device.format(1, "server1"))
        switch.wait_until(lambda: self.lab.pings("client", OWN["server1"]), "ping over packet capture")
        done = self.lab.run("client", "ping", "-n", "-c", "3", "-i", "0.2", "-s", "8000", "-W", "2", OWN["server1"])
        self.assertEqual(done.returncode, 0, done.stdout)
        self.stop_cleanly(switch)

    def test_tap_takes_the_switchs_own_host_in(self):
        switch = self.start_switch("bridge.yaml", A_DEV="net_tap0,iface=own")
        switch.wait_until(lambda: self.lab.run("switch", "ip", "link", "set", "own", "up").returncode == 0, "net_tap to make its interface")
        self.lab.ip("switch", "address", "add", "10.11.0.99/24", "dev", "own")
        switch.wait_until(lambda: self.lab.pings("switch", OWN["server1"]), "ping from the switch's host through its own tap")
        self.stop_cleanly(switch)

    def test_memif(self):
        path = f"socket={self.lab.directory}/memif,socket-abstract=no,id=0"
        self.send_through(f"net_memif0,role=client,{path}", f"net_memif0,role=server,{path}")

    def test_rings_of_memif_are_in_memory_before_packets_come(self):
        path = f"socket={self.lab.directory}/memif,socket-abstract=no,id=0"
        server = self.start_switch("bridge.yaml", A_DEV=f"net_memif0,role=server,{path}")
        server.wait_until(lambda: True, "the server")
        client = self.start_switch("bridge.yaml", A_DEV=f"net_memif0,role=client,{path}", B_DEV="net_null0,no-rx=1")
        for switch in (server, client):
            switch.wait_until(lambda s=switch: self.has_whole_rings(s.process.pid), "the rings that both share to be in memory")
        for switch in (client, server):
            self.assertEqual(switch.stop(), 0, switch.log.read_text())

    @staticmethod
    def has_whole_rings(process):
        text = pathlib.Path(f"/proc/{process}/smaps").read_text()
        found = re.search(r"memfd:memif_region.*\nSize: +(\d+) kB\n(?:.*\n)*?Rss: +(\d+) kB", text)
        return found and found[1] == found[2]

    def test_vhost_and_virtio_user(self):
        path = self.lab.directory / "vhost"
        self.send_through(f"net_virtio_user0,path={path},queues=1", f"net_vhost0,iface={path},queues=1")

    def send_through(self, near, far):
        """One switch makes requests, another takes them from memory that both share and sends them to server1."""
        with self.lab.socket("server1", timeout=30) as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 20)
            server.bind((OWN["server1"], MEMCACHED_PORT))
            bridge = self.start_switch("bridge.yaml", A_DEV=far)
            bridge.wait_until(lambda: True, "the bridge")
            generator = self.start_switch("generate.yaml", DEV=near, RATE="1k/s", COUNT=0, DESTINATION=OWN["server1"])
            numbers = [int.from_bytes(server.recv(2048)[:2], "big") for _ in range(500)]
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + 500)))
        self.stop_cleanly(generator)
        self.stop_cleanly(bridge)


if __name__ == "__main__":
    unittest.main()
