// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// From two counts to what happened a second between them, and what that was in the last minutes.

const KEPT = 300; // looks: five minutes

function increase(before, now, seconds) {
  return now >= before ? (now - before) / seconds : NaN; // counted anew
}

function increases(before = {}, now = {}, seconds) {
  return Object.fromEntries(Object.entries(now).map(([name, value]) => [name, increase(before[name] ?? 0, value, seconds)]));
}

function elementRates(before, now, seconds) {
  const did = (e) => e.in + e.received + e.created;
  return {
    packets: increase(did(before), did(now), seconds),
    drops: increase(before.dropped, now.dropped, seconds),
    outputs: increases(before.outputs, now.outputs, seconds),
    counters: increases(before.counters, now.counters, seconds),
    reasons: increases(before.drops, now.drops, seconds),
  };
}

function busyShare(before, now) {
  const busy = now.busy_seconds - before.busy_seconds;
  const all = busy + now.idle_seconds - before.idle_seconds;
  return all > 0 ? Math.min(1, Math.max(0, busy / all)) : 0;
}

/** Null if the switch was started anew in between. */
export function rates(before, now) {
  const seconds = now.seconds - before.seconds;
  if (!(seconds > 0)) return null;
  const pairs = (part, make) => new Map(Object.entries(now[part]).filter(([name]) => before[part][name]).map(([name, counts]) => [name, make(before[part][name], counts)]));
  return {
    seconds,
    came: increase(before.packets.came, now.packets.came, seconds),
    sent: increase(before.packets.sent, now.packets.sent, seconds),
    dropped: increase(before.packets.dropped, now.packets.dropped, seconds),
    elements: pairs("elements", (a, b) => elementRates(a, b, seconds)),
    states: pairs("states", (a, b) => ({counters: increases(a.counters, b.counters, seconds)})),
    ports: pairs("ports", (a, b) => ({
      rx: increase(a.rx_packets, b.rx_packets, seconds),
      tx: increase(a.tx_packets, b.tx_packets, seconds),
      rxBits: 8 * increase(a.rx_bytes, b.rx_bytes, seconds),
      txBits: 8 * increase(a.tx_bytes, b.tx_bytes, seconds),
    })),
    workers: pairs("workers", busyShare),
  };
}

/** What lines are drawn from: [{at, values}], the newest last. */
export class History {
  constructor() {
    this.looks = [];
  }

  add(at, values) {
    this.looks.push({at, values});
    if (this.looks.length > KEPT) this.looks.shift();
  }

  clear() {
    this.looks = [];
  }
}
