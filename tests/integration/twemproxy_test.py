# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""Real nutcracker (TwemProxy) and `smartswitch import-twemproxy`: every key has the same server.

nutcracker stands in front of stubs that answer each get with their own number. It and they are alone in a network namespace."""

import ctypes
import itertools
import os
import pathlib
import random
import resource
import selectors
import socket
import subprocess
import tempfile
import threading
import unittest

from support import SMARTSWITCH, until

HASHES = ["one_at_a_time", "md5", "crc16", "crc32", "crc32a", "fnv1_64", "fnv1a_64", "fnv1_32", "fnv1a_32", "hsieh", "murmur", "jenkins"]
DISTRIBUTIONS = ["ketama", "modula"]
TAGS = [None, "{}"]
STUBS = 25
# A tenth of what docs/memcached.md tells of: TWEMPROXY_KEYS=100000 has taken 40 s and more.
KEYS = int(os.environ.get("TWEMPROXY_KEYS", "10000"))
KEYS_OF_A_GET = 500
FIRST_PORT = 22000
CLONE_NEWNET = 0x40000000


def stub_address(number):
    """One of three has another port than memcached's, which the name of the server then has as well."""
    return f"127.0.1.{number + 1}", 11300 + number if number % 3 == 1 else 11211


def servers(weights):
    """Lines for nutcracker with so many servers, and the name by which it knows each. One of four has a name of its own."""
    lines, names = [], []
    for number, weight in enumerate(weights):
        host, port = stub_address(number)
        own = f"cache-{number}" if number % 4 == 3 else None
        lines.append(f"{host}:{port}:{weight}" + (f" {own}" if own else ""))
        names.append(own or (host if port == 11211 else f"{host}:{port}"))
    return lines, names


# With 25 servers of one weight the shares on the ring are rounded; see Ketama.RoundsAsLibmemcachedDoes.
POOLS = {"even": servers([1] * STUBS), "weighted": servers([1, 3, 2, 7, 40, 5])}


def keys():
    """No two are the same. Long ones, ones with any byte that a key may have, and ones with tags, good and bad."""
    choose = random.Random(20)
    any_byte = bytes(byte for byte in range(0x21, 0x100) if byte != 0x7F)
    found = {}
    forms = [b"user:{%d}:name", b"{%d}", b"a{%d}b{c}", b"{}{%d}", b"}%d{x}", b"only{%d", b"only}%d", b"{{%d}}"]
    while len(found) < KEYS:
        number = len(found)
        kind = number % 10
        if kind < 4:
            key = b"key:%d" % number
        elif kind < 6:
            key = choose.choice(forms) % number
        elif kind < 9:
            key = bytes(choose.choices(any_byte, k=choose.randint(1, 24)))
        else:
            key = bytes(choose.choices(any_byte, k=choose.randint(25, 250)))
        found[key] = None
    return list(found)


def serve(listeners):
    """The stubs: each answers all keys of a get with its number, in two digits."""
    selector = selectors.DefaultSelector()
    for number, listener in enumerate(listeners):
        selector.register(listener, selectors.EVENT_READ, (number, None))
    while True:
        for ready, _ in selector.select():
            number, unread = ready.data
            if unread is None:
                connection, _ = ready.fileobj.accept()
                selector.register(connection, selectors.EVENT_READ, (number, b""))
                continue
            data = ready.fileobj.recv(1 << 20)
            if not data:
                selector.unregister(ready.fileobj)
                ready.fileobj.close()
                continue
            *lines, rest = (unread + data).split(b"\r\n")
            selector.modify(ready.fileobj, selectors.EVENT_READ, (number, rest))
            value = b" 0 2\r\n%02d\r\n" % number
            answers = [b"VALUE " + (value + b"VALUE ").join(line.split()[1:]) + value + b"END\r\n" for line in lines]
            ready.fileobj.sendall(b"".join(answers))


class Twemproxy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "no network namespace of our own")
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        # nutcracker counts what all pools together could open.
        resource.setrlimit(resource.RLIMIT_NOFILE, (8192, max(8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
        cls.keys = keys()
        cls.start_stubs()
        cls.start_nutcracker()

    @classmethod
    def start_stubs(cls):
        listeners = [socket.create_server(stub_address(number)) for number in range(STUBS)]
        child = os.fork()
        if child == 0:
            try:
                serve(listeners)
            finally:
                os._exit(1)
        cls.addClassCleanup(os.waitpid, child, 0)
        cls.addClassCleanup(os.kill, child, 9)
        for listener in listeners:
            listener.close()

    @classmethod
    def start_nutcracker(cls):
        cls.ports = {}
        text = ""
        for number, (kind, hash_name, distribution, tag) in enumerate(itertools.product(POOLS, HASHES, DISTRIBUTIONS, TAGS)):
            name = f"{kind}-{hash_name}-{distribution}" + ("-tagged" if tag else "")
            cls.ports[name] = FIRST_PORT + number
            text += f"{name}:\n  listen: 127.0.0.1:{FIRST_PORT + number}\n  hash: {hash_name}\n  distribution: {distribution}\n"
            text += f'  hash_tag: "{tag}"\n' if tag else ""
            text += "  servers:\n" + "".join(f"    - {line}\n" for line in POOLS[kind][0])
        cls.configuration = cls.directory / "nutcracker.yml"
        cls.configuration.write_text(text)
        log = cls.directory / "log"
        process = subprocess.Popen(["nutcracker", "-c", cls.configuration, "-o", log, "-p", cls.directory / "pid", "-s", "22222",
                                    "-a", "127.0.0.1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        cls.addClassCleanup(process.wait)
        cls.addClassCleanup(process.kill)

        def answers():
            if process.poll() is not None:
                raise AssertionError(f"nutcracker ended: {log.read_text()}")
            try:
                socket.create_connection(("127.0.0.1", FIRST_PORT)).close()
            except ConnectionRefusedError:
                return False
            return True

        until(answers, "nutcracker to listen")

    def nutcrackers_choice(self, port):
        """Numbers of stubs, in the order of the keys."""
        requests = [self.keys[at:at + KEYS_OF_A_GET] for at in range(0, KEYS, KEYS_OF_A_GET)]
        expected = sum(len(key) for key in self.keys) + KEYS * len(b"VALUE  0 2\r\n00\r\n") + len(requests) * len(b"END\r\n")
        answer = bytearray()
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            sender = threading.Thread(target=connection.sendall, args=(b"".join(b"get " + b" ".join(some) + b"\r\n" for some in requests),))
            sender.start()
            while len(answer) < expected:
                data = connection.recv(1 << 20)
                self.assertNotEqual(data, b"", "nutcracker hung up")
                answer += data
            sender.join()
        lines = [line for line in bytes(answer).split(b"\r\n") if line != b"END"]
        self.assertEqual(lines[0:-1:2], [b"VALUE %b 0 2" % key for key in self.keys])
        return lines[1::2]

    def import_pool(self, pool):
        pipeline = self.directory / f"{pool}.yaml"
        with open(pipeline, "wb") as file:
            subprocess.run([SMARTSWITCH, "import-twemproxy", self.configuration, "--pool", pool], stdout=file, stderr=subprocess.PIPE, check=True)
        return pipeline

    def test_every_key_has_the_same_server(self):
        key_file = self.directory / "keys"
        key_file.write_bytes(b"".join(key + b"\n" for key in self.keys))
        for pool, port in self.ports.items():
            with self.subTest(pool=pool):
                names = {b"%02d" % number: name.encode() for number, name in enumerate(POOLS[pool.split("-", 1)[0]][1])}
                theirs = [names[number] for number in self.nutcrackers_choice(port)]
                with open(key_file, "rb") as file:
                    ours = subprocess.run([SMARTSWITCH, "where", self.import_pool(pool)], stdin=file, stdout=subprocess.PIPE, check=True).stdout
                expected = b"".join(map(b"%b %b\n".__mod__, zip(self.keys, theirs, strict=True)))
                if ours != expected:
                    pairs = zip(ours.split(b"\n"), expected.split(b"\n"), strict=True)
                    differ = [pair for pair in pairs if pair[0] != pair[1]]
                    self.fail(f"{len(differ)} keys have another server: {differ[:5]}")
                # crc32 has 15 bits, so that ketama puts all keys on one server.
                self.assertEqual(len(set(theirs)), 1 if "crc32-ketama" in pool else len(names))

    def test_what_it_imports_passes_check(self):
        for pool in ("even-md5-ketama", "weighted-crc16-modula-tagged"):
            done = subprocess.run([SMARTSWITCH, "check", self.import_pool(pool)], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
