// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What elements cost a packet. Workers pay for it while it is measured, so it is done for a moment each time, only while somebody sees the
// page, and not at all if he does not want it.

import {Unauthorised, ask} from "./api.js";

const FOR = "20ms";
const WANTED = "costs";

export class Costs {
  /** `box`: the check box that turns it on and off. */
  constructor(box) {
    this.box = box;
    box.checked = localStorage.getItem(WANTED) !== "no";
    box.addEventListener("change", () => localStorage.setItem(WANTED, box.checked ? "yes" : "no"));
  }

  /** Map of element to {ns, share}, of those that had packets. Null if it is off, or refused: another may be measuring just now. */
  async measure() {
    if (!this.box.checked || document.hidden) return null;
    try {
      const profile = await ask(`v1/profile?for=${FOR}`, {method: "POST"});
      return new Map(profile.elements.filter((e) => e.packets > 0).map((e) => [e.element, {ns: e.ns_per_packet, share: e.share}]));
    } catch (error) {
      if (error instanceof Unauthorised) throw error;
      return null;
    }
  }
}
