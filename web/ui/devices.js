// Choosing microphone, loudspeaker and camera. The choice is remembered in this browser.

import { listDevices } from "../call/media.js";
import { byId, html } from "./dom.js";

/** @typedef {"microphone" | "speaker" | "camera"} Role */

/** @type {Record<Role, MediaDeviceKind>} */
const KINDS = { microphone: "audioinput", speaker: "audiooutput", camera: "videoinput" };

/**
 * The device chosen last time, "" for the system's choice.
 * @param {Role} role
 */
export function remembered(role) {
  return recall(`visavis.${role}`) ?? "";
}

/**
 * @param {string} key
 * @returns {string | null}
 */
export function recall(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    // Storage may be forbidden (private windows, embedded pages): the page works without.
    return null;
  }
}

/**
 * @param {string} key
 * @param {string} value
 */
export function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // As above: then it is forgotten when the page closes.
  }
}

export class Devices {
  /** @param {(role: Role, deviceId: string) => void} onChoose */
  constructor(onChoose) {
    this.dialog = byId("devices", HTMLDialogElement);
    for (const role of /** @type {Role[]} */ (Object.keys(KINDS))) {
      const select = byId(`device-${role}`, HTMLSelectElement);
      select.addEventListener("change", () => {
        remember(`visavis.${role}`, select.value);
        onChoose(role, select.value);
      });
    }
    // A page that cannot steer the loudspeaker must not pretend to.
    byId("device-speaker-row", HTMLElement).hidden = !("setSinkId" in HTMLMediaElement.prototype);
    byId("devices-close", HTMLButtonElement).addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close();
    });
    navigator.mediaDevices?.addEventListener("devicechange", () => this.refresh());
  }

  async open() {
    await this.refresh();
    if (!this.dialog.open) this.dialog.showModal();
  }

  async refresh() {
    for (const role of /** @type {Role[]} */ (Object.keys(KINDS))) {
      const select = byId(`device-${role}`, HTMLSelectElement);
      const found = await listDevices(KINDS[role]);
      const chosen = remembered(role);
      const options = found
        .filter((device) => device.deviceId !== "default")
        .map((device, index) =>
          html("option", { value: device.deviceId }, [device.label || `${role} ${index + 1}`]),
        );
      select.replaceChildren(html("option", { value: "" }, ["System default"]), ...options);
      select.value = chosen;
      // The remembered one is not plugged in now.
      if (select.selectedIndex < 0) select.value = "";
      select.disabled = found.length === 0;
    }
  }
}
