// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The page: asks the switch once a second and shows what changed.

import {Unauthorised, ask, setToken} from "./api.js";
import {Costs} from "./costs.js";
import {Details} from "./details.js";
import {byId, make, setText} from "./dom.js";
import {duration, percent, rate} from "./format.js";
import {GraphView} from "./graph_view.js";
import {History, rates} from "./rates.js";
import {Tables, Tiles} from "./tables.js";
import {Timeline} from "./timeline.js";

const EVERY = 1000; // milliseconds

const view = new GraphView(byId("graph"), (name) => choose(name));
const details = new Details(byId("details"), (name, kind) => choose(name, kind), () => choose(null));
const tables = new Tables((name, kind) => choose(name, kind));
const tiles = new Tiles(byId("tiles"));
const history = new History();
const costs = new Costs(byId("costs"));
const lines = [
  [new Timeline("packets", rate), (now) => ({in: now.came, out: now.sent})],
  [new Timeline("drops", rate), (now) => ({dropped: now.dropped})],
  [new Timeline("workers' load", percent, 1), (now) => Object.fromEntries(now.workers)],
];
byId("timelines").append(...lines.map(([line]) => line.node));

let before = null;
let shown = ""; // the graph that is drawn, told by its names
let latest = null; // the last counts and rates

// ---- choosing

function hashOf(name, kind) {
  return name ? `#${kind === "states" ? "state" : "element"}=${encodeURIComponent(name)}` : " ";
}

function choose(name, kind = "elements") {
  replaceHash(hashOf(name, kind));
  view.select(kind === "elements" ? name : null);
  if (!name) {
    details.hide();
    return;
  }
  if (kind === "elements") view.bringIn(name);
  details.open(kind, name).then(() => latest && details.update(latest.stats, latest.now)).catch(complain);
}

function replaceHash(hash) {
  window.history.replaceState(null, "", hash === " " ? location.pathname : hash);
}

function chooseByHash() {
  const [, kind, name] = /^#(element|state)=(.+)$/.exec(location.hash) ?? [];
  if (name) choose(decodeURIComponent(name), `${kind}s`);
}

// ---- finding

function matches(element) {
  const wanted = byId("search").value.trim().toLowerCase();
  return !wanted || element.name.toLowerCase().includes(wanted) || element.class.toLowerCase().includes(wanted);
}

byId("search").addEventListener("input", () => {
  view.highlight(matches);
  if (latest) tables.update(latest.stats, latest.now, matches);
});

byId("search-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const wanted = byId("search").value.trim();
  const found = (view.elements ?? []).find((element) => element.name === wanted) ?? (view.elements ?? []).find(matches);
  if (found) choose(found.name);
});

document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !/^(INPUT|SELECT)$/.test(document.activeElement?.tagName)) {
    event.preventDefault();
    byId("search").focus();
  } else if (event.key === "Escape" && details.of) {
    choose(null);
  }
});

// ---- looks

const THEMES = {light: "dark", dark: "light"};

function theme() {
  return document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
}

document.documentElement.dataset.theme = localStorage.getItem("theme") ?? theme();
byId("theme").addEventListener("click", () => {
  document.documentElement.dataset.theme = THEMES[theme()];
  localStorage.setItem("theme", theme());
});
byId("zoom-in").addEventListener("click", () => view.zoom(1.3));
byId("zoom-out").addEventListener("click", () => view.zoom(1 / 1.3));
byId("zoom-fit").addEventListener("click", () => view.fit());

// ---- asking

function complain(error) {
  byId("trouble").hidden = false;
  setText(byId("trouble"), error.message || "The switch does not answer.");
}

function askForToken(error) {
  byId("token-form").hidden = false;
  byId("main").hidden = true;
  if (error.message) complain(error);
  byId("token").focus();
  return new Promise((resolve) => {
    byId("token-form").addEventListener("submit", (event) => {
      event.preventDefault();
      setToken(byId("token").value);
      byId("token-form").hidden = true;
      byId("trouble").hidden = true;
      resolve();
    }, {once: true});
  });
}

function namesOf(stats) {
  return JSON.stringify(Object.entries(stats.elements).map(([name, e]) => [name, e.class, Object.keys(e.outputs)]));
}

async function drawGraph(names) {
  const [graph, about] = await Promise.all([ask("v1/graph"), ask("v1")]);
  shown = names;
  byId("main").hidden = false;
  view.matches = matches;
  view.show(graph);
  byId("names").replaceChildren(...graph.elements.map((element) => make("option", {value: element.name}, element.class)));
  setText(byId("name"), about.name);
  document.title = `${about.name} – SmartSwitch`;
  byId("about").title = `SmartSwitch ${about.version}, ${about.configuration}`;
  chooseByHash();
}

async function look() {
  const [stats, measured] = await Promise.all([ask("v1/stats"), costs.measure()]);
  const names = namesOf(stats);
  if (names !== shown) await drawGraph(names);
  const now = before && rates(before, stats);
  if (before && !now) history.clear();
  before = stats;
  setText(byId("about"), `up ${duration(stats.seconds)}`);
  if (!now) return;
  now.costs = measured;
  latest = {stats, now};
  history.add(stats.seconds, now);
  tiles.update(stats, now);
  for (const [line, values] of lines) line.update(history.looks, values);
  view.update(now);
  tables.update(stats, now, matches);
  details.update(stats, now);
}

async function watch() {
  for (;;) {
    try {
      await look();
      byId("trouble").hidden = true;
      document.documentElement.classList.remove("stale");
    } catch (error) {
      document.documentElement.classList.add("stale");
      if (error instanceof Unauthorised) {
        await askForToken(error);
        continue;
      }
      complain(new Error(`The switch does not answer: ${error.message}. Trying again.`));
    }
    await new Promise((resolve) => setTimeout(resolve, EVERY));
  }
}

window.addEventListener("hashchange", chooseByHash);
watch();
