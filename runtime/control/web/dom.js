// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Elements of the page. Whatever comes from the switch goes in as text, never as HTML.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function make(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function draw(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

export function byId(id) {
  return document.getElementById(id);
}

/** Sets text only where it changes: a screen reader is not told the same again. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** The texts of classes mark code with backticks, and paragraphs with empty lines. */
export function prose(text) {
  return text.split(/\n\s*\n/).filter((paragraph) => paragraph.trim()).map((paragraph) =>
    make("p", {}, ...paragraph.split("`").map((part, i) => (i % 2 ? make("code", {}, part) : part))));
}

/** Rows in place of those of the last time: what has the focus keeps it. */
export function setRows(table, head, rows) {
  if (!table.tHead) {
    table.append(make("thead", {}, make("tr", {}, ...head.map((cell) => make("th", {scope: "col", class: cell.number && "number"}, cell.title)))));
    table.append(make("tbody"));
  }
  const body = table.tBodies[0];
  while (body.rows.length > rows.length) body.deleteRow(-1);
  while (body.rows.length < rows.length) body.insertRow();
  rows.forEach((row, r) => {
    const line = body.rows[r];
    while (line.cells.length < row.length) line.append(line.cells.length ? make("td") : make("th", {scope: "row"}));
    row.forEach((cell, c) => setCell(line.cells[c], cell, head[c]));
  });
}

function setCell(place, cell, column) {
  place.className = column.number ? "number" : "";
  if (cell && cell.press) {
    let button = place.querySelector("button");
    if (!button) {
      button = make("button", {type: "button", class: "link", onclick: () => button.press()});
      place.replaceChildren(button);
    }
    button.press = cell.press;
    setText(button, cell.text);
  } else {
    setText(place, String(cell?.text ?? cell));
    if (cell?.bad) place.classList.add("bad");
  }
}
