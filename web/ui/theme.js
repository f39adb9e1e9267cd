// Light or dark: the system's choice until the person makes their own.

import { recall, remember } from "./devices.js";
import { byId } from "./dom.js";

const KEY = "visavis.theme";

export class Theme {
  /** @param {() => void} onChange */
  constructor(onChange) {
    this.onChange = onChange;
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.button = byId("theme", HTMLButtonElement);
    this.button.addEventListener("click", () => this.toggle());
    this.dark.addEventListener("change", () => this.#apply(recall(KEY)));
    this.#apply(recall(KEY));
  }

  toggle() {
    const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    remember(KEY, next);
    this.#apply(next);
  }

  /** @param {string | null} chosen */
  #apply(chosen) {
    const theme = chosen ?? (this.dark.matches ? "dark" : "light");
    document.documentElement.dataset.theme = theme;
    this.button.setAttribute("aria-label", `Switch to ${theme === "dark" ? "light" : "dark"} theme`);
    this.onChange();
  }
}
