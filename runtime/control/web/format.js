// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors

/** "1.23 M", "45.6 k", "789", "0.5". */
export function short(value) {
  if (!Number.isFinite(value)) return "–";
  for (const [factor, letter] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (Math.abs(value) >= factor * 0.9995) return `${(value / factor).toPrecision(3)} ${letter}`;
  }
  return Math.abs(value) >= 10 || value === Math.round(value) ? String(Math.round(value)) : value.toPrecision(2);
}

export function rate(value) {
  return `${short(value)}/s`;
}

export function percent(share) {
  if (!Number.isFinite(share)) return "–";
  return `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;
}

/** Of nanoseconds: "85 ns", "1.23 µs". */
export function time(ns) {
  if (!Number.isFinite(ns)) return "–";
  return ns < 999.5 ? `${short(ns)} ns` : `${(ns / 1000).toPrecision(3)} µs`;
}

export function duration(seconds) {
  const whole = Math.floor(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${Math.floor(whole / 60) % 60} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor(whole / 3600) % 24} h`;
}

/** A parameter as it stands in the file. */
export function written(value) {
  if (value === null) return "~";
  if (Array.isArray(value)) return `[${value.map(written).join(", ")}]`;
  if (typeof value === "object") return `{${Object.entries(value).map(([key, item]) => `${key}: ${written(item)}`).join(", ")}}`;
  return String(value);
}
