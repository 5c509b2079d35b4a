# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""What clients may not do, and how much of it: with real memcached, real clients and forged ones."""

import pathlib
import socket
import struct
import time
import unittest

from support import MEMCACHED_PORT, OWN, SERVERS, SERVICE, SERVICE_MAC, MemswitchTest, UdpMemcached

HERE = pathlib.Path(__file__).resolve().parent
VICTIM = "10.11.0.2"  # an address of the client's that asks for nothing


class Limits(MemswitchTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lab.ip("client", "address", "add", VICTIM + "/24", "dev", "eth0")

    def setUp(self):
        for role in SERVERS:
            self.lab.flush(role)

    def start_limits(self, **variables):
        switch = self.start_switch(HERE / "limits.yaml", **variables)
        switch.wait_until(self.lab.service_answers, f"ping to {SERVICE}")
        return switch

    def test_what_operators_do_is_refused_to_clients(self):
        switch = self.start_memswitch()
        flushes = [self.lab.stats(role)["cmd_flush"] for role in SERVERS]
        with UdpMemcached(self.lab) as client:
            client.set(b"kept", b"value")
            for forbidden in (b"flush_all\r\n", b"flush_all 0\r\n", b"get kept\r\nflush_all\r\n", b"verbosity 1\r\n", b"shutdown\r\n", b"cache_memlimit 8\r\n"):
                self.assertEqual(client.ask(forbidden), b"CLIENT_ERROR command is not allowed here\r\n", forbidden)
            hidden = client.ask(b"flush_all\0\r\n")  # memcached would take it for a flush_all
            self.assertEqual(hidden, b"CLIENT_ERROR bad command line format\r\n")
            binary = client.ask(struct.pack("!BBHBBHIIQ", 0x80, 0x08, 0, 0, 0, 0, 0, 7, 0))
            self.assertEqual(struct.unpack("!BBHBBHIIQ", binary[:24])[5], 0x83, binary)
            client.send(b"flush_all noreply\r\n")
            self.assertEqual(client.get(b"kept"), b"value")
            self.assertTrue(client.ask(b"version\r\n").startswith(b"VERSION "))
        self.assertEqual([self.lab.stats(role)["cmd_flush"] for role in SERVERS], flushes)
        self.stop_cleanly(switch)

    def test_operators_may(self):
        switch = self.start_memswitch(OPERATOR_NETWORKS="10.99.0.0/16, 10.11.0.1")
        with UdpMemcached(self.lab) as client:
            client.set(b"gone", b"value")
            self.assertEqual(client.ask(b"flush_all\r\n"), b"OK\r\n")
            self.assertIsNone(client.get(b"gone"))
        self.stop_cleanly(switch)

    def test_strangers_are_not_heard(self):
        switch = self.start_memswitch(CLIENT_NETWORKS=VICTIM + ",10.99.0.0/16")
        with UdpMemcached(self.lab, timeout=0.5) as stranger, self.client_at(VICTIM) as client:
            client.set(b"k", b"value")
            with self.assertRaises(TimeoutError):
                stranger.ask(b"get k\r\n")
            self.assertEqual(client.get(b"k"), b"value")
        self.stop_cleanly(switch)
        self.assertEqual(switch.drops("guard"), {"not_a_client": 1})

    def client_at(self, address):
        client = UdpMemcached(self.lab)
        client.socket.close()
        client.socket = self.lab.socket("client", timeout=5.0)
        client.socket.bind((address, 0))
        client.socket.connect((SERVICE, MEMCACHED_PORT))
        return client

    def test_large_values_are_refused_in_memcacheds_words(self):
        switch = self.start_limits()
        with UdpMemcached(self.lab) as client:
            client.set(b"k", b"v" * 1000)
            self.assertEqual(client.ask(b"set k 0 0 1001\r\n" + b"v" * 1001 + b"\r\n"), b"SERVER_ERROR object too large for cache\r\n")
            self.assertEqual(client.get(b"k"), b"v" * 1000)
        self.stop_cleanly(switch)

    def test_a_client_over_its_rate_is_told_and_others_are_not_held_up(self):
        switch = self.start_limits()
        with UdpMemcached(self.lab) as greedy, self.client_at(VICTIM) as other:
            answers = []
            for lot in range(12):
                for i in range(50):
                    greedy.send(b"get k%d\r\n" % (lot * 50 + i))
                answers += [greedy.socket.recv(65536)[8:] for _ in range(50)]
            self.assertEqual(set(answers), {b"END\r\n", b"SERVER_ERROR too many requests\r\n"})
            self.assertGreaterEqual(answers.count(b"END\r\n"), 200, "those are saved")
            self.assertIsNone(other.get(b"k"))
        self.stop_cleanly(switch)

    def test_nobody_is_flooded_with_replies_he_has_not_asked_for(self):
        """2018's attack: requests in the victim's name. The cache answers every other one, the server the rest."""
        switch = self.start_limits()
        with UdpMemcached(self.lab) as client:
            client.set(b"bait", b"v" * 1000)
            client.get(b"bait")
        with self.lab.raw_socket("client") as attacker, self.client_at(VICTIM) as victim:
            victim.socket.settimeout(0.2)
            sent = received = 0
            started = time.monotonic()
            for i in range(600):
                frame = self.forged(victim.socket.getsockname()[1], b"get bait\r\n" if i % 2 else b"gets bait\r\n")
                attacker.send(frame)
                sent += len(frame)
            try:
                while True:
                    received += 42 + len(victim.socket.recv(65536))
            except TimeoutError:
                pass
            seconds = time.monotonic() - started
        self.assertGreater(received, 20_000, "what is due")
        self.assertLess(received, 20_000 + 10_000 * seconds + 2 * sent)
        self.stop_cleanly(switch)
        self.assertGreater(switch.drops("spare").get("over_budget", 0), 0)

    @staticmethod
    def forged(port, text):
        payload = struct.pack("!HHHH", 1, 0, 1, 0) + text
        source, destination = socket.inet_aton(VICTIM), socket.inet_aton(SERVICE)
        header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28 + len(payload), 0, 0, 64, 17, 0, source, destination)
        total = sum(struct.unpack("!10H", header))
        checksum = ~((total >> 16) + (total & 0xFFFF)) & 0xFFFF
        ip = header[:10] + struct.pack("!H", checksum) + header[12:]
        mac = bytes.fromhex(SERVICE_MAC.replace(":", "")) + bytes.fromhex("020000000001")
        return mac + b"\x08\x00" + ip + struct.pack("!HHHH", port, MEMCACHED_PORT, 8 + len(payload), 0) + payload


if __name__ == "__main__":
    unittest.main()
