# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""A real MemSwitch that is changed while requests pass it."""

import json
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import unittest

from support import CONFIGS, SERVERS, SERVICE, SMARTSWITCH, MemswitchTest, UdpMemcached, until

MEMSWITCH = (CONFIGS / "memswitch.yaml").read_text()


def with_another_element(text):
    """The same with a Counter before the clients' port."""
    changed = text.replace("  cut_to_clients: {class: IPFragmenter", "  passed: Counter\n  cut_to_clients: {class: IPFragmenter")
    changed = changed.replace("cut_to_clients -> to_clients", "cut_to_clients -> passed -> to_clients")
    assert changed.count("passed") == 2
    return changed


class LiveSwitch(MemswitchTest):
    """A switch that runs a copy of a configuration, and what is said to it."""

    TEXT = MEMSWITCH

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.file = self.folder / "memswitch.yaml"
        self.file.write_text(self.TEXT)
        self.socket = self.folder / "control.sock"
        self.start()

    def start(self):
        self.switch = self.lab.start_switch(SMARTSWITCH, self.file, "--control", self.socket)
        self.addCleanup(self.end, self.switch)
        self.switch.wait_until(self.lab.service_answers, f"ping to {SERVICE}")

    def order(self, verb, *words, code=0):
        """What a verb says that talks to this switch."""
        done = subprocess.run([SMARTSWITCH, verb, "--control", self.socket, *words], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout if code == 0 else done.stderr

    def reload_under_load(self, text_of):
        """Reloads text_of(0), text_of(1), ... while a client asks, none of whose requests may be lost. The summary when all is over."""
        found = []
        load = threading.Thread(target=lambda: found.append(
            self.ask("run", "--server", SERVICE, "--keys", 500, "--requests", 20_000, "--rate", 4000, "--get-ratio", 0.9)))
        self.load(500)
        load.start()
        reloads = 0
        while load.is_alive():
            self.file.write_text(text_of(reloads))
            report = json.loads(self.order("reload", "--json"))
            self.assertEqual(report["states"]["added"] + report["states"]["removed"], [])
            reloads += 1
        load.join()
        self.assertGreater(reloads, 3)
        self.assert_all_right(found[0])
        summary = self.stop_cleanly(self.switch)
        self.assertEqual(summary["departed"]["drops"], {"dropped": 0})
        return summary


class Workers(LiveSwitch):
    """One of them takes packets in and sends them, the others do the work, on cores that they are given while it runs."""

    ONE, BOTH = "cores: [0]", "cores: [0, 1]"
    ROOM = "pool: {packets: 65536, large_packets: 1024}\n"
    TEXT = ROOM + (CONFIGS / "memswitch_one_queue.yaml").read_text().replace(
        "[memswitch.yaml, parts/by_flow.yaml]", f"[{CONFIGS}/memswitch.yaml, {CONFIGS}/parts/by_flow.yaml]").replace(BOTH, ONE)

    def text(self, cores):
        return self.TEXT.replace(self.ONE, cores)

    def workers(self):
        return set(json.loads(self.order("stats", "--json"))["workers"])

    def test_no_request_is_lost_when_workers_come_and_go(self):
        self.reload_under_load(lambda i: self.text((self.BOTH, "cores: [1]", self.ONE)[i % 3]))

    def test_says_which_workers_come(self):
        self.file.write_text(self.text(self.BOTH))
        self.assertIn("workers added: switch.0, switch.1", self.order("reload", "--dry-run"))
        self.assertEqual(self.workers(), {"io", "switch"})
        self.order("reload")
        self.assertEqual(self.workers(), {"io", "switch.0", "switch.1"})
        self.stop_cleanly(self.switch)

    def test_says_how_much_room_they_need(self):
        self.stop_cleanly(self.switch)
        self.file.write_text(self.TEXT.replace(self.ROOM, ""))
        self.start()
        self.file.write_text(self.text(self.BOTH).replace(self.ROOM, ""))
        said = self.order("reload", code=1)
        packets = re.search(r"`pool: {packets: (\d+)}` makes room", said)[1]
        large = re.search(r"`pool: {large_packets: (\d+)}` makes room", said)[1]
        self.assertEqual(self.workers(), {"io", "switch"})
        self.stop_cleanly(self.switch)
        room = f"pool: {{packets: {packets}, large_packets: {large}}}\n"
        self.file.write_text(self.TEXT.replace(self.ROOM, room))
        self.start()
        self.file.write_text(self.text(self.BOTH).replace(self.ROOM, room))
        self.order("reload")
        self.assertEqual(self.workers(), {"io", "switch.0", "switch.1"})
        self.stop_cleanly(self.switch)


class Reload(LiveSwitch):
    def element_names(self):
        return [element["name"] for element in json.loads(self.order("ctl", "GET", "elements"))]

    def test_no_request_is_lost_by_reloads(self):
        def text(i):
            text = MEMSWITCH if i % 2 else with_another_element(MEMSWITCH)
            return text.replace("CACHE_MAX_AGE: 10s", f"CACHE_MAX_AGE: {10 + i % 3}s")

        self.reload_under_load(text)

    def test_a_file_with_a_fault_changes_nothing(self):
        before = self.element_names()
        self.file.write_text(MEMSWITCH.replace("class: CacheResponder", "class: CacheResponse"))
        self.assertIn("memswitch.yaml", self.order("reload", code=1))
        self.assertIn("did you mean `CacheResponder`?", self.order("reload", "--dry-run", code=1))
        self.switch.process.send_signal(signal.SIGHUP)
        until(lambda: self.switch.log.read_text().count("nothing was reloaded") == 3, "the log to tell of it")
        self.assertEqual(self.element_names(), before)
        with UdpMemcached(self.lab) as client:
            client.set(b"k", b"v")
            self.assertEqual(client.get(b"k"), b"v")
        self.file.write_text(with_another_element(MEMSWITCH))
        self.switch.process.send_signal(signal.SIGHUP)
        until(lambda: "passed" in self.element_names(), "the right file to take over")
        self.stop_cleanly(self.switch)

    def test_servers_are_drained_and_come_back(self):
        def states():
            return {server["name"]: server["state"] for server in json.loads(self.order("call", "backends", "list"))}

        def gets():
            before = self.lab.gets_by_server()
            with UdpMemcached(self.lab) as client:
                for i in range(60):
                    self.assertIsNone(client.get(b"nobody-%d" % i))
            after = self.lab.gets_by_server()
            return [after[role] - before[role] for role in SERVERS]

        self.assertTrue(all(gets()))
        self.order("set", "backends", "servers/mc2/drained", "true")
        self.assertEqual(states(), {"mc1": "up", "mc2": "drained"})
        first, second = gets()
        self.assertGreaterEqual(first, 60)
        self.assertEqual(second, 0)
        self.order("set", "backends", "servers/mc2", "~")
        self.assertEqual(states(), {"mc1": "up"})
        self.order("set", "backends", "servers/mc2", '{mac: "02:00:00:00:01:02", address: 10.11.0.12}')
        self.assertEqual(states(), {"mc1": "up", "mc2": "up"})
        self.assertTrue(all(gets()))
        self.assertIn("there is no `mc3`", self.order("set", "backends", "servers/mc3/weight", "2", code=1))
        self.assertIn("no parameter `server`", self.order("set", "backends", "server", "x", code=1))
        self.stop_cleanly(self.switch)

    def test_what_an_element_does_up_to_its_end_is_accounted_for(self):
        # The HealthProber makes packets by itself, and is made anew each time.
        def has_probed():
            return json.loads(self.order("stats", "--json"))["elements"]["health"]["counters"]["probes"] > 0

        self.order("set", "health", "interval", "10ms")
        for i in range(60):
            until(has_probed, "the new prober to begin")
            self.order("set", "backends", "servers/mc2/drained", "true" if i % 2 == 0 else "false")
        summary = self.stop_cleanly(self.switch)
        self.assertGreaterEqual(summary["departed"]["created"], 60)

    def test_a_cached_key_can_be_looked_up_and_purged(self):
        with UdpMemcached(self.lab) as client:
            client.set(b"some-key", b"value")
            # The first gets make it hot, and it is fetched.
            until(lambda: client.get(b"some-key") == b"value" and json.loads(self.order("call", "hot", "look_up", "some-key"))["cached"] == "yes",
                  "the key to be cached")
            self.order("call", "hot", "purge", "some-key")
            self.assertEqual(json.loads(self.order("call", "hot", "look_up", "some-key"))["cached"], "no")
            self.assertEqual(client.get(b"some-key"), b"value")
        self.order("call", "hot", "pin", "some-key")
        self.assertEqual(json.loads(self.order("call", "hot", "pins")), ["some-key"])
        self.assertIn("did you mean", self.order("call", "hot", "purg", "x", code=1))
        self.stop_cleanly(self.switch)

    def test_the_caches_memory_is_changed_and_its_items_stay(self):
        keys = [b"key-%d" % i for i in range(30)]

        def cached():
            return [json.loads(self.order("call", "hot", "look_up", key.decode()))["cached"] for key in keys].count("yes")

        def is_over(bound):
            memory = json.loads(self.order("call", "hot", "memory"))
            return (memory["bound"], memory["changing"]) == (bound, "false")

        text = MEMSWITCH.replace("CACHE_MAX_AGE: 10s", "CACHE_MAX_AGE: 1h")
        self.file.write_text(text)
        self.order("reload")
        with UdpMemcached(self.lab) as client:
            for key in keys:
                client.set(key, b"value")
            until(lambda: all(client.get(key) == b"value" for key in keys) and cached() == len(keys), "the keys to be cached")
            self.order("set", "hot", "memory", "512MiB")
            self.assertEqual(cached(), len(keys))
            until(lambda: is_over("512MiB"), "the change to be over")
            self.assertEqual(cached(), len(keys))
            self.file.write_text(text.replace("CACHE_MEMORY: 256MiB", "CACHE_MEMORY: 16MiB"))
            report = json.loads(self.order("reload", "--json"))
            self.assertEqual(report["states"]["changed"], ["hot"])
            until(lambda: is_over("16MiB"), "the change to be over")
            self.assertEqual(cached(), len(keys))
            client.set(keys[0], b"other")
            self.assertEqual(client.get(keys[0]), b"other")
            servers = [{"name": "mc1", "mac": "02:00:00:00:01:01", "address": "10.11.0.11"}]
            self.order("set", "backends", "servers", json.dumps(servers))
            self.assertEqual(cached(), 0, "other servers may have older values")
            self.assertIn("`1MiB` is out of bounds: 4MiB to 64GiB", self.order("set", "hot", "memory", "1MiB", code=1))
            self.assertIn("`tickets` of a cache that is in use cannot be changed", self.order("set", "hot", "tickets", "64", code=1))
        self.stop_cleanly(self.switch)

    def test_a_killed_switch_leaves_nothing_in_the_way(self):
        self.switch.process.kill()
        self.switch.process.wait()
        self.assertTrue(self.socket.exists())
        again = self.lab.start_switch(SMARTSWITCH, self.file, "--control", self.socket)
        self.addCleanup(self.end, again)
        again.wait_until(self.lab.service_answers, f"ping to {SERVICE}")
        self.assertIn("cut_to_clients", self.order("stats"))
        self.stop_cleanly(again)


if __name__ == "__main__":
    unittest.main()
