# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""The control API of a real switch: what it answers, who may ask, what hostile clients get, and that packets do not notice."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import socket
import ssl
import stat
import subprocess
import tempfile
import threading
import unittest
import urllib.parse

import jsonschema
import yaml

from support import CLIENT, CONFIGS, ROOT, SERVICE, SMARTSWITCH, MemswitchTest, until

TOKEN = "0123456789abcdef0123456789abcdef"


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("switch", timeout=30)
        self.path = str(path)

    def connect(self):
        self.sock = connect(self.path)


def connect(path):
    made = socket.socket(socket.AF_UNIX)
    made.connect(str(path))  # which waits for its turn only without a timeout
    made.settimeout(30)
    return made


def ask(connection, method, path, body=None, **headers):
    """Status, headers and body; JSON is parsed."""
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    text = response.read().decode()
    is_json = response.headers["Content-Type"] == "application/json"
    return response.status, response.headers, json.loads(text) if is_json else text


def read_to_end(connection):
    text = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(65536):
            text += piece
    return text


class ControlTest(MemswitchTest):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="control-", dir=self.lab.directory)))
        self.path = self.folder / "switch.sock"

    def start_controlled(self, config=CONFIGS / "memswitch.yaml", control=True):
        words = ["--control", self.path] if control else []
        switch = self.lab.start_switch(SMARTSWITCH, config, *words)
        self.addCleanup(self.end, switch)
        switch.wait_until(self.lab.service_answers, f"ping to {SERVICE}")
        return switch

    def get(self, path):
        connection = UnixConnection(self.path)
        status, _, answer = ask(connection, "GET", path)
        connection.close()
        self.assertEqual(status, 200, answer)
        return answer

    def verb(self, *words, code=0):
        done = subprocess.run([SMARTSWITCH, *words, "--control", self.path], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout if code == 0 else done.stderr


class Routes(ControlTest):
    """Every route against docs/openapi.yaml, in both directions."""

    def test_the_description_and_the_server_are_one(self):
        self.start_controlled()
        described = yaml.safe_load((ROOT / "docs/openapi.yaml").read_text())
        # The files of the web page are no part of the API.
        there = {(route["method"], route["path"]) for route in self.get("/v1")["routes"] if route["path"].startswith(("/v1", "/metrics"))}
        self.assertEqual(there, {(method.upper(), path) for path, methods in described["paths"].items() for method in methods})
        with UdpLoad(self.lab):
            for path, methods in described["paths"].items():
                for method, operation in methods.items():
                    if method == "get" and "{handler}" not in path:
                        self.check_operation(described, path, operation)

    def check_operation(self, described, path, operation):
        names = {"/v1/elements/{name}": [e["name"] for e in self.get("/v1/elements")], "/v1/states/{name}": [s["name"] for s in self.get("/v1/states")],
                 "/v1/classes/{name}": ["Queue", "KeyCache"]}.get(path, [None])
        connection = UnixConnection(self.path)
        for name in names:
            status, headers, answer = ask(connection, "GET", path.replace("{name}", urllib.parse.quote(name or "", safe="")))
            with self.subTest(path=path, name=name):
                self.assertIn(str(status), operation["responses"], answer)
                content = operation["responses"][str(status)]["content"]
                kind = headers["Content-Type"].split(";")[0]
                self.assertIn(kind, content)
                self.check(described, content[kind]["schema"], answer)
        if "{name}" in path:
            status, _, answer = ask(connection, "GET", path.replace("{name}", "no%2Fsuch"))
            self.assertEqual(status, 404)
            self.check(described, {"$ref": "#/components/schemas/Error"}, answer)
        status, headers, answer = ask(connection, "DELETE", path.replace("{name}", "x"))
        self.assertEqual((status, "GET" in headers["Allow"]), (405, True))
        self.check(described, {"$ref": "#/components/schemas/Error"}, answer)
        connection.close()

    def test_changes_are_answered_as_described(self):
        switch = self.start_controlled()
        described = yaml.safe_load((ROOT / "docs/openapi.yaml").read_text())
        connection = UnixConnection(self.path)
        tried = set()
        for method, path, body, status, names in (
                ("POST", "/v1/reload", {"dry_run": True}, 200, {}),
                ("POST", "/v1/reload", None, 200, {}),
                ("POST", "/v1/reload", {"file": "/no/such.yaml"}, 422, {}),
                ("POST", "/v1/reload", {"fiel": "x"}, 400, {}),
                ("GET", "/v1/states/{name}/handlers/{handler}", None, 200, {"name": "backends", "handler": "list"}),
                ("POST", "/v1/states/{name}/handlers/{handler}", None, 200, {"name": "hot", "handler": "flush"}),
                ("GET", "/v1/states/{name}/handlers/{handler}", None, 405, {"name": "hot", "handler": "flush"}),
                ("GET", "/v1/elements/{name}/handlers/{handler}", None, 422, {"name": "classify", "handler": "nothing"}),
                ("POST", "/v1/elements/{name}/handlers/{handler}", "x", 422, {"name": "classify", "handler": "nothing"}),
                ("PUT", "/v1/states/{name}/parameters/{parameter}", "5s", 200, {"name": "hot", "parameter": "max_age"}),
                ("PUT", "/v1/elements/{name}/parameters/{parameter}", "x", 422, {"name": "classify", "parameter": "nothing"}),
                ("POST", "/v1/trace", None, 200, {"query": "?for=1ms&filter=tcp"}),
                ("POST", "/v1/tap", None, 400, {"query": "?place=nowhere"}),
                ("POST", "/v1/profile", None, 200, {"query": "?for=1ms"}),
                ("POST", "/v1/drain", None, 202, {}),
                ("POST", "/v1/stop", None, 202, {})):
            text = None if body is None else json.dumps(body)
            code, _, answer = ask(connection, method, path.format(**names) + names.get("query", ""), text)
            tried.add((method.lower(), path))
            with self.subTest(method=method, path=path, body=body):
                self.assertEqual(code, status, answer)
                operation = described["paths"][path][method.lower()]
                response = operation["responses"].get(str(code), operation["responses"]["default"])
                if "$ref" in response:
                    response = described["components"]["responses"][response["$ref"].split("/")[-1]]
                self.check(described, response["content"]["application/json"]["schema"], answer)
        connection.close()
        parts = {(method, path) for path, methods in described["paths"].items() for method in methods if method != "get" or "{handler}" in path}
        self.assertEqual(tried, parts, "every route that changes something is tried")
        self.assertEqual(switch.process.wait(timeout=20), 0)

    @staticmethod
    def check(described, schema, answer):
        jsonschema.Draft202012Validator({**schema, "components": described["components"]}).validate(answer)

    def test_the_schemas_refuse_what_is_wrong(self):
        described = yaml.safe_load((ROOT / "docs/openapi.yaml").read_text())
        for name, wrong in (("Error", {"error": "", "hint": ""}), ("Pool", {"packets": -1, "in_use": 0}), ("Ready", {"ready": True}),
                            ("Element", {"name": "x"}), ("StateCounts", {"class": "x", "counters": {}, "hot": [{"name": 1}]})):
            with self.subTest(name), self.assertRaises(jsonschema.ValidationError):
                self.check(described, {"$ref": f"#/components/schemas/{name}"}, wrong)

    def test_metrics_are_those_of_the_dashboard_and_the_alerts(self):
        self.start_controlled()
        text = self.get("/metrics")
        exposed = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE)) | set(re.findall(r"^(\S+_bucket)\{", text, re.MULTILINE))
        for line in text.splitlines():
            self.assertRegex(line, r"^(# (HELP|TYPE) |smartswitch_[a-z_]+(\{([a-z]+=\"([^\"\\]|\\.)*\",?)+\})? [-+0-9.e]+$)")
        for name in ("monitoring/prometheus-alerts.yaml", "monitoring/grafana-dashboard.json"):
            used = set(re.findall(r"smartswitch_[a-z_]+", (CONFIGS / name).read_text()))
            self.assertTrue(used, name)
            self.assertEqual(used - exposed, set(), name)
        alerts = yaml.safe_load((CONFIGS / "monitoring/prometheus-alerts.yaml").read_text())
        for rule in alerts["groups"][0]["rules"]:
            self.assertEqual(sorted(rule), ["alert", "annotations", "expr", "for", "labels"], rule)
        dashboard = json.loads((CONFIGS / "monitoring/grafana-dashboard.json").read_text())
        self.assertTrue(all(panel["targets"] for panel in dashboard["panels"] if panel["type"] != "row"))

    def test_it_tells_what_the_summary_tells(self):
        switch = self.start_controlled()
        self.load(keys=50)
        self.assertEqual([file["name"] for file in self.get("/v1/configuration")["files"]], [str(CONFIGS / "memswitch.yaml")])
        stats = self.get("/v1/stats")["elements"]
        counted = stats["classify"]
        for sender in ("to_clients", "to_server1"):
            latency = stats[sender]["histograms"]["latency"]
            self.assertGreater(latency["count"], stats[sender]["sent"] // 2, sender)  # but for those after the last stamp
            self.assertLessEqual(latency["count"], stats[sender]["sent"], sender)
            self.assertTrue(0 < latency["p50_ns"] <= latency["p99_ns"] <= latency["max_ns"], latency)
        self.verb("stop")
        self.assertEqual(switch.process.wait(timeout=20), 0)
        summary = switch.summary()
        self.assert_all_accounted_for(summary)
        self.assertEqual(counted, summary["elements"]["classify"])


class UdpLoad:
    """Requests from the client while something else happens; `result` is what came of them."""

    def __init__(self, lab, requests=40_000):
        self.lab, self.requests, self.result = lab, requests, None

    def __enter__(self):
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        return self

    def run(self):
        self.result = self.lab.client(CLIENT, "run", "--server", SERVICE, "--keys", 100, "--requests", self.requests, "--window", 4, timeout=200)

    def __exit__(self, *exception):
        self.thread.join()


class Verbs(ControlTest):
    def test_stats_drain_ctl_and_stop(self):
        switch = self.start_controlled()
        table = self.verb("stats")
        self.assertIn("classify", table)
        self.assertEqual(json.loads(self.verb("stats", "--json")).keys(), self.get("/v1/stats").keys())
        # What the switch does by itself may take a packet just then.
        self.assertEqual(json.loads(self.verb("ctl", "GET", "pool"))["packets"], self.get("/v1/pool")["packets"])
        self.assertIn("did you mean `classify`?", self.verb("ctl", "GET", "/v1/elements/clasify", code=2))
        self.assertIn("it takes GET", self.verb("ctl", "POST", "/v1/graph", code=2))
        self.verb("drain")
        self.assertIn("draining", self.verb("ctl", "GET", "/v1/ready", code=3))
        self.assertFalse(self.lab.service_answers())
        self.verb("stop")
        self.assertEqual(switch.process.wait(timeout=20), 0)
        self.assertFalse(self.path.exists())
        self.assertIn("no switch answers", self.verb("stats", code=3))
        self.assert_all_accounted_for(switch.summary())

    def test_signals_still_end_it(self):
        switch = self.start_controlled()
        with connect(self.path) as silent:
            self.stop_cleanly(switch)
            self.assertEqual(read_to_end(silent), b"")
        self.assertFalse(self.path.exists())


class Sockets(ControlTest):
    def test_a_killed_switch_leaves_nothing_in_the_way(self):
        first = self.start_controlled()
        first.process.kill()
        first.process.wait()
        self.assertTrue(self.path.exists(), "that is what a killed one leaves")
        second = self.start_controlled()
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o600)
        self.assertEqual(self.get("/v1")["phase"], "running")
        self.stop_cleanly(second)

    def test_a_live_one_is_left_alone(self):
        first = self.start_controlled()
        done = self.lab.run("client", SMARTSWITCH, "run", self.write_source(), "--control", self.path)
        self.assertEqual(done.returncode, 3)
        self.assertIn("another switch answers there", done.stderr)
        self.get("/v1")
        self.stop_cleanly(first)

    def test_a_removed_socket_comes_back(self):
        switch = self.start_controlled()
        self.path.unlink()
        until(self.path.exists, "the socket to come back")
        self.get("/v1/health")
        self.stop_cleanly(switch)
        self.assertIn("somebody has removed", switch.log.read_text())

    def write_source(self):
        source = self.folder / "source.yaml"
        source.write_text("smartswitch: 1\nelements: {source: {class: Source, rate: 100}, end: Discard}\nconnections: [source -> end]\n")
        return source

    def test_two_of_one_name_are_told_apart(self):
        runtime = self.folder / "run"
        runtime.mkdir(mode=0o700)
        source = self.write_source()
        environment = {**os.environ, "XDG_RUNTIME_DIR": str(runtime)}
        name = f"twin{os.getpid()}"
        twins = []
        for _ in range(2):
            twins.append(subprocess.Popen([SMARTSWITCH, "run", source, "--name", name], env=environment, stderr=subprocess.DEVNULL,
                                          stdout=subprocess.DEVNULL))
            self.addCleanup(twins[-1].kill)
            until(lambda: len(self.sockets_of(name, runtime)) == len(twins), "its socket")
        several = subprocess.run([SMARTSWITCH, "stats"], env=environment, capture_output=True, text=True, check=False)
        self.assertEqual(several.returncode, 3)
        for path in self.sockets_of(name, runtime):
            self.assertIn(str(path), several.stderr)
            subprocess.run([SMARTSWITCH, "stop", "--control", path], check=True)
        for twin in twins:
            self.assertEqual(twin.wait(timeout=20), 0)
        self.assertEqual(self.sockets_of(name, runtime), [])

    @staticmethod
    def sockets_of(name, runtime):
        return [p for folder in (pathlib.Path("/run/smartswitch"), runtime / "smartswitch") for p in sorted(folder.glob(f"{name}*.sock"))]

    def test_none_is_none(self):
        switch = self.lab.start_switch(SMARTSWITCH, CONFIGS / "memswitch.yaml", "--control", "none")
        self.addCleanup(self.end, switch)
        switch.wait_until(self.lab.service_answers, f"ping to {SERVICE}")
        self.assertNotIn("control:", switch.log.read_text())
        self.stop_cleanly(switch)


class HostileClients(ControlTest):
    """Whatever clients do, the switch answers the others, and no packet is lost."""

    def setUp(self):
        super().setUp()
        self.switch = self.start_controlled()
        self.load(keys=100)

    def is_healthy(self):
        """Right after hundreds have left at once, some of them may still count."""
        connection = UnixConnection(self.path)
        status = ask(connection, "GET", "/v1/health")[0]
        connection.close()
        return status == 200

    def while_packets_flow(self, *attacks):
        with UdpLoad(self.lab) as load:
            for attack in attacks:
                attack()
                until(self.is_healthy, "an answer")
        self.assert_all_right(load.result)
        metrics = self.get("/metrics")
        self.stop_cleanly(self.switch)
        return {reason: int(count) for reason, count in re.findall(r'smartswitch_control_refusals_total\{reason="(\w+)"\} (\d+)', metrics)}

    def test_ten_thousand_connections(self):
        def one_after_another():
            for _ in range(10_000):
                connect(self.path).close()

        def at_once():
            with contextlib.ExitStack() as stack:
                for _ in range(400):
                    stack.enter_context(connect(self.path))
                # Idle ones do not make way before they have asked something, so the last are refused.
                last = stack.enter_context(connect(self.path))
                self.assertIn(b"503 Service Unavailable", read_to_end(last))

        refusals = self.while_packets_flow(one_after_another, at_once)
        self.assertGreater(refusals["too_many_connections"], 0)

    def test_half_sent_requests(self):
        def halves():
            with contextlib.ExitStack() as stack:
                half = [stack.enter_context(connect(self.path)) for _ in range(100)]
                for each in half:
                    each.sendall(b"GET /v1/graph HTTP/1.1\r\nHost: sw")
                self.get("/v1/graph")
                self.assertTrue(read_to_end(half[0]).startswith(b"HTTP/1.1 408 "))

        refusals = self.while_packets_flow(halves)
        self.assertGreaterEqual(refusals["slow_request"], 1)

    def test_huge_and_malformed(self):
        def huge():
            for head in (b"PUT /v1/x HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", b"PUT /v1/x HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n"):
                with connect(self.path) as client:
                    client.sendall(head)
                    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                        for _ in range(100):
                            client.sendall(b"x" * 65536)
                    self.assertTrue(read_to_end(client).startswith(b"HTTP/1.1 413 "))

        def malformed():
            for text, status in ((b"\x00" * 100 + b"\r\n\r\n", b"400"), (b"GET / HTTP/9.9\r\n\r\n", b"400"), (b"GET /" + b"x" * 9000, b"431"),
                                 (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 2000, b"431"), (b"GET nowhere HTTP/1.1\r\nConnection: close\r\n\r\n", b"400")):
                with connect(self.path) as client:
                    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                        client.sendall(text)
                    self.assertTrue(read_to_end(client).startswith(b"HTTP/1.1 " + status), text[:40])

        refusals = self.while_packets_flow(huge, malformed)
        self.assertEqual(refusals["malformed"], 6)

    def test_clients_that_never_read(self):
        def deaf():
            with contextlib.ExitStack() as stack:
                for _ in range(20):
                    client = stack.enter_context(connect(self.path))
                    client.setblocking(False)
                    with contextlib.suppress(BlockingIOError):
                        while True:
                            client.send(b"GET /v1/classes HTTP/1.1\r\n\r\n" * 100)
                for _ in range(20):
                    self.get("/v1/stats")

        self.while_packets_flow(deaf)


def openssl(folder, *words):
    subprocess.run(["openssl", *map(str, words)], cwd=folder, check=True, capture_output=True)


class Certificates:
    """A CA of its own, and what it has signed."""

    def __init__(self, folder):
        self.folder = folder
        self.make_ca("ca")
        self.make_ca("other-ca")
        self.sign("server", "ca", "subjectAltName=IP:127.0.0.1")
        self.sign("client", "ca")
        self.sign("stranger", "other-ca")
        self.sign("expired", "ca", days=-1)
        self.sign("expired-server", "ca", "subjectAltName=IP:127.0.0.1", days=-1)

    def make_ca(self, name):
        openssl(self.folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key", "-out",
                f"{name}.pem", "-days", "2", "-subj", f"/CN={name}")

    def sign(self, name, ca, extension="basicConstraints=CA:FALSE", days=1):
        openssl(self.folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr",
                "-subj", f"/CN={name}")
        (self.folder / f"{name}.ext").write_text(extension)
        openssl(self.folder, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key", "-CAcreateserial", "-out", f"{name}.pem",
                "-days", days, "-extfile", f"{name}.ext")

    def __getitem__(self, name):
        return self.folder / name


class Tls(ControlTest):
    def setUp(self):
        super().setUp()
        self.files = Certificates(self.folder)
        self.token_file = self.folder / "token"
        self.token_file.write_text(TOKEN + "\n")
        self.token_file.chmod(0o600)

    def start_tls(self, server="server", **more):
        lines = {"socket": self.path, "listen": "127.0.0.1:0", "certificate": self.files[server + ".pem"], "key": self.files[server + ".key"],
                 "token_file": self.token_file, **more}
        config = self.folder / "switch.yaml"
        config.write_text(f"smartswitch: 1\ninclude: [{CONFIGS}/memswitch.yaml]\ncontrol:\n" + "".join(f"  {k}: {v}\n" for k, v in lines.items()))
        switch = self.start_controlled(config, control=False)
        self.port = int(re.search(r"control: https://127.0.0.1:(\d+)", switch.log.read_text())[1])
        return switch

    def trusting(self, certificate=None, ca="ca.pem"):
        context = ssl.create_default_context(cafile=self.files[ca])
        if certificate:
            context.load_cert_chain(self.files[certificate + ".pem"], self.files[certificate + ".key"])
        return context

    @contextlib.contextmanager
    def connection(self, context):
        made = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=30)
        raw = self.lab.socket("switch", socket.SOCK_STREAM, timeout=30)
        raw.connect(("127.0.0.1", self.port))
        try:
            made.sock = context.wrap_socket(raw, server_hostname="127.0.0.1")
            yield made
        finally:
            raw.close()
            made.close()

    def status(self, path, context=None, method="GET", body=None, **headers):
        with self.connection(context or self.trusting()) as connection:
            return ask(connection, method, path, body, **headers)[0]

    def refusals(self, reason):
        return int(re.search(rf'smartswitch_control_refusals_total\{{reason="{reason}"\}} (\d+)', self.get("/metrics"))[1])

    def test_the_token_opens(self):
        switch = self.start_tls()
        right = {"Authorization": f"Bearer {TOKEN}"}
        self.assertEqual(self.status("/v1/graph", **right), 200)
        self.assertEqual(self.status("/v1/health"), 200)
        self.assertEqual(self.status("/v1/ready"), 200)
        wrong = [{}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Bearer {TOKEN}x"}, {"Authorization": f"Basic {TOKEN}"},
                 {"Authorization": f"Bearer {TOKEN[:-1]}"}]
        for headers in wrong:
            for path in ("/v1/graph", "/metrics", "/nothing"):
                self.assertEqual(self.status(path, **headers), 401, headers)
        self.assertEqual(self.status("/v1/stop", method="POST"), 401)
        self.assertEqual(self.status("/v1/stop", method="POST", body="x" * 100), 401)
        self.assertEqual(self.refusals("wrong_token"), 3 * len(wrong) + 2)
        self.assertEqual(self.lab.run("switch", SMARTSWITCH, "stats", "--control", f"https://127.0.0.1:{self.port}", "--ca", self.files["ca.pem"],
                                      "--token-file", self.token_file).returncode, 0)
        self.stop_cleanly(switch)

    def test_a_new_certificate_and_token_serve_new_connections(self):
        switch = self.start_tls()
        old = {"Authorization": f"Bearer {TOKEN}"}
        with self.connection(self.trusting()) as kept:
            self.assertEqual(ask(kept, "GET", "/v1/graph", **old)[0], 200)
            (self.folder / "server.pem").write_text("not yet whole")
            until(lambda: "cannot use the certificate" in switch.log.read_text(), "the fault in the log")
            self.assertEqual(self.status("/v1/graph", **old), 200)
            self.files.sign("server", "other-ca", "subjectAltName=IP:127.0.0.1")

            def serves_the_new_one():
                try:
                    return self.status("/v1/graph", self.trusting(ca="other-ca.pem"), **old) == 200
                except ssl.SSLError:
                    return False

            until(serves_the_new_one, "the new certificate")
            self.assertEqual(ask(kept, "GET", "/v1/graph", **old)[0], 200)
        new = {"Authorization": f"Bearer {TOKEN[::-1]}"}
        self.token_file.write_text(TOKEN[::-1])
        until(lambda: self.status("/v1/graph", self.trusting(ca="other-ca.pem"), **new) == 200, "the new token")
        self.assertEqual(self.status("/v1/graph", self.trusting(ca="other-ca.pem"), **old), 401)
        self.stop_cleanly(switch)

    def test_metrics_may_be_open(self):
        switch = self.start_tls(metrics_without_token="true")
        self.assertEqual(self.status("/metrics"), 200)
        self.assertEqual(self.status("/v1/stats"), 401)
        self.stop_cleanly(switch)

    def test_clients_need_a_certificate_of_the_right_ca(self):
        switch = self.start_tls(client_ca=self.files["ca.pem"])
        right = {"Authorization": f"Bearer {TOKEN}"}
        self.assertEqual(self.status("/v1/graph", self.trusting("client"), **right), 200)
        self.assertEqual(self.status("/v1/graph", self.trusting("client")), 401)
        for certificate in (None, "stranger", "expired"):
            with self.subTest(certificate), self.assertRaises((ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)):
                self.status("/v1/health", self.trusting(certificate), **right)
        until(lambda: self.refusals("failed_handshake") == 3, "the refusals to be counted")
        self.stop_cleanly(switch)

    def test_an_expired_certificate_is_told_of_and_refused_by_clients(self):
        switch = self.start_tls(server="expired-server")
        self.assertIn("has expired", switch.log.read_text())
        done = self.lab.run("switch", SMARTSWITCH, "stats", "--control", f"https://127.0.0.1:{self.port}", "--ca", self.files["ca.pem"],
                            "--token-file", self.token_file)
        self.assertEqual(done.returncode, 3)
        self.assertIn("certificate has expired", done.stderr)
        with self.assertRaises(ssl.SSLError):
            self.status("/v1/health")
        self.stop_cleanly(switch)

    def test_others_get_no_answer(self):
        switch = self.start_tls()
        with self.assertRaises(ssl.SSLError):
            self.status("/v1/health", self.trusting(ca="other-ca.pem"))
        with self.lab.socket("switch", socket.SOCK_STREAM, timeout=30) as plain:
            plain.connect(("127.0.0.1", self.port))
            plain.sendall(b"GET /v1/health HTTP/1.1\r\n\r\n")
            self.assertNotIn(b"HTTP/1.1 200", read_to_end(plain))
        with self.lab.socket("switch", socket.SOCK_STREAM, timeout=30) as silent:
            silent.connect(("127.0.0.1", self.port))
            self.assertEqual(read_to_end(silent), b"")
        self.assertGreaterEqual(self.refusals("failed_handshake"), 3)
        self.stop_cleanly(switch)

    def test_a_flood_of_strangers_leaves_the_operator_his_way(self):
        """They can fill the port's connections, not those of the socket."""
        switch = self.start_tls(connections=20)
        with contextlib.ExitStack() as stack:
            for _ in range(100):
                stranger = stack.enter_context(self.lab.socket("switch", socket.SOCK_STREAM, timeout=30))
                stranger.connect(("127.0.0.1", self.port))
            self.get("/v1/health")
            until(lambda: self.refusals("too_many_connections") == 80, "the refusals to be counted")
        self.stop_cleanly(switch)

    def test_files_that_cannot_be_used_are_named(self):
        for broken, says in (("certificate", "certificate in"), ("key", "private key in"), ("token_file", "token in"), ("client_ca", "CAs of clients in")):
            bad = self.folder / "bad"
            bad.write_text("no PEM, short\n")
            lines = {"socket": "none", "listen": "127.0.0.1:0", "certificate": self.files["server.pem"], "key": self.files["server.key"],
                     "token_file": self.token_file, broken: bad}
            config = self.folder / "broken.yaml"
            config.write_text("smartswitch: 1\nelements: {source: {class: Source, count: 1}, end: Discard}\nconnections: [source -> end]\ncontrol:\n" +
                              "".join(f"  {k}: {v}\n" for k, v in lines.items()))
            done = self.lab.run("switch", SMARTSWITCH, "run", config, "--for", "1s")
            self.assertEqual(done.returncode, 3, broken)
            self.assertIn(f"{says} {bad}", done.stderr)


if __name__ == "__main__":
    unittest.main()
