// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// A line over time for each of some values.

import {draw, make, setText} from "./dom.js";

const WIDTH = 320;
const HEIGHT = 84;
// Seconds: as much as there is, between these.
const SHORTEST = 60;
const LONGEST = 300;

/** The next of 1, 2 and 5 times a power of ten. */
function ceiling(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value);
}

export class Timeline {
  /** `format(value)` makes texts; `most` fixes the scale. */
  constructor(title, format, most) {
    Object.assign(this, {format, most, title, lines: new Map()});
    this.svg = draw("svg", {viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img"});
    this.legend = make("ul", {class: "legend"});
    this.top = make("span", {class: "scale"});
    this.node = make("figure", {class: "timeline"}, make("figcaption", {}, title, this.top), this.svg, this.legend);
    for (const share of [0.5, 1]) this.svg.append(draw("line", {class: "grid", x1: 0, x2: WIDTH, y1: HEIGHT * (1 - share) + 0.5, y2: HEIGHT * (1 - share) + 0.5}));
  }

  line(name) {
    if (!this.lines.has(name)) {
      const colour = `series-${this.lines.size % 6}`;
      const path = draw("path", {class: `series ${colour}`});
      const value = make("span");
      const entry = make("li", {}, make("i", {class: colour}), `${name} `, value);
      this.svg.append(path);
      this.legend.append(entry);
      this.lines.set(name, {path, value, entry});
    }
    return this.lines.get(name);
  }

  /** `values(look)` is {name: number}. */
  update(looks, values) {
    if (!looks.length) return;
    const points = looks.map(({at, values: all}) => ({at, values: values(all)}));
    const last = points.at(-1);
    const span = Math.min(LONGEST, Math.max(SHORTEST, last.at - points[0].at));
    const top = this.most ?? ceiling(Math.max(0, ...points.flatMap((point) => Object.values(point.values).filter(Number.isFinite))));
    for (const name of Object.keys(last.values)) this.line(name);
    for (const [name, {path, value, entry}] of this.lines) {
      let pen = "M";
      let d = "";
      for (const point of points) {
        const y = point.values[name];
        if (!Number.isFinite(y)) {
          pen = "M";
          continue;
        }
        d += `${pen}${(WIDTH * (1 - (last.at - point.at) / span)).toFixed(1)},${(HEIGHT - 1 - (HEIGHT - 3) * Math.min(1, y / top)).toFixed(1)}`;
        pen = "L";
      }
      path.setAttribute("d", d);
      entry.hidden = last.values[name] === undefined;
      setText(value, this.format(last.values[name]));
    }
    setText(this.top, this.format(top));
    this.svg.setAttribute("aria-label", `${this.title} in the last ${Math.round(span)} seconds, now: ${Object.entries(last.values).map(([name, value]) => `${name} ${this.format(value)}`).join(", ")}`);
  }
}
