# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""The proof of the cache's promise (docs/memcached.md): what many clients see on a bad network is linearizable for each key.

Each test takes seconds; COHERENCE_OPERATIONS=5000000 makes each as long as that, COHERENCE_SEED=2 has other things asked.
"""

import contextlib
import itertools
import json
import os
import pathlib
import subprocess
import unittest

from support import BIN, OWN, SERVERS, SERVICE, SMARTSWITCH, LabTest

HERE = pathlib.Path(__file__).resolve().parent
CLIENT = BIN / "coherence_client"
OPERATIONS = int(os.environ.get("COHERENCE_OPERATIONS", "0"))
SEED = int(os.environ.get("COHERENCE_SEED", "1"))


class CoherenceTest(LabTest):
    def setUp(self):
        for role in SERVERS:
            self.lab.start_memcached(role)
            self.addCleanup(self.lab.stop_memcached, role)

    def start_bad_network(self, config="coherence.yaml", **variables):
        switch = self.start_switch(HERE / config, **variables)
        switch.wait_until(self.lab.service_answers, f"ping to {SERVICE}")
        return switch

    def start_clients(self, operations, *words):
        return self.lab.start("client", CLIENT, "--server", SERVICE, "--operations", str(OPERATIONS or operations), "--seed", str(SEED),
                              "--timeout-ms", "250", "--unknown-ms", "2000", *words, stdout=-1, stderr=-1, text=True)

    def result_of(self, clients):
        output, said = clients.communicate(timeout=120 + OPERATIONS / 1000)
        self.assertTrue(output, said)
        result = json.loads(output)
        result["said"] = said
        if OPERATIONS:
            print(output, end="", flush=True)
        return result

    def assert_linearizable(self, clients):
        result = self.result_of(clients)
        self.assertEqual((result["verdict"], result["unexpected"]), ("linearizable", 0), result["said"])
        return result

    def end_well(self, switch, result, hits):
        """The network was bad, the cache answered a good part, and no packet is missing."""
        self.stop_cleanly(switch)
        self.assertGreater(switch.counter("cache", "hits"), hits * result["operations"])
        lines = {name: e for name, e in switch.summary()["elements"].items() if name.endswith("/line")}
        for name in ("gets_to_switch/line", "gets_to_servers/line", "replies_of_server1/line", "replies_to_clients/line"):
            for counter in ("duplicated", "reordered"):
                self.assertGreater(lines[name]["counters"][counter], 10, name)
        self.assertGreater(sum(line["drops"]["lost"] for line in lines.values()), 20)
        self.assertGreater(result["unanswered"], 10)
        for what in ("gats", "gat", "meta", "binary", "several"):
            self.assertGreater(result[what], 0, what)
        self.assertGreater(switch.counter("cache_parts", "hits"), 10)
        self.assertGreater(switch.counter("fetched", "fills"), 0)


class Linearizable(CoherenceTest):
    def test_a_bad_network(self):
        switch = self.start_bad_network()
        result = self.assert_linearizable(self.start_clients(60_000))
        self.end_well(switch, result, hits=0.02)
        self.assertGreater(result["noreply"], 0)

    def test_only_what_the_switch_has_fetched(self):
        switch = self.start_bad_network(EXACT_EXPIRY="true")
        result = self.assert_linearizable(self.start_clients(60_000, "--writes", "0.05"))
        self.end_well(switch, result, hits=0.02)
        self.assertEqual(switch.counter("fill1", "fills"), 0)

    def test_servers_restarted_in_the_middle(self):
        switch = self.start_bad_network()
        clients = self.start_clients(100_000, "--forgets")
        self.restart_while_running(clients)
        result = self.assert_linearizable(clients)
        self.end_well(switch, result, hits=0.02)

    def restart_while_running(self, clients):
        """Each server in turn, a second after the other has come back."""
        for role in itertools.cycle(SERVERS):
            with contextlib.suppress(subprocess.TimeoutExpired):
                clients.wait(timeout=1.0)
                return
            self.lab.stop_memcached(role)
            self.lab.start_memcached(role)

    def resize_while_running(self, clients, control):
        """Once the change before is over. How many there were."""
        resizes = 0
        for memory in itertools.cycle(("64MiB", "8MiB", "24MiB")):
            while True:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    clients.wait(timeout=0.1)
                    return resizes
                done = subprocess.run([SMARTSWITCH, "set", "--control", control, "hot", "memory", memory], capture_output=True, text=True,
                                      timeout=60, check=False)
                if done.returncode == 0:
                    break
                self.assertIn("its memory is still being changed", done.stderr)
            resizes += 1
        return resizes

    def resized(self, config, *words, **variables):
        control = self.lab.directory / "control.sock"
        switch = self.lab.start_switch(SMARTSWITCH, HERE / config, "--control", control, variables=variables)
        self.addCleanup(self.end, switch)
        switch.wait_until(self.lab.service_answers, f"ping to {SERVICE}")
        clients = self.start_clients(60_000, *words)
        resizes = self.resize_while_running(clients, control)
        result = self.assert_linearizable(clients)
        self.assertGreater(resizes, 5)
        # Elements that have the cache count anew after each change of it.
        self.stop_cleanly(switch)
        self.assertGreater(result["values_seen"], 0)
        self.assertGreater(switch.summary()["states"]["hot"]["counters"]["filled"], 100)

    def test_memory_that_is_changed_in_the_middle(self):
        self.resized("coherence.yaml")

    def test_memory_that_is_changed_in_the_middle_with_several_workers(self):
        self.resized("coherence_workers.yaml", CLIENT_DEV="net_af_packet0,iface=client,qpairs=2", CLIENT_QUEUES=2)

    def test_expiry_and_touch(self):
        # Expiry times are whole seconds: it takes some.
        switch = self.start_bad_network()
        result = self.assert_linearizable(self.start_clients(30_000, "--mortal", "--processes", "8", "--keys", "64"))
        self.end_well(switch, result, hits=0.02)

    def test_flush_all(self):
        switch = self.start_bad_network()
        clients = self.start_clients(60_000, "--flush-ms", "800", "--flush", *(OWN[role] for role in SERVERS))
        result = self.assert_linearizable(clients)
        self.end_well(switch, result, hits=0.02)
        self.assertGreater(result["flush_all"], 0)

    def test_requests_doubled_on_their_way_to_the_switch(self):
        switch = self.start_bad_network(DOUBLE_WRITES="0.02")
        clients = self.start_clients(20_000, "--repeats-ms", "500", "--processes", "8", "--keys", "32", "--writes", "0.1", "--only-plain")
        result = self.assert_linearizable(clients)
        self.end_well(switch, result, hits=0.02)

    def test_several_workers_behind_one_queue(self):
        switch = self.start_bad_network("coherence_one_queue.yaml")
        result = self.assert_linearizable(self.start_clients(60_000))
        self.end_well(switch, result, hits=0.02)
        for name in ("clients", "server1", "server2"):
            self.assertEqual([n > 100 for n in switch.summary()["elements"][f"from_{name}/spread"]["outputs"].values()], [True, True], name)

    def test_several_workers(self):
        switch = self.start_bad_network("coherence_workers.yaml", CLIENT_DEV="net_af_packet0,iface=client,qpairs=2", CLIENT_QUEUES=2)
        result = self.assert_linearizable(self.start_clients(60_000))
        self.end_well(switch, result, hits=0.02)


class BrokenRule(CoherenceTest):
    """The judge is not blind: a pipeline that breaks the promise is found out."""

    def test_every_second_write_past_the_cache(self):
        text = (HERE / "coherence.yaml").read_text()
        right = "writes_to_switch -> invalidate -> writes_to_servers -> choose"
        wrong = "writes_to_switch -> half\n  - half.0 -> invalidate -> writes_to_servers -> choose\n  - half.1 -> writes_to_servers"
        self.assertIn(right, text)
        config = self.lab.directory / "wrong.yaml"
        config.write_text(text.replace(right, wrong).replace("  requests: Queue\n", "  requests: Queue\n  half: RoundRobinSwitch\n"))
        self.start_bad_network(config)
        clients = self.start_clients(30_000)
        result = self.result_of(clients)
        self.assertEqual((clients.returncode, result["verdict"]), (1, "violation"), result)
        self.assertIn("no order of the operations explains this answer", result["said"])


if __name__ == "__main__":
    unittest.main()
