// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The picture of the graph: drawn once, then its numbers change.

import {draw, setText} from "./dom.js";
import {percent, rate, short, time} from "./format.js";
import {layout, layoutDown} from "./layout.js";

const LETTER = 6.9; // width of one of a name, about; those of a class are smaller
const SMALL_LETTER = 6.5;
const NUMBER = 44; // width of one
const AROUND = 60; // height that is left around the graph
const SMALLEST = 0.05;
const LARGEST = 3;
const LEAST_AT_FIRST = 0.55;
const LEAST_ON_PHONE = 0.85; // boxes are to be read, and hit with a finger
const NARROW = 600;
const MARGIN = 12;

/** From left to right, in a frame that is dragged and zoomed; numbers stand beside name and class. */
const WIDE = {
  down: false, layout, height: 46,
  width: (element) => Math.max(90, LETTER * element.name.length + 26 + NUMBER, SMALL_LETTER * element.class.length + 26 + NUMBER),
  cost: (width) => ({x: width - 10, y: 18, "text-anchor": "end"}),
  rate: (width) => ({x: width - 10, y: 35, "text-anchor": "end"}),
};

/** From top to bottom, in a frame that scrolls as all on a phone does: narrower boxes, with the numbers below. */
const TALL = {
  down: true, layout: layoutDown, height: 58,
  width: (element) => Math.max(118, LETTER * element.name.length + 22, SMALL_LETTER * element.class.length + 22),
  cost: (width) => ({x: width - 10, y: 50, "text-anchor": "end"}),
  rate: () => ({x: 10, y: 50}),
};

/** Through all points; level where it passes them, or upright if it leads down. */
function curve(points, down) {
  let path = `M${points[0].x},${points[0].y}`;
  for (let i = 1; i < points.length; ++i) {
    const [from, to] = [points[i - 1], points[i]];
    const middle = {x: (from.x + to.x) / 2, y: (from.y + to.y) / 2};
    path += down ? `C${from.x},${middle.y} ${to.x},${middle.y} ${to.x},${to.y}` : `C${middle.x},${from.y} ${middle.x},${to.y} ${to.x},${to.y}`;
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
    this.pane = svg.parentElement;
    this.choose = choose;
    this.view = {x: 0, y: 0, scale: 1};
    this.pointers = new Map();
    this.touched = false;
    svg.addEventListener("wheel", (event) => this.onWheel(event), {passive: false});
    svg.addEventListener("pointerdown", (event) => this.onDown(event));
    svg.addEventListener("pointermove", (event) => this.onMove(event));
    for (const end of ["pointerup", "pointercancel", "pointerleave"]) svg.addEventListener(end, (event) => this.pointers.delete(event.pointerId));
    new ResizeObserver(() => this.onResize()).observe(this.pane);
  }

  onResize() {
    if (this.graph && this.form !== this.formThatFits()) this.show(this.graph);
    else if (this.touched) this.apply();
    else this.fit();
  }

  formThatFits() {
    return this.pane.clientWidth < NARROW ? TALL : WIDE;
  }

  /** Takes in another graph. Several connections between two elements are one line. */
  show(graph) {
    this.touched = false;
    this.graph = graph;
    this.form = this.formThatFits();
    const lines = new Map();
    for (const connection of graph.connections) {
      const key = JSON.stringify([connection.from, connection.to]);
      if (!lines.has(key)) lines.set(key, {from: connection.from, to: connection.to, outputs: new Set()});
      lines.get(key).outputs.add(connection.output);
    }
    this.lines = [...lines.values()];
    this.elements = graph.elements;
    this.shape = this.form.layout(graph.elements.map((e) => ({id: e.name, width: this.form.width(e), height: this.form.height})), this.lines);
    this.root = draw("g");
    this.svg.replaceChildren(this.arrow(), this.root);
    this.lines.forEach((line, i) => this.drawLine(line, this.shape.lines[i]));
    this.boxes = new Map(graph.elements.map((element) => [element.name, this.drawBox(element)]));
    this.select(this.selected);
    this.highlight(this.matches);
    this.fit();
  }

  arrow() {
    return draw("defs", {}, draw("marker", {id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, markerUnits: "userSpaceOnUse", orient: "auto"},
      draw("path", {d: "M0,0L8,4L0,8z"})));
  }

  drawLine(line, points) {
    line.path = draw("path", {class: "line", d: curve(points, this.form.down), "marker-end": "url(#arrow)"});
    const at = Math.max(1, Math.ceil(points.length / 2));
    line.label = draw("text", {class: "rate", x: (points[at - 1].x + points[at].x) / 2, y: (points[at - 1].y + points[at].y) / 2 - 3});
    line.title = draw("title");
    line.path.append(line.title);
    this.root.append(line.path, line.label);
  }

  drawBox(element) {
    const {x, y} = this.shape.places.get(element.name);
    const {form} = this;
    const width = form.width(element);
    const box = {element, width, drops: draw("text", {class: "drops", x: width - 6, y: -5, "text-anchor": "end"}), rate: draw("text", {class: "rate", ...form.rate(width)}),
      cost: draw("text", {class: "cost", ...form.cost(width)}), load: draw("rect", {class: "load", y: form.height - 4, width: 0, height: 4}), title: draw("title")};
    box.group = draw("g", {class: `box ${element.source ? "source" : ""}`, transform: `translate(${x - width / 2},${y - form.height / 2})`, tabindex: 0, role: "button",
      "data-name": element.name, "aria-label": `${element.name}, ${element.class}`,
      onclick: () => this.choose(element.name),
      onkeydown: (event) => this.onKey(event, element.name)},
      box.title, draw("rect", {class: "body", width, height: form.height, rx: 7}), box.load,
      draw("text", {class: "name", x: 10, y: 18}, element.name), draw("text", {class: "class", x: 10, y: 35}, element.class), box.cost, box.rate, box.drops);
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
    const [forward, back, after, before] = this.form.down ? ["ArrowDown", "ArrowUp", "ArrowRight", "ArrowLeft"] : ["ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp"];
    const next = {[forward]: (l) => l.from === name && l.to, [back]: (l) => l.to === name && l.from}[event.key];
    const aside = {[after]: 1, [before]: -1}[event.key];
    let target = next && this.lines.map(next).find(Boolean);
    if (aside) {
      const [along, across] = this.form.down ? ["y", "x"] : ["x", "y"];
      const here = this.shape.places.get(name);
      const layer = [...this.shape.places].filter(([, place]) => place[along] === here[along]).sort((a, b) => a[1][across] - b[1][across]);
      target = layer[layer.findIndex(([id]) => id === name) + aside]?.[0];
    }
    if (!target) return;
    event.preventDefault();
    this.boxes.get(target).group.focus();
    this.bringIn(target);
  }

  /** `rates.elements`: Map of name to {packets, drops, outputs} a second; `rates.costs`: to {ns, share}, or null: not measured. */
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
      const cost = rates.costs?.get(name);
      const share = rates.costs ? cost?.share ?? 0 : now.packets / most;
      box.load.setAttribute("width", Math.max(0, Math.min(1, share)) * box.width);
      setText(box.cost, cost ? time(cost.ns) : "");
      setText(box.rate, now.packets > 0 ? short(now.packets) : "");
      setText(box.drops, now.drops > 0 ? `✕ ${rate(now.drops)}` : "");
      box.group.classList.toggle("dropping", now.drops > 0);
      const said = [`${rate(now.packets)} packets`, now.drops > 0 && `${rate(now.drops)} dropped`, cost && `${time(cost.ns)} a packet, ${percent(cost.share)} of busy time`].filter(Boolean).join(", ");
      box.group.setAttribute("aria-label", `${name}, ${box.element.class}: ${said}`);
      setText(box.title, `${name}: ${said}`);
    }
  }

  select(name) {
    this.selected = name;
    for (const [id, box] of this.boxes ?? []) box.group.classList.toggle("chosen", id === name);
    for (const line of this.lines ?? []) line.path.classList.toggle("chosen", line.from === name || line.to === name);
  }

  /** Only those for which `matches(element)` is true stand out. */
  highlight(matches = () => true) {
    this.matches = matches;
    for (const box of this.boxes?.values() ?? []) box.group.classList.toggle("dim", !matches(box.element));
  }

  // ---- what part of it is seen

  apply() {
    if (!this.shape) return;
    const {x, y, scale} = this.view;
    // What scrolls is as large as the graph; what is dragged, as its frame.
    this.pane.classList.toggle("scrolls", this.form.down);
    this.svg.style.width = this.form.down ? `${Math.ceil(Math.max(scale * this.shape.width + 2 * MARGIN, this.pane.clientWidth))}px` : "";
    this.svg.style.height = this.form.down ? `${Math.ceil(scale * this.shape.height + AROUND)}px` : "";
    this.root.setAttribute("transform", `translate(${x},${y}) scale(${scale})`);
  }

  fit() {
    if (!this.shape || !this.pane.clientWidth) return;
    if (this.form.down) this.fitWidth();
    else this.fitFrame();
  }

  /** As wide as the pane if that can be read; its beginning where it cannot. */
  fitWidth() {
    const {clientWidth: width} = this.pane;
    this.pane.style.height = "";
    this.scrollScale(Math.min(1, Math.max(LEAST_ON_PHONE, (width - 2 * MARGIN) / this.shape.width)));
    const first = this.graph.elements.find((element) => element.source) ?? this.graph.elements[0];
    if (first) this.scrollTo(first.name, 0);
  }

  /** Where the graph scrolls: its size, in the middle of the pane if it is less wide. */
  scrollScale(scale) {
    this.view = {scale, x: Math.max(MARGIN, (this.pane.clientWidth - scale * this.shape.width) / 2), y: AROUND / 2};
    this.apply();
  }

  scrollTo(name, shareAbove) {
    const place = this.shape.places.get(name);
    const {clientWidth: width, clientHeight: height} = this.pane;
    this.pane.scrollTo(this.view.x + this.view.scale * place.x - width / 2, this.view.y + this.view.scale * (place.y - this.form.height / 2) - AROUND / 2 - shareAbove * height);
  }

  /** Its frame is as high as the graph, once that is as wide as the frame; the style sheet has bounds for it. */
  fitFrame() {
    const width = this.pane.clientWidth;
    this.pane.style.height = `${Math.ceil(((width - 2 * MARGIN) / this.shape.width) * this.shape.height + AROUND)}px`;
    const height = this.pane.clientHeight;
    const all = Math.min(1.4, (width - 2 * MARGIN) / this.shape.width, (height - 36) / this.shape.height);
    // Where all of it would be too small to be seen, its beginning.
    const scale = Math.max(all, Math.min(LEAST_AT_FIRST, (height - 36) / this.shape.height));
    this.view = {scale, x: Math.max(MARGIN, (width - scale * this.shape.width) / 2), y: (height - scale * this.shape.height) / 2 + 6};
    this.apply();
  }

  zoom(factor, x = this.pane.clientWidth / 2, y = this.pane.clientHeight / 2) {
    this.touched = true;
    const scale = Math.min(LARGEST, Math.max(SMALLEST, this.view.scale * factor));
    const grown = scale / this.view.scale;
    if (this.form.down) {
      const {scrollLeft, scrollTop} = this.pane;
      this.scrollScale(scale);
      this.pane.scrollTo((scrollLeft + x) * grown - x, (scrollTop + y) * grown - y);
      return;
    }
    this.view = {scale, x: x - (x - this.view.x) * grown, y: y - (y - this.view.y) * grown};
    this.apply();
  }

  /** Makes an element be seen, and large enough to be read. */
  bringIn(name) {
    const place = this.shape?.places.get(name);
    if (!place) return;
    if (this.form.down) this.bringUp(name);
    else this.bringToMiddle(place);
  }

  /** Above the details, which cover the lower part of a phone. If the graph is out of sight, whoever chose is reading elsewhere. */
  bringUp(name) {
    const {top, bottom} = this.pane.getBoundingClientRect();
    const seen = bottom > 0 && top < innerHeight;
    this.scrollTo(name, 0.1);
    if (seen) scrollBy(0, this.boxes.get(name).group.getBoundingClientRect().top - 0.15 * innerHeight);
  }

  bringToMiddle(place) {
    const {clientWidth: width, clientHeight: height} = this.pane;
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
    if (this.form?.down || (!event.ctrlKey && !event.metaKey)) return;
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY / 400), event.offsetX, event.offsetY);
  }

  onDown(event) {
    if (this.form?.down) return;
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
