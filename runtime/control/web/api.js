// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Questions to the switch that serves this page.

const TOKEN = "smartswitch-token";

export class Unauthorised extends Error {}

export function setToken(token) {
  sessionStorage.setItem(TOKEN, token);
}

/** `body`: text, JSON as the API wants it. What the switch refuses is an Error with its own words. */
export async function ask(path, {method = "GET", body} = {}) {
  const token = sessionStorage.getItem(TOKEN);
  const answer = await fetch(path, {
    method,
    body,
    cache: "no-store",
    headers: token ? {Authorization: `Bearer ${token}`} : {},
    signal: AbortSignal.timeout(10000),
  });
  if (answer.status === 401) throw new Unauthorised(token ? "This is not its token." : "");
  const json = await answer.json();
  if (!answer.ok) throw new Error([json.error, json.hint].filter(Boolean).join("; "));
  return json;
}
