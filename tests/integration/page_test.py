# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""The web page of a switch, in a real browser. SMARTSWITCH_SCREENSHOTS=FOLDER makes the pictures of the documents anew."""

import http.client
import json
import os
import pathlib
import re
import socket
import threading
import unittest

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from support import CONFIGS, SERVICE, SMARTSWITCH, MemswitchTest, UdpMemcached

PATIENCE = 60  # seconds, for what comes within one or two
HOSTILE = b"<img/src=x/onerror=document.title='broken'>"


class Door:
    """A port of this machine that leads to the switch's socket, as `ssh -L PORT:SOCKET` makes one."""

    def __init__(self, path):
        self.path = str(path)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                outside, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.carry_both_ways, args=(outside,), daemon=True).start()

    def carry_both_ways(self, outside):
        with outside, socket.socket(socket.AF_UNIX) as inside:
            try:
                inside.connect(self.path)
            except OSError:
                return
            back = threading.Thread(target=self.carry, args=(inside, outside), daemon=True)
            back.start()
            self.carry(outside, inside)
            back.join()

    @staticmethod
    def carry(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def start_browser():
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--force-color-profile=srgb",
                 "--disable-background-networking", "--disable-component-update"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(service=webdriver.chrome.service.Service("/usr/bin/chromedriver"), options=options)


class Page(MemswitchTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        path = cls.lab.directory / "control.sock"
        cls.switch = cls.lab.start_switch(SMARTSWITCH, CONFIGS / "memswitch.yaml", "--control", path)
        cls.addClassCleanup(cls.end, cls.switch)
        cls.switch.wait_until(cls.lab.service_answers, f"ping to {SERVICE}")
        with UdpMemcached(cls.lab) as memcached:
            memcached.set(HOSTILE, b"value")
        with open(cls.lab.directory / "load", "wb") as log:
            cls.load_process = cls.lab.start("client", SMARTSWITCH, "load", "--server", SERVICE, "--rate", "2k", "--keys", "200", "--fill", "--distribution",
                                             "zipf:0.99", "--for", "600s", stdout=log, stderr=log)
        cls.addClassCleanup(cls.load_process.wait)
        cls.addClassCleanup(cls.load_process.kill)
        cls.door = Door(path)
        cls.addClassCleanup(cls.door.close)
        cls.browser = start_browser()
        cls.addClassCleanup(cls.browser.quit)

    def setUp(self):
        self.resize(1440, 1000)
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "light"}]})
        self.browser.get(self.address(""))
        self.browser.execute_script("localStorage.clear(); sessionStorage.clear()")
        self.open("")

    def tearDown(self):
        complaints = [entry["message"] for entry in self.browser.get_log("browser") if entry["level"] == "SEVERE"]
        self.assertEqual(complaints, [])

    # ---- the browser

    def resize(self, width, height):
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                     {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})

    def address(self, path):
        return f"http://localhost:{self.door.port}/{path}"

    def open(self, path):
        self.browser.get(self.address(path))
        self.wait(lambda: self.all("#graph .box") and self.all("#elements-table tbody tr"), "the graph and its numbers")

    def all(self, selector):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector):
        return self.one(selector).get_property("textContent")

    def run_script(self, script, *arguments):
        return self.browser.execute_script(script, *arguments)

    def wait(self, condition, what):
        WebDriverWait(self.browser, PATIENCE, poll_frequency=0.1).until(lambda _: condition(), what)

    def box(self, name):
        return self.one(f'#graph .box[data-name="{name}"]')

    def screenshot(self, name):
        folder = os.environ.get("SMARTSWITCH_SCREENSHOTS")
        if folder:
            self.wait(lambda: self.run_script("return document.querySelector('.series').getAttribute('d').split('L').length") > 40, "lines to be seen")
            self.browser.save_screenshot(str(pathlib.Path(folder) / f"page_{name}.png"))

    def press(self, selector):
        self.run_script("arguments[0].scrollIntoView({block: 'center'})", self.one(selector))
        self.one(selector).click()

    def boxes(self):
        """Of the graph: (left, top, right, bottom) on the screen."""
        return self.run_script("return [...document.querySelectorAll('#graph .box .body')].map((b) => { const r = b.getBoundingClientRect();"
                               "return [r.left, r.top, r.right, r.bottom]; })")

    def assert_no_overlap(self, boxes):
        for i, (left, top, right, bottom) in enumerate(boxes):
            for other in boxes[i + 1:]:
                self.assertFalse(left < other[2] and other[0] < right and top < other[3] and other[1] < bottom, (boxes[i], other))

    def lines_back(self, axis):
        """Of all lines, how many end before they begin: in x (0) or y (1)."""
        paths = self.run_script("return [...document.querySelectorAll('#graph .line')].map((line) => line.getAttribute('d'))")
        backwards = 0
        for path in paths:
            points = [tuple(map(float, pair)) for pair in re.findall(r"(-?[0-9.]+),(-?[0-9.]+)", path)]
            backwards += points[-1][axis] < points[0][axis]
        return backwards / len(paths)

    # ---- the tests

    def test_the_graph_with_its_rates(self):
        names = self.run_script("return fetch('v1/graph').then((answer) => answer.json()).then((graph) => graph.elements.map((e) => e.name))")
        self.assertEqual(sorted(box.get_attribute("data-name") for box in self.all("#graph .box")), sorted(names))
        self.wait(lambda: self.all("#graph .line.active"), "packets on a line")
        self.wait(lambda: re.fullmatch(r"[0-9.]+ k", self.text('#graph .box[data-name="classify"] .rate')), "2 k/s at the classifier")
        self.wait(lambda: "classify" in self.box("classify").get_attribute("aria-label") and "/s packets" in self.box("classify").get_attribute("aria-label"),
                  "what a screen reader says of it")
        self.assertIn("up ", self.text("#about"))
        self.wait(lambda: self.all(".timeline .series[d*='L']"), "a line over time")
        self.screenshot("wide")

    def test_boxes_do_not_overlap_and_lines_go_to_the_right(self):
        self.assert_no_overlap(self.boxes())
        self.assertLess(self.lines_back(0), 1 / 4, "only loops have lines that lead back")

    def test_a_click_shows_an_element(self):
        self.run_script("arguments[0].dispatchEvent(new MouseEvent('click', {bubbles: true}))", self.box("classify"))
        self.wait(lambda: self.text("#details h2:first-child") == "classify", "its details")
        text = self.text("#details")
        for part in ("MemcachedClassifier", "Why packets are dropped here", "bad_frame", "Connections", "Parameters", "service", "Documentation"):
            self.assertIn(part, text)
        self.assertIn("#element=classify", self.browser.current_url)
        before = self.text("#details tbody tr:first-child")
        self.wait(lambda: self.text("#details") != text, f"its counters go on (from {before})")
        self.one("#details .details-head button").click()
        self.wait(lambda: not self.one("#details").is_displayed(), "they are closed")

    def test_a_link_to_a_state_object(self):
        self.open("#state=hot")
        self.wait(lambda: "KeyCache" in self.text("#details"), "details of the cache")
        self.assertIn("Used by", self.text("#details"))

    # ---- what elements cost

    def profiles(self):
        """How often the page has asked for one, and for counts."""
        names = self.run_script("return performance.getEntriesByType('resource').map((entry) => entry.name)")
        return sum("/v1/profile" in name for name in names), sum(name.endswith("/v1/stats") for name in names)

    def assert_measures_no_more(self):
        self.wait(lambda: not self.text('#graph .box[data-name="classify"] .cost'), "a picture without costs")
        before, looks = self.profiles()
        self.wait(lambda: self.profiles()[1] >= looks + 3, "three more looks")
        self.assertEqual(self.profiles()[0], before)

    def test_what_elements_cost(self):
        self.wait(lambda: re.fullmatch(r"[0-9.]+ (ns|µs)", self.text('#graph .box[data-name="classify"] .cost')), "the time at the classifier")
        self.wait(lambda: re.search(r"(ns|µs) a packet, [0-9.]+ % of busy time", self.box("classify").get_attribute("aria-label")), "what a screen reader says of it")
        row = "[...document.querySelectorAll('#elements-table tbody tr')].find((row) => row.cells[0].textContent === 'classify')"
        self.wait(lambda: re.search(r"[0-9.]+ (ns|µs)[0-9.]+ %", self.run_script(f"return {row}.textContent")), "both in the table")
        self.open("#element=classify")
        self.wait(lambda: re.search(r"(ns|µs) a packet, [0-9.]+ % of the workers' busy time", self.text("#details .cost")), "both in its details")

    def test_costs_can_be_turned_off(self):
        self.wait(lambda: self.text('#graph .box[data-name="classify"] .cost'), "the time at the classifier")
        self.press("#costs")
        self.assert_measures_no_more()
        self.open("")
        self.assertFalse(self.one("#costs").is_selected(), "it is remembered")
        self.assertEqual(self.profiles()[0], 0)
        self.press("#costs")
        self.wait(lambda: self.text('#graph .box[data-name="classify"] .cost'), "the time again")

    def test_nothing_is_measured_for_a_page_that_nobody_sees(self):
        self.wait(lambda: self.text('#graph .box[data-name="classify"] .cost'), "the time at the classifier")
        self.run_script("Object.defineProperty(document, 'hidden', {get: () => true})")
        self.assert_measures_no_more()

    # ---- handlers

    def handler(self, name, argument=None):
        """Calls it as a user does, and returns what then stands there."""
        form = f'#details form[data-handler="{name}"]'
        self.run_script("arguments[0].replaceChildren()", self.one(f"{form} .result"))
        if argument is not None:
            field = self.one(f"{form} input")
            field.clear()
            field.send_keys(argument)
        self.press(f"{form} button")
        self.wait(lambda: self.text(f"{form} .result"), f"an answer of {name}")
        return self.text(f"{form} .result")

    def open_cache(self):
        self.open("#state=hot")
        self.wait(lambda: self.all('#details form[data-handler="pins"]'), "the handlers of the cache")

    def test_handlers_that_tell(self):
        self.open_cache()
        self.assertEqual(set(json.loads(self.handler("look_up", "nobody-has-it"))), {"cached", "misses", "pinned"})
        self.open("#state=backends")
        self.wait(lambda: self.all('#details form[data-handler="list"]'), "the handler of the servers")
        self.assertIn("mc1", self.handler("list"))

    def test_handlers_that_change(self):
        self.open_cache()
        self.assertEqual(self.handler("pin", "of-the-page"), "done")
        self.assertIn("of-the-page", self.handler("pins"))
        self.assertEqual(self.handler("unpin", "of-the-page"), "done")
        self.assertNotIn("of-the-page", self.handler("pins"))

    def test_an_answer_of_a_handler_is_text(self):
        self.open_cache()
        self.handler("pin", HOSTILE.decode())
        self.assertIn(HOSTILE.decode(), self.handler("pins"))
        self.handler("unpin", HOSTILE.decode())
        self.assertEqual(self.all("#details .handler img"), [])

    def test_a_handler_refuses_in_its_own_words(self):
        self.open_cache()
        said = self.run_script("return fetch('v1/states/hot/handlers/pin', {method: 'POST', body: JSON.stringify('k'.repeat(251))}).then((answer) => answer.json())")
        self.assertEqual(self.handler("pin", "k" * 251), "; ".join(filter(None, (said["error"], said["hint"]))))
        self.assertTrue(self.all('#details form[data-handler="pin"] .result .bad'))
        self.browser.get_log("browser")  # which has the 422

    def test_one_press_empties_no_cache(self):
        self.open_cache()
        button = '#details form[data-handler="flush"] button'
        self.press(button)
        self.assertEqual(self.text(button), "Press again to do it")
        self.one("#search").click()
        self.assertEqual(self.text(button), "Call", "he went elsewhere")
        self.press(button)
        self.assertEqual(self.handler("flush"), "done")

    # ---- ways to get about

    def test_the_keyboard(self):
        self.box("classify").send_keys(Keys.ARROW_RIGHT)
        self.wait(lambda: self.run_script("return document.activeElement.dataset.name") in ("cache", "invalidate", "filter_control", "split", "refuse", "switch",
                                                                                           "filter_several", "invalidate_direct"), "the next element")
        name = self.run_script("return document.activeElement.dataset.name")
        self.browser.switch_to.active_element.send_keys(Keys.ENTER)
        self.wait(lambda: self.text("#details h2:first-child") == name, "its details")
        self.one("body").send_keys(Keys.ESCAPE)
        self.wait(lambda: not self.one("#details").is_displayed(), "they are closed")
        self.one("body").send_keys("/")
        self.assertEqual(self.run_script("return document.activeElement.id"), "search")

    def test_finding(self):
        self.one("#search").send_keys("cachefill")
        self.wait(lambda: len(self.all("#elements-table tbody tr")) == 3, "three elements of the class CacheFill")
        self.assertEqual(len(self.all("#graph .box:not(.dim)")), 3)
        self.one("#search").send_keys(Keys.ENTER)
        self.wait(lambda: "CacheFill" in self.text("#details"), "details of the first")

    def test_top_keys_are_text(self):
        self.wait(lambda: self.all("#rankings .key"), "the hottest keys")
        with UdpMemcached(self.lab) as memcached:
            self.wait(lambda: [memcached.get(HOSTILE) for _ in range(300)] and HOSTILE.decode() in self.text("#rankings"), "a key that looks like HTML")
        self.assertEqual(self.all("#rankings img"), [])
        self.assertNotEqual(self.browser.title, "broken")

    def test_light_and_dark(self):
        def page():
            return self.run_script("return getComputedStyle(document.body).backgroundColor")

        light = page()
        self.one("#theme").click()
        self.assertNotEqual(page(), light)
        self.open("")
        self.assertNotEqual(page(), light, "it is remembered")
        self.one("#theme").click()
        self.assertEqual(page(), light)
        self.run_script("localStorage.clear()")
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})
        self.open("")
        self.assertNotEqual(page(), light, "as the system has it")
        self.run_script("document.querySelector('#graph .box[data-name=\"cache\"]').dispatchEvent(new MouseEvent('click'))")
        self.wait(lambda: "CacheResponder" in self.text("#details"), "details")
        self.wait(lambda: self.all(".timeline .series[d*='L']"), "a line over time")
        self.screenshot("dark")

    def assert_nothing_sticks_out(self):
        width, seen = self.run_script("return [document.documentElement.scrollWidth, innerWidth]")
        self.assertLessEqual(width, seen)

    def open_on_a_phone(self):
        self.resize(390, 844)
        self.open("")
        self.wait(lambda: self.all("#graph-pane.scrolls"), "a graph that scrolls")

    def test_a_phone(self):
        self.open_on_a_phone()
        self.assert_nothing_sticks_out()
        self.assertLess(self.run_script("return document.querySelector('#graph-pane').getBoundingClientRect().top"), 844 / 3, "it is near the top")
        boxes = self.boxes()
        self.assertTrue(all(bottom - top >= 44 for _, top, _, bottom in boxes), "a finger hits them")
        self.assertTrue(any(left >= 0 and right <= 390 and bottom < 844 for left, _, right, bottom in boxes), "some of it is seen")
        self.assert_no_overlap(boxes)
        self.assertLess(self.lines_back(1), 1 / 4, "only loops have lines that lead back")
        letters = self.run_script("return document.querySelector('#graph .name').getBoundingClientRect().height")
        self.assertGreater(letters, 10, "they can be read")
        self.wait(lambda: self.all(".timeline .series[d*='L']"), "a line over time")
        self.screenshot("phone")
        self.run_script("document.querySelector('#elements-table button').click()")
        self.wait(lambda: self.one("#details").is_displayed(), "details")
        self.assert_nothing_sticks_out()

    def test_a_tap_on_a_phone(self):
        """The details cover the lower part; what they are of stays in sight."""
        self.open_on_a_phone()
        self.run_script("arguments[0].scrollIntoView({block: 'center', inline: 'center'})", self.box("switch"))
        self.box("switch").click()
        self.wait(lambda: self.text("#details h2:first-child") == "switch", "its details")
        at = "const r = arguments[0].getBoundingClientRect(); return document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2)?.closest('.box')?.dataset.name"
        self.assertEqual(self.run_script(at, self.box("switch")), "switch")
        self.assertTrue(self.run_script("const r = document.querySelector('#details').getBoundingClientRect(); return r.bottom <= innerHeight && r.top > 0"))
        self.assert_nothing_sticks_out()
        self.one("#details .details-head button").click()
        self.wait(lambda: not self.one("#details").is_displayed(), "they are closed")

    def test_a_phone_that_is_turned(self):
        self.open_on_a_phone()
        self.resize(1024, 600)
        self.wait(lambda: not self.all("#graph-pane.scrolls"), "the graph from left to right")
        self.assertLess(self.lines_back(0), 1 / 4)

    def test_everything_that_can_be_pressed_has_a_name(self):
        nameless = self.run_script("return [...document.querySelectorAll('button, input, select, form, [role=button], table, section, svg[role], meter')].filter((e) =>"
                                   "!(e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') || e.textContent.trim() || e.labels?.length || e.hidden))"
                                   ".map((e) => e.outerHTML)")
        self.assertEqual(nameless, [])

    def test_nothing_comes_from_elsewhere(self):
        hosts = self.run_script("return [...new Set(performance.getEntriesByType('resource').map((entry) => new URL(entry.name).host))]")
        self.assertEqual(hosts, [f"localhost:{self.door.port}"])

    def test_what_the_server_says_with_it(self):
        for path, kind in (("/", "text/html"), ("/app.js", "text/javascript"), ("/style.css", "text/css"), ("/icon.svg", "image/svg+xml")):
            with self.subTest(path=path):
                connection = http.client.HTTPConnection("127.0.0.1", self.door.port, timeout=PATIENCE)
                connection.request("GET", path)
                answer = connection.getresponse()
                self.assertEqual(answer.status, 200)
                self.assertTrue(answer.headers["Content-Type"].startswith(kind))
                self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
                self.assertIn("default-src 'none'", answer.headers["Content-Security-Policy"])
                self.assertNotIn("unsafe", answer.headers["Content-Security-Policy"])
                connection.close()


if __name__ == "__main__":
    unittest.main()
