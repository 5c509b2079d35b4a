// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The picture of the graph: drawn once, then its numbers change.

import {draw, setText} from "./dom.js";
import {rate, short} from "./format.js";
import {layout} from "./layout.js";

const HEIGHT = 46;
const LETTER = 6.9; // width of one of a name, about; those of a class are smaller
const SMALL_LETTER = 6.5;
const RATE = 40; // width of a number
const AROUND = 60; // height that is left around the graph
const SMALLEST = 0.05;
const LARGEST = 3;
const LEAST_AT_FIRST = 0.55;

function boxWidth(element) {
  return Math.max(90, LETTER * element.name.length + 22, SMALL_LETTER * element.class.length + 26 + RATE);
}

/** Through all points, level where it passes them. */
function curve(points) {
  let path = `M${points[0].x},${points[0].y}`;
  for (let i = 1; i < points.length; ++i) {
    const middle = (points[i - 1].x + points[i].x) / 2;
    path += `C${middle},${points[i - 1].y} ${middle},${points[i].y} ${points[i].x},${points[i].y}`;
  }
  return path;
}

/** A line is as wide as the logarithm of its packets. */
function lineWidth(packets) {
  return packets > 0 ? 1.5 + Math.min(5, Math.log10(1 + packets) * 0.75) : 1.2;
}

export class GraphView {
  constructor(svg, choose) {
    this.svg = svg;
    this.choose = choose;
    this.view = {x: 0, y: 0, scale: 1};
    this.pointers = new Map();
    this.touched = false;
    svg.addEventListener("wheel", (event) => this.onWheel(event), {passive: false});
    svg.addEventListener("pointerdown", (event) => this.onDown(event));
    svg.addEventListener("pointermove", (event) => this.onMove(event));
    for (const end of ["pointerup", "pointercancel", "pointerleave"]) svg.addEventListener(end, (event) => this.pointers.delete(event.pointerId));
    new ResizeObserver(() => (this.touched ? this.apply() : this.fit())).observe(svg);
  }

  /** Takes in another graph. Several connections between two elements are one line. */
  show(graph) {
    this.touched = false;
    const lines = new Map();
    for (const connection of graph.connections) {
      const key = JSON.stringify([connection.from, connection.to]);
      if (!lines.has(key)) lines.set(key, {from: connection.from, to: connection.to, outputs: new Set()});
      lines.get(key).outputs.add(connection.output);
    }
    this.lines = [...lines.values()];
    this.elements = graph.elements;
    this.shape = layout(graph.elements.map((e) => ({id: e.name, width: boxWidth(e), height: HEIGHT})), this.lines);
    this.root = draw("g");
    this.svg.replaceChildren(this.arrow(), this.root);
    this.lines.forEach((line, i) => this.drawLine(line, this.shape.lines[i]));
    this.boxes = new Map(graph.elements.map((element) => [element.name, this.drawBox(element)]));
    this.fit();
  }

  arrow() {
    return draw("defs", {}, draw("marker", {id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, markerUnits: "userSpaceOnUse", orient: "auto"},
      draw("path", {d: "M0,0L8,4L0,8z"})));
  }

  drawLine(line, points) {
    line.path = draw("path", {class: "line", d: curve(points), "marker-end": "url(#arrow)"});
    const at = Math.max(1, Math.ceil(points.length / 2));
    line.label = draw("text", {class: "rate", x: (points[at - 1].x + points[at].x) / 2, y: (points[at - 1].y + points[at].y) / 2 - 3});
    line.title = draw("title");
    line.path.append(line.title);
    this.root.append(line.path, line.label);
  }

  drawBox(element) {
    const {x, y} = this.shape.places.get(element.name);
    const width = boxWidth(element);
    const box = {element, drops: draw("text", {class: "drops", x: width - 6, y: -5, "text-anchor": "end"}), rate: draw("text", {class: "rate", x: width - 10, y: 35, "text-anchor": "end"}),
      load: draw("rect", {class: "load", y: HEIGHT - 4, width: 0, height: 4})};
    box.group = draw("g", {class: `box ${element.source ? "source" : ""}`, transform: `translate(${x - width / 2},${y - HEIGHT / 2})`, tabindex: 0, role: "button",
      "data-name": element.name, "aria-label": `${element.name}, ${element.class}`,
      onclick: () => this.choose(element.name),
      onkeydown: (event) => this.onKey(event, element.name)},
      draw("rect", {class: "body", width, height: HEIGHT, rx: 7}), box.load,
      draw("text", {class: "name", x: 10, y: 18}, element.name), draw("text", {class: "class", x: 10, y: 35}, element.class), box.rate, box.drops);
    this.root.append(box.group);
    return box;
  }

  /** Enter opens; the arrows follow connections. */
  onKey(event, name) {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.choose(name);
      return;
    }
    const next = {ArrowRight: (l) => l.from === name && l.to, ArrowLeft: (l) => l.to === name && l.from}[event.key];
    const vertical = {ArrowDown: 1, ArrowUp: -1}[event.key];
    let target = next && this.lines.map(next).find(Boolean);
    if (vertical) {
      const here = this.shape.places.get(name);
      const column = [...this.shape.places].filter(([, place]) => place.x === here.x).sort((a, b) => a[1].y - b[1].y);
      target = column[column.findIndex(([id]) => id === name) + vertical]?.[0];
    }
    if (!target) return;
    event.preventDefault();
    this.boxes.get(target).group.focus();
    this.bringIn(target);
  }

  /** `rates.elements`: Map of name to {packets, drops, outputs, load} a second, as Rates has them. */
  update(rates) {
    if (!this.boxes) return;
    for (const line of this.lines) {
      const outputs = rates.elements.get(line.from)?.outputs ?? {};
      const packets = [...line.outputs].reduce((sum, output) => sum + (outputs[output] ?? (output === "each" ? Object.values(outputs).reduce((a, b) => a + b, 0) : 0)), 0);
      line.path.classList.toggle("active", packets > 0);
      line.path.style.strokeWidth = lineWidth(packets);
      setText(line.label, packets > 0 ? short(packets) : "");
      setText(line.title, `${line.from} (${[...line.outputs].join(", ")}) to ${line.to}: ${rate(packets)}`);
    }
    const most = Math.max(1, ...[...rates.elements.values()].map((e) => e.packets));
    for (const [name, box] of this.boxes) {
      const now = rates.elements.get(name);
      if (!now) continue;
      const share = now.load ?? now.packets / most;
      box.load.setAttribute("width", Math.max(0, Math.min(1, share)) * boxWidth(box.element));
      setText(box.rate, now.packets > 0 ? short(now.packets) : "");
      setText(box.drops, now.drops > 0 ? `✕ ${rate(now.drops)}` : "");
      box.group.classList.toggle("dropping", now.drops > 0);
      box.group.setAttribute("aria-label", `${name}, ${box.element.class}: ${rate(now.packets)} packets${now.drops > 0 ? `, ${rate(now.drops)} dropped` : ""}`);
    }
  }

  select(name) {
    for (const [id, box] of this.boxes ?? []) box.group.classList.toggle("chosen", id === name);
    for (const line of this.lines ?? []) line.path.classList.toggle("chosen", line.from === name || line.to === name);
  }

  /** Only those for which `matches(element)` is true stand out. */
  highlight(matches) {
    for (const box of this.boxes?.values() ?? []) box.group.classList.toggle("dim", !matches(box.element));
  }

  // ---- what part of it is seen

  apply() {
    this.root?.setAttribute("transform", `translate(${this.view.x},${this.view.y}) scale(${this.view.scale})`);
  }

  /** Its frame is as high as the graph, once that is as wide as the frame; the style sheet has bounds for it. */
  fit() {
    const width = this.svg.clientWidth;
    if (!this.shape || !width) return;
    this.svg.parentElement.style.height = `${Math.ceil(((width - 24) / this.shape.width) * this.shape.height + AROUND)}px`;
    const height = this.svg.clientHeight;
    const all = Math.min(1.4, (width - 24) / this.shape.width, (height - 36) / this.shape.height);
    // Where all of it would be too small to be seen, its beginning.
    const scale = Math.max(all, Math.min(LEAST_AT_FIRST, (height - 36) / this.shape.height));
    this.view = {scale, x: Math.max(12, (width - scale * this.shape.width) / 2), y: (height - scale * this.shape.height) / 2 + 6};
    this.apply();
  }

  zoom(factor, x = this.svg.clientWidth / 2, y = this.svg.clientHeight / 2) {
    this.touched = true;
    const scale = Math.min(LARGEST, Math.max(SMALLEST, this.view.scale * factor));
    const grown = scale / this.view.scale;
    this.view = {scale, x: x - (x - this.view.x) * grown, y: y - (y - this.view.y) * grown};
    this.apply();
  }

  /** Makes an element be seen, and large enough to be read. */
  bringIn(name) {
    const place = this.shape?.places.get(name);
    if (!place) return;
    const {clientWidth: width, clientHeight: height} = this.svg;
    const scale = Math.max(0.8, this.view.scale);
    const x = this.view.x + place.x * this.view.scale;
    const y = this.view.y + place.y * this.view.scale;
    if (scale === this.view.scale && x > 60 && x < width - 60 && y > 30 && y < height - 30) return;
    this.touched = true;
    this.view = {scale, x: width / 2 - scale * place.x, y: height / 2 - scale * place.y};
    this.apply();
  }

  onWheel(event) {
    // Without a key the page scrolls.
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY / 400), event.offsetX, event.offsetY);
  }

  onDown(event) {
    this.pointers.set(event.pointerId, {x: event.clientX, y: event.clientY});
  }

  /** One finger moves it, two make it larger or smaller. */
  onMove(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = {x: event.clientX, y: event.clientY};
    if (this.pointers.size === 1) {
      this.touched = true;
      this.view.x += now.x - before.x;
      this.view.y += now.y - before.y;
      this.apply();
    } else {
      const other = [...this.pointers].find(([id]) => id !== event.pointerId)[1];
      const frame = this.svg.getBoundingClientRect();
      const gap = (a) => Math.max(1, Math.hypot(a.x - other.x, a.y - other.y));
      this.zoom(gap(now) / gap(before), (now.x + other.x) / 2 - frame.x, (now.y + other.y) / 2 - frame.y);
    }
    this.pointers.set(event.pointerId, now);
  }
}
