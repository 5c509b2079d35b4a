// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Where the boxes of a graph go: in layers from left to right, as Sugiyama, Tagawa and Toda do it (1981): turn loops, give each node a
// layer, order the layers so that few lines cross, then move nodes within their layer towards their neighbours.

const COLUMN_GAP = 46;
const ROW_GAP = 14;
const LINE_HEIGHT = 10; // of a line that passes a layer
const SWEEPS = 16;

/**
 * `nodes`: [{id, width, height}], `edges`: [{from, to}] with ids. Returns {width, height, places: Map of id to {x, y} (middles),
 * lines: for each edge its points [{x, y}]}.
 */
export function layout(nodes, edges) {
  const graph = oriented(nodes, edges);
  const layers = layered(graph);
  order(layers);
  settle(layers);
  return placed(layers, graph, nodes, edges);
}

/** The same from top to bottom. */
export function layoutDown(nodes, edges) {
  const flip = ({x, y}) => ({x: y, y: x});
  const turned = layout(nodes.map((node) => ({...node, width: node.height, height: node.width})), edges);
  return {
    width: turned.height,
    height: turned.width,
    places: new Map([...turned.places].map(([id, place]) => [id, flip(place)])),
    lines: turned.lines.map((points) => points.map(flip)),
  };
}

/** Edges within a loop are turned, found by a walk from the sources. */
function oriented(nodes, edges) {
  const boxes = nodes.map((node) => ({...node, out: [], in: [], layer: 0, real: true}));
  const byId = new Map(boxes.map((box) => [box.id, box]));
  const arcs = edges.map((edge, index) => ({index, from: byId.get(edge.from), to: byId.get(edge.to), turned: false}));
  for (const arc of arcs) arc.from.out.push(arc);
  const state = new Map();
  const starts = boxes.filter((box) => !edges.some((edge) => edge.to === box.id));
  for (const start of [...starts, ...boxes]) {
    if (state.has(start)) continue;
    const stack = [{box: start, next: 0}];
    state.set(start, "open");
    while (stack.length) {
      const top = stack.at(-1);
      if (top.next === top.box.out.length) {
        state.set(top.box, "done");
        stack.pop();
        continue;
      }
      const arc = top.box.out[top.next++];
      if (state.get(arc.to) === "open") arc.turned = true;
      else if (!state.has(arc.to)) {
        state.set(arc.to, "open");
        stack.push({box: arc.to, next: 0});
      }
    }
  }
  for (const box of boxes) box.out = [];
  for (const arc of arcs) {
    if (arc.turned) [arc.from, arc.to] = [arc.to, arc.from];
    if (arc.from === arc.to) continue;
    arc.from.out.push(arc);
    arc.to.in.push(arc);
  }
  return {boxes, arcs};
}

/** The longest way from a source; then sources go as near as they can to what they lead to. */
function layered({boxes, arcs}) {
  const waiting = new Map(boxes.map((box) => [box, box.in.length]));
  const sorted = boxes.filter((box) => box.in.length === 0);
  for (let i = 0; i < sorted.length; ++i) {
    for (const arc of sorted[i].out) {
      arc.to.layer = Math.max(arc.to.layer, sorted[i].layer + 1);
      waiting.set(arc.to, waiting.get(arc.to) - 1);
      if (waiting.get(arc.to) === 0) sorted.push(arc.to);
    }
  }
  for (const box of sorted.reverse()) {
    if (box.in.length === 0 && box.out.length) box.layer = Math.min(...box.out.map((arc) => arc.to.layer)) - 1;
  }
  const layers = [];
  const put = (box) => (layers[box.layer] ??= []).push(box);
  boxes.forEach(put);
  for (const arc of arcs) {
    arc.chain = [arc.from];
    for (let layer = arc.from.layer + 1; layer < arc.to.layer; ++layer) {
      const passing = {width: 0, height: LINE_HEIGHT, layer, before: [], after: [], real: false};
      put(passing);
      arc.chain.push(passing);
    }
    arc.chain.push(arc.to);
  }
  for (const layer of layers) for (const box of layer) [box.before, box.after] = [[], []];
  for (const {chain} of arcs) {
    for (let i = 1; i < chain.length; ++i) {
      if (chain[i - 1] === chain[i]) continue;
      chain[i - 1].after.push(chain[i]);
      chain[i].before.push(chain[i - 1]);
    }
  }
  return layers;
}

function number(layer) {
  layer.forEach((box, i) => (box.place = i));
}

function crossings(layers) {
  let count = 0;
  for (const layer of layers) {
    const lines = layer.flatMap((box) => box.after.map((to) => [box.place, to.place]));
    for (let i = 0; i < lines.length; ++i) {
      for (let j = i + 1; j < lines.length; ++j) {
        if ((lines[i][0] - lines[j][0]) * (lines[i][1] - lines[j][1]) < 0) ++count;
      }
    }
  }
  return count;
}

/** Each node to the mean of its neighbours' places, there and back, as long as that makes fewer lines cross. */
function order(layers) {
  layers.forEach(number);
  let best = layers.map((layer) => [...layer]);
  let fewest = crossings(layers);
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; ++sweep) {
    const forward = sweep % 2 === 0;
    for (const layer of forward ? layers : [...layers].reverse()) {
      for (const box of layer) {
        const near = forward ? box.before : box.after;
        box.wish = near.length ? near.reduce((sum, other) => sum + other.place, 0) / near.length : box.place;
      }
      layer.sort((a, b) => a.wish - b.wish);
      number(layer);
    }
    const now = crossings(layers);
    if (now < fewest) {
      fewest = now;
      best = layers.map((layer) => [...layer]);
    }
  }
  best.forEach((layer, i) => {
    layers[i] = layer;
    number(layer);
  });
}

function distance(above, below) {
  return (above.height + below.height) / 2 + ROW_GAP;
}

/** Heights within a layer: as near to the wishes as order and distances allow (least squares, by pooling adjacent violators). */
function settleLayer(layer, wish) {
  const blocks = [];
  let offset = 0;
  layer.forEach((box, i) => {
    if (i > 0) offset += distance(layer[i - 1], box);
    blocks.push({sum: wish(box) - offset, count: 1, members: [[box, offset]]});
    while (blocks.length > 1 && blocks.at(-2).sum / blocks.at(-2).count > blocks.at(-1).sum / blocks.at(-1).count) {
      const last = blocks.pop();
      const block = blocks.at(-1);
      block.sum += last.sum;
      block.count += last.count;
      block.members.push(...last.members);
    }
  });
  for (const block of blocks) for (const [box, from] of block.members) box.y = block.sum / block.count + from;
}

function settle(layers) {
  for (const layer of layers) settleLayer(layer, () => 0);
  const mean = (boxes, otherwise) => (boxes.length ? boxes.reduce((sum, box) => sum + box.y, 0) / boxes.length : otherwise);
  for (let sweep = 0; sweep < SWEEPS; ++sweep) {
    for (const layer of layers) settleLayer(layer, (box) => mean(box.before, box.y));
    for (const layer of [...layers].reverse()) settleLayer(layer, (box) => mean(box.after, box.y));
  }
  for (const layer of layers) settleLayer(layer, (box) => mean([...box.before, ...box.after], box.y));
}

function placed(layers, {boxes, arcs}, nodes, edges) {
  let x = 0;
  for (const layer of layers) {
    const width = Math.max(...layer.map((box) => box.width));
    for (const box of layer) box.x = x + width / 2;
    x += width + COLUMN_GAP;
  }
  const all = layers.flat();
  const top = Math.min(...all.map((box) => box.y - box.height / 2));
  const bottom = Math.max(...all.map((box) => box.y + box.height / 2));
  for (const box of all) box.y -= top;
  const lines = new Array(edges.length);
  const doors = new Map();
  for (const arc of arcs) {
    doors.set(arc, {leave: door(arc.from, arc.from.out, arc, (a) => a.chain[1].y), enter: door(arc.to, arc.to.in, arc, (a) => a.chain.at(-2).y)});
  }
  for (const arc of arcs) {
    const {leave, enter} = doors.get(arc);
    const points = [{x: arc.from.x + arc.from.width / 2, y: leave}];
    for (const passing of arc.chain.slice(1, -1)) points.push({x: passing.x, y: passing.y});
    points.push({x: arc.to.x - arc.to.width / 2, y: enter});
    lines[arc.index] = arc.turned ? points.reverse() : points;
  }
  return {
    width: Math.max(0, x - COLUMN_GAP),
    height: nodes.length ? bottom - top : 0,
    places: new Map(boxes.map((box) => [box.id, {x: box.x, y: box.y}])),
    lines,
  };
}

/** Lines at one side of a box are spread over it, in the order of where they lead. */
function door(box, arcs, arc, height) {
  const sorted = [...arcs].sort((a, b) => height(a) - height(b));
  return box.y + ((sorted.indexOf(arc) + 1) / (sorted.length + 1) - 0.5) * (box.height - 8);
}
