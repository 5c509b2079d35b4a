# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""configs/memswitch.yaml with real memcached and real clients."""

import json
import random
import re
import signal
import socket
import struct
import subprocess
import threading
import unittest

from support import (CLIENT, MEMCACHED_PORT, OWN, OWN6, SERVERS, SERVICE, SMARTSWITCH, LabTest, MemswitchTest, TcpMemcached, UdpMemcached,
                     until)


class EndToEnd(MemswitchTest):
    """Requests by the thousand: each answered once and rightly, by the server of its key or by the cache."""

    def test_requests_are_spread_and_hot_keys_answered_by_the_switch(self):
        switch = self.start_memswitch()
        version = self.load(1000)
        before = {role: int(self.lab.stats(role)["cmd_get"]) for role in SERVERS}
        result = self.ask("run", "--server", SERVICE, "--keys", 1000, "--requests", 20000, "--at-least", version)
        self.assert_all_right(result)
        self.assertEqual(result["misses"], 0)
        gets = {role: int(self.lab.stats(role)["cmd_get"]) - before[role] for role in SERVERS}
        for role in SERVERS:
            self.assertGreater(gets[role], 100, gets)
        self.stop_cleanly(switch)
        self.assertEqual(switch.counter("cache", "hits") + sum(gets.values()), 20000 + switch.counter("fetched", "replies"))
        self.assertGreater(switch.counter("cache", "hits"), 10000)

    def test_each_key_is_always_at_the_same_server(self):
        self.start_memswitch()
        self.load(500)
        items = {role: int(self.lab.stats(role)["curr_items"]) for role in SERVERS}
        self.load(500)
        self.assertEqual({role: int(self.lab.stats(role)["curr_items"]) for role in SERVERS}, items)

    def test_keys_that_are_not_there_are_misses(self):
        self.start_memswitch()
        result = self.ask("run", "--server", SERVICE, "--first-key", 50_000_000, "--keys", 500, "--requests", 2000)
        self.assert_all_right(result)
        self.assertEqual((result["hits"], result["misses"]), (0, 2000))

    def test_values_of_all_sizes(self):
        self.start_memswitch()
        for size in (32, 1000, 1350, 1400):
            with self.subTest(size=size):
                version = self.load(50, "--value-size", size)
                result = self.ask("run", "--server", SERVICE, "--keys", 50, "--requests", 1000, "--value-size", size, "--at-least", version)
                self.assert_all_right(result)
                self.assertEqual(result["misses"], 0)

    def test_gets_of_several_keys_at_one_server(self):
        self.start_memswitch()
        with UdpMemcached(self.lab) as client:
            at_home = {role: [] for role in SERVERS}
            for i in range(40):
                key = b"several-%d" % i
                before = {role: int(self.lab.stats(role)["cmd_set"]) for role in SERVERS}
                client.set(key, b"value of " + key)
                at_home[next(r for r in SERVERS if int(self.lab.stats(r)["cmd_set"]) > before[r])].append(key)
            for role, keys in at_home.items():
                self.assertGreater(len(keys), 3, role)
                client.send(b"get " + b" ".join(keys) + b"\r\n")
                text = b""
                while not text.endswith(b"END\r\n"):
                    text += client.socket.recv(65536)[8:]
                for key in keys:
                    self.assertIn(b"VALUE %s 0 %d\r\nvalue of %s\r\n" % (key, len(key) + 9, key), text)


class Nat(LabTest):
    """Servers that know nothing of the service address."""

    def test_requests_come_from_the_switch_and_replies_go_back_through_it(self):
        for role in SERVERS:
            self.lab.start_memcached(role, service=False)
        switch = self.start_switch("memswitch.yaml", FORWARDING="nat")
        switch.wait_until(self.lab.service_answers, f"ping to {SERVICE}")
        version = self.load(300)
        result = self.ask("run", "--server", SERVICE, "--keys", 300, "--requests", 10000, "--get-ratio", 0.9, "--at-least", version)
        self.assert_all_right(result)
        self.assertEqual(result["misses"], 0)
        with UdpMemcached(self.lab) as client:
            client.set(b"long", b"v" * 1300)
            self.assertEqual(client.get(b"long"), b"v" * 1300)
        elements = self.stop_cleanly(switch)["elements"]
        self.assertGreater(elements["forward/send"]["counters"]["sent"], 1000)
        self.assertEqual([elements[name]["drops"]["stray"] for name in ("receive1", "receive2")], [0, 0])


class Coherence(MemswitchTest):
    """The cache never serves a value that has been overwritten."""

    def test_sets_and_gets_of_few_keys_at_once(self):
        switch = self.start_memswitch()
        version = self.load(20)
        for seed in (1, 2, 3):
            result = self.ask("run", "--server", SERVICE, "--keys", 20, "--requests", 15000, "--get-ratio", 0.7, "--window", 32,
                              "--sockets", 8, "--seed", seed, "--at-least", version)
            self.assert_all_right(result)
        self.stop_cleanly(switch)
        self.assertGreater(switch.counter("cache", "hits"), 1000)

    def test_every_command_that_writes(self):
        switch = self.start_memswitch(EXACT_EXPIRY="false")
        random_numbers = random.Random(5)
        model = {}
        with UdpMemcached(self.lab) as client:
            for step in range(1500):
                key = b"model-%d" % random_numbers.randrange(5)
                self.write_somehow(client, model, key, step, random_numbers)
                for _ in range(3):  # the second of these can come from the cache
                    self.assertEqual(client.get(key), model.get(key), f"{key} after step {step}")
        self.stop_cleanly(switch)
        self.assertGreater(switch.counter("cache", "hits"), 500)

    @staticmethod
    def write_somehow(client, model, key, step, random_numbers):
        """One command, done to memcached and to the model; what it may answer is memcached's protocol.txt."""
        value = b"%d" % (step * 7)
        verb = random_numbers.choice([b"set", b"add", b"replace", b"append", b"prepend", b"incr", b"decr", b"delete", b"cas", b"touch"])
        old = model.get(key)
        if verb in (b"set", b"add", b"replace", b"append", b"prepend"):
            answer = client.ask(b"%s %s 0 0 %d\r\n%s\r\n" % (verb, key, len(value), value))
            if answer == b"STORED\r\n":
                model[key] = {b"append": (old or b"") + value, b"prepend": value + (old or b"")}.get(verb, value)
            assert (answer == b"STORED\r\n") == (verb == b"set" or (old is None) == (verb == b"add")), (verb, old, answer)
        elif verb == b"cas":
            found = client.ask(b"gets %s\r\n" % key)
            if old is not None:
                unique = found.split(b"\r\n")[0].split(b" ")[4]
                assert client.ask(b"cas %s 0 0 %d %s\r\n%s\r\n" % (key, len(value), unique, value)) == b"STORED\r\n"
                model[key] = value
        elif verb in (b"incr", b"decr"):
            answer = client.ask(b"%s %s 1\r\n" % (verb, key))
            if answer.strip().isdigit():
                # decr keeps the length and fills up with spaces; asked around the cache: `gets` is never answered from it.
                model[key] = client.ask(b"gets %s\r\n" % key).split(b"\r\n")[1]
        elif verb == b"delete":
            assert client.ask(b"delete %s\r\n" % key) == (b"NOT_FOUND\r\n" if old is None else b"DELETED\r\n")
            model.pop(key, None)
        else:
            client.ask(b"touch %s 0\r\n" % key)

    def test_noreply_and_flush_all(self):
        self.start_memswitch(REPLY_LIFETIME="200ms")
        with UdpMemcached(self.lab) as client:
            for step in range(50):
                key = b"quiet"
                client.set(key, b"first %d" % step)
                self.assertEqual(client.get(key), b"first %d" % step)
                client.send(b"set %s 0 0 6 noreply\r\nsecond\r\n" % key)
                # The next command of the same socket and server comes after it.
                self.assertEqual(client.get(key), b"second", f"step {step}")
                self.assertEqual(client.get(key), b"second", f"step {step}")
            for step in range(3):
                # flush_all has no key and goes to one server only, so each is asked by its own address.
                client.set(b"flushed", b"value")
                self.assertEqual(client.get(b"flushed"), b"value")
                for role in SERVERS:
                    with UdpMemcached(self.lab, address=OWN[role]) as direct:
                        self.assertEqual(direct.ask(b"flush_all\r\n"), b"OK\r\n")
                self.assertIsNone(client.get(b"flushed"), f"step {step}")

    def test_items_expire(self):
        self.start_memswitch(REPLY_LIFETIME="200ms")
        with UdpMemcached(self.lab) as client:
            client.set(b"mortal", b"value", expiry=2)
            self.assertEqual(client.get(b"mortal"), b"value")
            until(lambda: client.get(b"mortal") is None, "the item to expire", seconds=5)
            client.set(b"mortal", b"value", expiry=-1)
            self.assertIsNone(client.get(b"mortal"))

    def test_a_writer_over_tcp_past_the_service_address(self):
        self.start_memswitch(REPLY_LIFETIME="200ms")
        with UdpMemcached(self.lab) as reader, TcpMemcached(self.lab, OWN["server1"]) as one, TcpMemcached(self.lab, OWN["server2"]) as two:
            for step in range(60):
                key, value = b"tcp-%d" % (step % 4), b"%d" % step
                # The key belongs to one of them; who knows which.
                for writer in (one, two):
                    self.assertEqual(writer.ask(b"set %s 0 0 %d\r\n%s\r\n" % (key, len(value), value)), b"STORED\r\n")
                for _ in range(3):
                    self.assertEqual(reader.get(key), value, f"step {step}")

    def test_a_writer_over_tcp_while_gets_run(self):
        self.start_memswitch(REPLY_LIFETIME="100ms")
        stop = threading.Event()
        seen = {"reads": 0, "stale": []}
        confirmed = [b"0"]
        reader = UdpMemcached(self.lab)
        writers = [TcpMemcached(self.lab, OWN[role]) for role in SERVERS]

        def read():
            while not stop.is_set():
                floor = int(confirmed[0])
                value = int(reader.get(b"racing") or 0)
                seen["reads"] += 1
                if value < floor:
                    seen["stale"].append((value, floor))

        for writer in writers:
            writer.ask(b"set racing 0 0 1\r\n0\r\n")
        thread = threading.Thread(target=read)
        thread.start()
        try:
            for step in range(1, 201):
                value = b"%d" % step
                for writer in writers:
                    self.assertEqual(writer.ask(b"set racing 0 0 %d\r\n%s\r\n" % (len(value), value)), b"STORED\r\n")
                confirmed[0] = value
                reads = seen["reads"]
                until(lambda: seen["reads"] >= reads + 2, "two more reads")
        finally:
            stop.set()
            thread.join()
            for connection in (reader, *writers):
                connection.__exit__()
        self.assertEqual(seen["stale"], [])


class Learning(MemswitchTest):
    """All that is not the main job goes through as through an Ethernet switch."""

    def test_ping_everywhere(self):
        self.start_memswitch()
        self.assertTrue(self.lab.pings("client", SERVICE))
        for source in ("client", *SERVERS):
            for target in ("client", *SERVERS):
                if source != target:
                    self.assertTrue(self.lab.pings(source, OWN[target]), f"{source} to {target}")
                    self.assertEqual(self.lab.run(source, "ping", "-6", "-n", "-c", "1", "-W", "2", OWN6[target]).returncode, 0,
                                     f"{source} to {target} over IPv6")

    def test_the_service_address_has_the_switchs_mac(self):
        self.start_memswitch()
        self.lab.ip("client", "neigh", "flush", "dev", "eth0")
        self.assertTrue(self.lab.pings("client", SERVICE))
        self.assertIn("02:00:00:00:00:64", self.lab.ip("client", "neigh", "show", SERVICE))

    def test_a_megabyte_over_tcp(self):
        self.start_memswitch()
        for family, addresses in ((socket.AF_INET, OWN), (socket.AF_INET6, OWN6)):
            with self.subTest(family=family):
                sent = random.Random(int(family)).randbytes(1_000_000)
                self.assertEqual(self.transfer(family, addresses["server1"], sent), sent)

    def transfer(self, family, address, data):
        with self.lab.socket("server1", socket.SOCK_STREAM, family, timeout=20) as listener, \
             self.lab.socket("client", socket.SOCK_STREAM, family, timeout=20) as sender:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, 7000))
            listener.listen(1)
            sender.connect((address, 7000))
            connection, _ = listener.accept()

            def send():
                sender.sendall(data)
                sender.shutdown(socket.SHUT_WR)

            thread = threading.Thread(target=send)
            thread.start()
            received = b""
            with connection:
                connection.settimeout(20)
                while piece := connection.recv(65536):
                    received += piece
            thread.join()
            return received

    def test_memcached_over_tcp_at_a_servers_own_address(self):
        self.start_memswitch()
        with TcpMemcached(self.lab, OWN["server2"]) as client:
            self.assertTrue(client.ask(b"version\r\n").startswith(b"VERSION "))


class Failure(MemswitchTest):
    """What breaks comes back, and the end is orderly."""

    def test_a_server_dies_and_comes_back(self):
        switch = self.start_memswitch()
        self.load(200)
        self.lab.stop_memcached("server1")
        result = self.ask("run", "--server", SERVICE, "--first-key", 200, "--keys", 200, "--requests", 400, "--window", 200,
                          "--timeout-ms", 300)
        self.assertEqual(result["wrong"], 0, result)
        self.assertGreater(result["lost"], 50)                        # those of server1
        self.assertGreater(result["requests"] - result["lost"], 50)   # those of server2
        switch.check_alive()
        self.lab.start_memcached("server1")
        version = self.load(400)
        result = self.ask("run", "--server", SERVICE, "--keys", 400, "--requests", 5000, "--get-ratio", 0.9, "--at-least", version)
        self.assert_all_right(result)
        self.stop_cleanly(switch)

    def test_a_dead_servers_keys_are_at_the_others(self):
        switch = self.start_memswitch(PROBE_INTERVAL="100ms", BACK_OFF="200ms")
        self.lab.stop_memcached("server1")
        switch.wait_until(lambda: "`mc1` does not answer and is out" in switch.log.read_text(), "server1 to be taken out")
        version = self.load(200)
        result = self.ask("run", "--server", SERVICE, "--keys", 200, "--requests", 2000, "--get-ratio", 0.9, "--at-least", version)
        self.assert_all_right(result)
        self.assertEqual(result["misses"], 0)
        self.lab.start_memcached("server1")
        switch.wait_until(lambda: "`mc1` answers again and is back" in switch.log.read_text(), "server1 to be taken in again")
        self.load(200)
        switch.wait_until(lambda: self.answered_probes(switch) > 10, "answers to probes")
        self.stop_cleanly(switch)
        self.assertGreater(int(self.lab.stats("server1")["curr_items"]), 50)
        self.assertGreater(switch.counter("health", "answers"), 10)

    @staticmethod
    def answered_probes(switch):
        control = re.search(r"control: (\S+)", switch.log.read_text())[1]
        done = subprocess.run([SMARTSWITCH, "stats", "--json", "--control", control], capture_output=True, text=True, timeout=60, check=True)
        return json.loads(done.stdout)["elements"]["health"]["counters"]["answers"]

    def test_a_cable_is_pulled_and_put_back(self):
        switch = self.start_memswitch()
        version = self.load(200)
        self.lab.ip("server1", "link", "set", "eth0", "down")
        self.ask("run", "--server", SERVICE, "--first-key", 1000, "--keys", 200, "--requests", 200, "--window", 200, "--timeout-ms", 300)
        self.lab.ip("server1", "link", "set", "eth0", "up")
        switch.wait_until(lambda: self.lab.pings("client", OWN["server1"]), "server1 to come back")
        self.assert_all_right(self.ask("run", "--server", SERVICE, "--keys", 200, "--requests", 3000, "--at-least", version))
        self.stop_cleanly(switch)

    def test_the_end_is_orderly_under_load(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number.name):
                switch = self.start_memswitch()
                self.load(100)
                load = self.lab.start("client", CLIENT, "run", "--server", SERVICE, "--keys", "100", "--requests", "100000000",
                                      "--timeout-ms", "200")
                seen = int(self.lab.stats("server1")["cmd_get"])
                until(lambda: int(self.lab.stats("server1")["cmd_get"]) > seen, "requests on their way")
                code = switch.stop(number)
                load.kill()
                load.wait()
                self.assertEqual(code, 0, switch.log.read_text())
                self.assert_all_accounted_for(switch.summary())


class Hostile(MemswitchTest):
    """Garbage from the client's side does not stop the service for others."""

    def test_garbage_does_not_disturb_others(self):
        switch = self.start_memswitch(REPLY_LIFETIME="100ms")
        version = self.load(300)
        others = self.lab.start("client", CLIENT, "run", "--server", SERVICE, "--keys", "300", "--requests", "3000", "--rate", "1000",
                                "--get-ratio", "0.9", "--at-least", str(version), stdout=-1, stderr=-1, text=True)
        garbage = Garbage(self.lab)
        while others.poll() is None:
            garbage.send(32)
        output, complaints = others.communicate()
        self.assertIn('"wrong": 0, "lost": 0', output, complaints)
        self.assertGreater(garbage.sent, 1000)
        # And the whole service afterwards.
        self.assert_all_right(self.ask("run", "--server", SERVICE, "--keys", 300, "--requests", 3000, "--get-ratio", 0.5,
                                       "--at-least", version))
        self.stop_cleanly(switch)


class Garbage:
    """Datagrams that memcached's frame, memcached, UDP, IP or Ethernet don't allow, or barely."""

    FRAME = struct.pack("!HHHH", 1, 0, 1, 0)

    def __init__(self, lab):
        self.random = random.Random(11)
        self.sent = 0
        self.lab = lab
        self.udp = lab.socket("client")
        self.udp.connect((SERVICE, MEMCACHED_PORT))
        self.raw = lab.raw_socket("client")
        self.pace = UdpMemcached(lab)
        self.kinds = [self.noise, self.framed_noise, self.cut_set, self.half_command, self.binary, self.bad_frame, self.long_key,
                      self.huge_set, self.raw_noise, self.cut_packet, self.lying_lengths]

    def send(self, count):
        """Sends some, then waits until the switch has come through them: an answer to `version` says so."""
        for _ in range(count):
            self.random.choice(self.kinds)()
        self.sent += count
        self.pace.ask(b"version\r\n")

    def datagram(self, payload):
        try:
            self.udp.send(payload)
        except ConnectionRefusedError:
            pass  # ICMP, about an earlier one

    def noise(self):
        self.datagram(self.random.randbytes(self.random.randrange(1400)))

    def framed_noise(self):
        self.datagram(self.FRAME + self.random.randbytes(self.random.randrange(200)))

    def cut_set(self):
        self.datagram(self.FRAME + b"set key-000000000001 0 0 1000\r\n" + b"x" * self.random.randrange(1000))

    def half_command(self):
        self.datagram(self.FRAME + b"set key-000000000001 0 0 5\r\nhello\r\n"[:self.random.randrange(1, 33)])

    def binary(self):
        self.datagram(self.FRAME + b"\x80\x01\x00\x05\x08" + self.random.randbytes(self.random.randrange(40)))

    def bad_frame(self):
        self.datagram(struct.pack("!HHHH", 1, *(self.random.randrange(65536) for _ in range(3))) + b"get key-000000000001\r\n")

    def long_key(self):
        self.datagram(self.FRAME + b"get " + b"k" * self.random.randrange(200, 1200) + b"\r\n")

    def huge_set(self):
        self.datagram(self.FRAME + b"set garbage 0 0 5000\r\n" + b"x" * 5000 + b"\r\n")  # in IP fragments

    def frame(self, payload):
        self.raw.send(bytes.fromhex("020000000064" "020000000001") + payload)

    def raw_noise(self):
        self.frame(self.random.choice([b"\x08\x00", b"\x86\xdd", b"\x08\x06", b"\x81\x00"]) + self.random.randbytes(self.random.randrange(1, 1400)))

    def ip_udp(self, total, udp_length, payload):
        source, destination = socket.inet_aton(OWN["client"]), socket.inet_aton(SERVICE)
        header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, total, 0, 0, 64, 17, 0, source, destination)
        checksum = sum(struct.unpack("!10H", header))
        checksum = ~((checksum >> 16) + (checksum & 0xFFFF)) & 0xFFFF
        return b"\x08\x00" + header[:10] + struct.pack("!H", checksum) + header[12:] + \
            struct.pack("!HHHH", 4000, MEMCACHED_PORT, udp_length, 0) + payload

    def cut_packet(self):
        payload = self.FRAME + b"set key-000000000001 0 0 5\r\nwrong\r\n"
        whole = self.ip_udp(28 + len(payload), 8 + len(payload), payload)
        self.frame(whole[:self.random.randrange(2, len(whole) - 1)])

    def lying_lengths(self):
        payload = self.FRAME + b"get key-000000000001\r\n"
        self.frame(self.ip_udp(self.random.randrange(65536), self.random.randrange(65536), payload))


if __name__ == "__main__":
    unittest.main()
