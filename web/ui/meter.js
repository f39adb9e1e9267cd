// The microphone's level: proof that one is heard before one says anything.

import { loudness } from "../audio/level.js";
import { byId } from "./dom.js";

/** Below this for so long while live, something is wrong with the microphone. */
const SILENT_RMS = 1e-5;
const SILENT_MS = 6_000;

export class Meter {
  /** @param {() => { agent: number, user: number }} levels RMS */
  constructor(levels) {
    this.levels = levels;
    this.box = byId("meter", HTMLElement);
    this.fill = byId("meter-fill", HTMLElement);
    this.text = byId("meter-text", HTMLElement);
    this.level = 0;
    this.heardAt = 0;
    requestAnimationFrame((at) => this.#frame(at));
  }

  /** @param {{ phase: string, muted: boolean }} view */
  update(view) {
    const on = view.phase === "live";
    if (on && this.box.hidden) this.heardAt = performance.now();
    this.box.hidden = !on;
    this.muted = view.muted;
  }

  /** @param {number} at ms */
  #frame(at) {
    if (!this.box.hidden) {
      const { user } = this.levels();
      const wanted = loudness(user);
      this.level = wanted > this.level ? wanted : this.level * 0.9;
      this.fill.style.clipPath = `inset(0 ${(100 * (1 - this.level)).toFixed(1)}% 0 0)`;
      if (user > SILENT_RMS || this.muted) this.heardAt = at;
      const words = this.muted
        ? "You are muted"
        : at - this.heardAt > SILENT_MS
          ? "Your microphone is silent. Is it switched on?"
          : "Your microphone";
      if (this.text.textContent !== words) this.text.textContent = words;
    }
    requestAnimationFrame((next) => this.#frame(next));
  }
}
