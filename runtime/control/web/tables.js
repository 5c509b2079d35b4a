// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The same in tables: for whoever does not see the picture, for small screens, and for sorting.

import {byId, make, setRows, setText} from "./dom.js";
import {percent, rate, short, time} from "./format.js";

const number = (title) => ({title, number: true});

export class Tables {
  constructor(choose) {
    this.choose = choose;
    this.rankings = new Map();
  }

  update(stats, rates, matches) {
    const name = (id, kind) => ({text: id, press: () => this.choose(id, kind)});
    const elements = Object.entries(stats.elements).filter(([id, e]) => matches({name: id, class: e.class}));
    const now = (id) => rates.elements.get(id) ?? {packets: 0, drops: 0};
    elements.sort(([a], [b]) => now(b).packets - now(a).packets || a.localeCompare(b));
    setRows(byId("elements-table"), [{title: "name"}, {title: "class"}, number("packets/s"), number("a packet"), number("busy"), number("drops/s"), number("dropped"), number("held")],
      elements.map(([id, e]) => [name(id, "elements"), e.class, short(now(id).packets), time(rates.costs?.get(id)?.ns), percent(rates.costs?.get(id)?.share),
        {text: short(now(id).drops), bad: now(id).drops > 0}, short(e.dropped), short(e.held)]));
    setRows(byId("workers-table"), [{title: "name"}, number("core"), number("busy"), number("sleeps"), number("waited for its core")],
      Object.entries(stats.workers).map(([id, w]) => [id, w.core, percent(rates.workers.get(id)), short(w.sleeps), `${w.waited_seconds.toFixed(1)} s`]));
    const port = (id) => rates.ports.get(id) ?? {};
    setRows(byId("ports-table"), [{title: "name"}, {title: "link"}, number("in/s"), number("out/s"), number("in bit/s"), number("out bit/s"), number("missed"), number("errors"), {title: "device"}],
      Object.entries(stats.ports).map(([id, p]) => [id, {text: p.link_up ? "up" : "down", bad: !p.link_up}, short(port(id).rx), short(port(id).tx), short(port(id).rxBits), short(port(id).txBits),
        {text: short(p.rx_missed + p.rx_no_buffer), bad: p.rx_missed + p.rx_no_buffer > 0}, short(p.rx_errors + p.tx_errors), p.device]));
    setRows(byId("states-table"), [{title: "name"}, {title: "class"}, {title: "counters"}],
      Object.entries(stats.states).map(([id, s]) => [name(id, "states"), s.class, Object.entries(s.counters).filter(([, v]) => v > 0).map(([n, v]) => `${n} ${short(v)}`).join(", ")]));
    this.showRankings(stats.states);
  }

  showRankings(states) {
    let any = false;
    for (const [id, state] of Object.entries(states)) {
      for (const [ranking, foremost] of Object.entries(state)) {
        if (!Array.isArray(foremost) || !foremost.length) continue;
        any = true;
        this.showRanking(`${id}: ${ranking}`, foremost);
      }
    }
    byId("rankings-section").hidden = !any;
  }

  showRanking(title, foremost) {
    if (!this.rankings.has(title)) {
      const list = make("ol", {class: "bars"});
      byId("rankings").append(make("h3", {}, title), list);
      this.rankings.set(title, list);
    }
    const list = this.rankings.get(title);
    while (list.children.length > foremost.length) list.lastChild.remove();
    while (list.children.length < foremost.length) list.append(make("li", {}, make("span", {class: "key"}), make("span", {class: "share"}), make("meter", {max: foremost[0].share})));
    foremost.forEach(({name, share}, i) => {
      const [key, text, meter] = list.children[i].children;
      setText(key, name);
      setText(text, percent(share));
      meter.max = foremost[0].share || 1;
      meter.value = share;
      meter.textContent = percent(share);
    });
  }
}

/** Large numbers at the top. */
export class Tiles {
  constructor(node) {
    this.node = node;
    this.values = new Map();
  }

  set(title, text, bad = false) {
    if (!this.values.has(title)) {
      const value = make("strong");
      this.node.append(make("div", {class: "tile"}, make("span", {}, title), value));
      this.values.set(title, value);
    }
    setText(this.values.get(title), text);
    this.values.get(title).classList.toggle("bad", bad);
  }

  update(stats, rates) {
    this.set("in", rate(rates.came));
    this.set("out", rate(rates.sent));
    this.set("dropped", rate(rates.dropped), rates.dropped > 0);
    this.set("held", short(stats.packets.held));
    this.set("busiest worker", percent(Math.max(0, ...rates.workers.values())));
    this.set("packet pool in use", percent(stats.pool.in_use / stats.pool.packets), stats.pool.in_use > 0.9 * stats.pool.packets);
  }
}
