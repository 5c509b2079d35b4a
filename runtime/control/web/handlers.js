// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What can be asked of an object, or done to it, while it runs: a form for each handler, with the switch's answer below it.

import {ask} from "./api.js";
import {make} from "./dom.js";

const MANY = /^(map|list)\b/;
const NUMBER = /^(integer|number)$/;

/** Fits the type that the class has declared. What is in it is judged by the switch alone. */
function field(info) {
  const label = `${info.name}: ${info.argument}`;
  if (!info.argument) return null;
  if (info.argument === "boolean") return make("select", {"aria-label": label}, make("option", {}, "true"), make("option", {}, "false"));
  return make("input", {"aria-label": label, placeholder: MANY.test(info.argument) ? `${info.argument}, as JSON` : info.argument, autocomplete: "off", autocapitalize: "off",
    spellcheck: "false", inputmode: NUMBER.test(info.argument) && "decimal"});
}

/** The question to the API. Who only asks sends a GET, which cannot change anything; but a query cannot hold a list or a map. */
function question(path, info, text) {
  const many = MANY.test(info.argument);
  if (info.changes || many) return [path, {method: "POST", body: info.argument && (many ? text : JSON.stringify(text))}];
  return [info.argument ? `${path}?argument=${encodeURIComponent(text)}` : path];
}

function answered(result) {
  return make("pre", {class: "answer"}, result === null ? "done" : typeof result === "string" ? result : JSON.stringify(result, null, 2));
}

/** One press shall not do what cannot be undone: without an argument to write, it takes a second. */
function pressTwice(button, text) {
  const again = "Press again to do it";
  button.addEventListener("blur", () => (button.textContent = text));
  return () => {
    const sure = button.textContent === again;
    button.textContent = sure ? text : again;
    return sure;
  };
}

function handlerForm(path, info) {
  const input = field(info);
  const text = info.changes ? "Call" : "Ask";
  const button = make("button", {type: "submit", "aria-label": `${text} ${info.name}`}, text);
  const sure = info.changes && !input ? pressTwice(button, text) : () => true;
  const place = make("div", {class: "result", "aria-live": "polite"});
  const run = async () => {
    button.disabled = true;
    try {
      const {result} = await ask(...question(`${path}/${encodeURIComponent(info.name)}`, info, input?.value ?? ""));
      place.replaceChildren(answered(result));
    } catch (error) {
      place.replaceChildren(make("p", {class: "bad"}, error.message || "This switch asks for its token."));
    }
    button.disabled = false;
  };
  const onsubmit = (event) => {
    event.preventDefault();
    if (sure()) run();
  };
  return make("form", {class: "handler", "data-handler": info.name, "aria-label": info.name, onsubmit},
    make("p", {}, make("strong", {}, info.name), " ", make("span", {class: "help"}, `${info.help}${info.changes ? " (changes it)" : ""}`)),
    make("div", {class: "handler-call"}, input, button), place);
}

/** `path`: where the API has the object. */
export function handlerForms(path, infos = []) {
  return infos.length ? [make("h3", {}, "Handlers"), ...infos.map((info) => handlerForm(`${path}/handlers`, info))] : null;
}
