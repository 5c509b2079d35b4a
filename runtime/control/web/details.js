// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What is known of one element or state object.

import {ask} from "./api.js";
import {make, prose, setText} from "./dom.js";
import {percent, rate, short, time, written} from "./format.js";
import {handlerForms} from "./handlers.js";

function table(title, head, rows) {
  if (!rows.length) return null;
  return [make("h3", {}, title), make("div", {class: "scroll"}, make("table", {}, make("thead", {}, make("tr", {}, ...head.map((text) => make("th", {scope: "col"}, text)))), make("tbody", {}, ...rows)))];
}

function row(name, ...cells) {
  return make("tr", {}, make("th", {scope: "row"}, name), ...cells.map((cell) => make("td", {}, ...[cell].flat())));
}

export class Details {
  constructor(node, choose, close) {
    Object.assign(this, {node, choose, close, live: [], of: null});
  }

  /** `kind`: "elements" or "states". */
  async open(kind, name) {
    const asked = (this.of = {kind, name});
    const about = await ask(`v1/${kind}/${encodeURIComponent(name)}`);
    if (this.of !== asked) return;
    this.live = [];
    this.node.hidden = false;
    this.node.replaceChildren(...this.parts(about, kind).flat(2).filter(Boolean));
    this.node.scrollTop = 0;
    this.node.focus({preventScroll: true});
  }

  hide() {
    this.of = null;
    this.node.hidden = true;
  }

  parts(about, kind) {
    this.cost = make("p", {class: "cost"});
    const {documentation: docs, counts = {}} = about;
    return [
      make("div", {class: "details-head"}, make("h2", {}, about.name), make("button", {type: "button", "aria-label": "Close", onclick: this.close}, "✕")),
      make("p", {class: "muted"}, `${docs.name} (${docs.kind} of ${docs.room})`, about.workers?.length ? `, on ${[...new Set(about.workers)].join(", ")}` : "",
        about.where?.line ? `, ${about.where.file.split("/").at(-1)}:${about.where.line}` : ""),
      make("p", {}, docs.summary),
      kind === "elements" ? this.cost : null,
      this.counted("Why packets are dropped here", docs.counters.filter((c) => c.drop), counts.drops, "reasons"),
      this.counted("Counters", docs.counters.filter((c) => !c.drop), counts.counters, "counters"),
      this.connections(about),
      this.parameters(docs.parameters, about.parameters),
      this.users(about),
      handlerForms(`v1/${kind}/${encodeURIComponent(about.name)}`, docs.handlers),
      docs.details || docs.example ? make("h3", {}, "Documentation") : null,
      ...prose(docs.details ?? ""),
      docs.example ? make("pre", {}, make("code", {}, docs.example)) : null,
    ];
  }

  counted(title, infos, values = {}, part) {
    return table(title, ["", "in all", "a second"], infos.map((info) => {
      const total = make("span");
      const now = make("span");
      this.live.push({part, name: info.name, total, now});
      setText(total, short(values[info.name] ?? 0));
      const line = row(info.name, [total], [now]);
      line.title = info.help;
      line.append(make("td", {class: "help"}, info.help));
      return line;
    }));
  }

  link(name, kind = "elements") {
    return make("button", {type: "button", class: "link", onclick: () => this.choose(name, kind)}, name);
  }

  connections(about) {
    const ways = about.connections ?? [];
    const rows = ways.map((way) => {
      if (way.to === about.name) return row(`:${way.input}`, ["from ", this.link(way.from), ` .${way.output}`], short(way.packets));
      const packets = make("span", {}, short(way.packets));
      this.live.push({part: "outputs", name: way.output, total: packets});
      return row(`.${way.output}`, ["to ", this.link(way.to), ` :${way.input}`], [packets]);
    });
    return table("Connections", ["", "", "packets"], rows);
  }

  parameters(infos, given = {}) {
    return table("Parameters", ["", "value", ""], infos.map((info) => {
      const kind = [info.type, info.bounds].filter(Boolean).join(", ");
      const value = info.name in given ? make("code", {class: "given"}, written(given[info.name])) : make("code", {class: "muted"}, info.default ?? "–");
      return row(info.name, [value], [make("span", {class: "help"}, `${info.help} (${kind})`)]);
    }));
  }

  users(about) {
    const names = about.used_by ?? about.states ?? [];
    if (!names.length) return null;
    const kind = about.used_by ? "elements" : "states";
    return [make("h3", {}, about.used_by ? "Used by" : "Uses"), make("p", {class: "links"}, ...names.map((name) => this.link(name, kind)))];
  }

  update(stats, rates) {
    if (!this.of || this.node.hidden) return;
    const counts = stats[this.of.kind][this.of.name];
    const changes = rates?.[this.of.kind].get(this.of.name);
    if (!counts) return;
    const cost = rates?.costs?.get(this.of.name);
    setText(this.cost, cost ? `${time(cost.ns)} a packet, ${percent(cost.share)} of the workers' busy time` : "");
    const totals = {reasons: counts.drops, counters: counts.counters, outputs: counts.outputs};
    for (const {part, name, total, now} of this.live) {
      const value = totals[part]?.[name];
      if (value !== undefined) setText(total, short(value));
      if (now && changes) setText(now, rate(changes[part]?.[name] ?? 0));
    }
  }
}
