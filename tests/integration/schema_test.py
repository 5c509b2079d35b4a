# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""The schema that `smartswitch schema` writes, as an editor would use it: right files pass, wrong ones are refused where they are wrong."""

import json
import re
import subprocess
import unittest

import jsonschema
import yaml

from support import ROOT, SMARTSWITCH

FOLDERS = ["configs", "configs/parts", "bench/configs", "tests/integration", "examples/embed", "examples/own_element"]
RIGHT = [file for folder in FOLDERS for file in (ROOT / folder).glob("*.yaml")]
OWN_ELEMENT = "examples/own_element"  # its class is not the program's

START = """
smartswitch: 1
ports: {p: {device: net_null0}}
state: {pool: {class: BackendPool, servers: [{name: a, mac: "02:00:00:00:00:01"}]}}
elements: {rx: {class: PollDevice, port: p}, count: Counter, end: Discard}
connections: [rx -> count -> end]
"""

# What is written in place of what, and where the fault is then.
WRONG = [
    ("smartswitch: 1", "smartswitch: 2", "smartswitch"),
    ("connections:", "connection:", ""),
    ("ports:", "workers: [{core: 1}]\nports:", "workers/0"),
    ("ports:", "workers: [{core: 1, cores: [2], run: all}]\nports:", "workers/0"),
    ("ports:", "workers: [{core: 1, run: all, idle: never}]\nports:", "workers/0/idle"),
    ("ports:", "pool: {packets: many}\nports:", "pool/packets"),
    ("ports:", "pool: {cache: 600}\nports:", "pool/cache"),
    ("ports:", "control: {lissen: none}\nports:", "control"),
    ("ports:", "variables: {LIST: [1, 2]}\nports:", "variables/LIST"),
    ("ports:", "templates: {lane: {element: {}}}\nports:", "templates/lane"),
    ("device: net_null0", "rx_queues: 2", "ports/p"),
    ("device: net_null0", "device: net_null0, rx_queues: 0", "ports/p/rx_queues"),
    ("device: net_null0", "device: net_null0, mac: 02-00-00-00-00-01", "ports/p/mac"),
    ("{p:", "{1p:", "ports"),
    ("class: BackendPool", "class: BackendPol", "state/pool/class"),
    ("class: BackendPool", "class: PollDevice", "state/pool/class"),
    ("class: BackendPool", "class: BackendPool, hash: sha9", "state/pool/hash"),
    ("name: a,", "nam: a,", "state/pool/servers/0"),
    ("count: Counter", "count: Conter", "elements/count"),
    ("count: Counter", "count: {class: Conter}", "elements/count/class"),
    ("count: Counter", "count: {bytes: true}", "elements/count"),
    ("count: Counter", "count: {class: Counter, speed: 1}", "elements/count"),
    ("count: Counter", "count: PollDevice", "elements/count"),
    ("count: Counter", "count: {class: Queue, burst: 65}", "elements/count/burst"),
    ("count: Counter", "count: {class: Queue, capacity: plenty}", "elements/count/capacity"),
    ("count: Counter", "count: {class: RateLimiter, rate: 10x}", "elements/count/rate"),
    ("count: Counter", "count: {class: Impair, delay: 10}", "elements/count/delay"),
    ("count: Counter", "count: {class: EtherSwitch, ports: clients}", "elements/count/ports"),
    (", port: p}", "}", "elements/rx"),
    ("[rx -> count -> end]", "[rx]", "connections/0"),
    ("[rx -> count -> end]", "rx -> count -> end", "connections"),
]

# Fine in place of what START has there: each of them passes `smartswitch check`, or would with values for the variables.
FINE = [
    ("smartswitch: 1", 'smartswitch: "1"'),
    ("{device: net_null0}", "net_null0"),
    ("{device: net_null0}", '{device: "${DEV:-net_null0}", rx_queues: "${QUEUES:-1}", promiscuous: "${ALL:-no}"}'),
    ("count: Counter", 'count: {class: "${KIND:-Counter}"}'),
    ("count: Counter", 'count: {class: Queue, burst: "0x10", capacity: "${ROOM:-20}"}'),
    ("count: Counter", "count: {class: RateLimiter, rate: 1.5M/s}"),
    ("count: Counter", "count: {class: RateLimiter, rate: 1000}"),
    ("count: Counter", 'count: {class: EtherSwitch, ports: ["${PORT:-clients}", b]}'),
    ("ports:", "templates:\nworkers:\ninclude: other.yaml\nports:"),
    ("ports:", "templates: {Lane: {parameters: {rate: ~, burst: 1}, connections: [input -> output]}}\nports:"),
    ("ports:", "control: {socket: none, connections: 16}\nports:"),
    ("ports:", "workers: [{core: 1, run: all, name: io, max_sleep: 100us}]\nports:"),
]


class Schema(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        written = subprocess.run([SMARTSWITCH, "schema"], capture_output=True, text=True, check=True, timeout=60)
        cls.schema = json.loads(written.stdout)
        jsonschema.Draft202012Validator.check_schema(cls.schema)
        cls.validator = jsonschema.Draft202012Validator(cls.schema)

    def faults(self, text):
        """The places of all faults, and what is said of them."""
        return {"/".join(map(str, fault.absolute_path)): fault.message for fault in self.validator.iter_errors(yaml.safe_load(text))}

    def test_our_own_files_pass(self):
        self.assertGreater(len(RIGHT), 15)
        for path in RIGHT:
            if OWN_ELEMENT in str(path):
                continue
            with self.subTest(path=path):
                self.assertEqual(self.faults(path.read_text()), {})

    def test_the_files_in_the_documents_pass(self):
        found = 0
        documents = [p for p in (ROOT / "docs").glob("*.md") if p.name != "writing-elements.md"]  # that one has elements of its own
        for path in [ROOT / "README.md", *documents]:
            for text in re.findall(r"^```yaml\n(.*?)^```", path.read_text(), re.MULTILINE | re.DOTALL):
                if not text.startswith("smartswitch: 1"):
                    continue
                found += 1
                with self.subTest(document=path.name, text=text):
                    self.assertEqual(self.faults(text), {})
        self.assertGreater(found, 1)

    def test_what_is_wrong_is_refused_at_its_place(self):
        self.assertEqual(self.faults(START), {})
        for old, new, place in WRONG:
            with self.subTest(new=new):
                self.assertEqual(START.count(old), 1, old)
                faults = self.faults(START.replace(old, new))
                self.assertIn(place, faults)
                self.assertEqual(set(faults) - {place}, set(), "other places are right")

    def test_variables_short_forms_and_units_are_not_refused(self):
        for old, new in FINE:
            with self.subTest(new=new):
                self.assertEqual(self.faults(START.replace(old, new)), {})

    def test_defaults_are_right(self):
        """An editor proposes them: none may be refused."""
        checked = 0
        for name, definition in self.schema["$defs"].items():
            for parameter, schema in definition.get("properties", {}).items():
                if isinstance(schema, dict) and "default" in schema and parameter not in definition.get("required", []):
                    if schema["default"] == "":  # stands for `not given` where it is no value
                        continue
                    checked += 1
                    with self.subTest(name=name, parameter=parameter):
                        jsonschema.Draft202012Validator(schema).validate(schema["default"])
        self.assertGreater(checked, 100)


if __name__ == "__main__":
    unittest.main()
