// Captions of both sides. What may still change is grey; what was cut off is struck through.

import { byId, html } from "./dom.js";

/** @typedef {import("../state.js").Line} Line */
/** @typedef {import("../state.js").ViewModel} ViewModel */

/** Within so many pixels of the end, the view follows new words. */
const FOLLOW_PX = 80;

export class Captions {
  constructor() {
    this.list = byId("captions", HTMLElement);
    this.scroller = byId("captions-scroll", HTMLElement);
    this.empty = byId("captions-empty", HTMLElement);
    this.announcer = byId("announcer", HTMLElement);
    /** What is on the page: line and element by item id. @type {Map<string, Shown>} */
    this.shown = new Map();
  }

  /** @param {ViewModel} view */
  update(view) {
    const lines = view.lines.filter((line) => line.text || isTalking(line, view));
    const atEnd = this.#atEnd();
    const present = new Set(lines.map((line) => line.id));
    for (const [id, { element }] of this.shown) {
      if (present.has(id)) continue;
      element.remove();
      this.shown.delete(id);
    }
    lines.forEach((line, index) => this.#place(line, index));
    this.empty.hidden = lines.length > 0;
    if (atEnd) this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  /**
   * @param {Line} line
   * @param {number} index
   */
  #place(line, index) {
    const known = this.shown.get(line.id);
    if (known?.line !== line) {
      const element = known?.element ?? html("li");
      draw(element, line);
      this.shown.set(line.id, { line, element });
      if (line.firm && !known?.line.firm) this.#announce(line);
    }
    const element = /** @type {Shown} */ (this.shown.get(line.id)).element;
    if (this.list.children[index] !== element) {
      this.list.insertBefore(element, this.list.children[index] ?? null);
    }
  }

  /**
   * Only firm words are read out: a screen reader that repeats each partial word helps nobody.
   * @param {Line} line
   */
  #announce(line) {
    const text = line.heard === null ? line.text : line.text.slice(0, line.heard);
    this.announcer.append(html("p", {}, [`${speaker(line)}: ${text}`]));
    while (this.announcer.children.length > 20) this.announcer.firstElementChild?.remove();
  }

  #atEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight < FOLLOW_PX;
  }
}

/** @typedef {{ line: Line, element: HTMLElement }} Shown */

/** @param {Line} line @param {ViewModel} view */
function isTalking(line, view) {
  return line.role === "user" && view.user === "speaking" && line === view.lines.at(-1);
}

/** @param {Line} line */
function speaker(line) {
  return line.role === "user" ? "You" : "visavis";
}

/**
 * @param {HTMLElement} element
 * @param {Line} line
 */
function draw(element, line) {
  element.className = `line ${line.role} ${line.firm ? "firm" : "partial"}`;
  element.dataset.item = line.id;
  const cut = line.heard ?? line.text.length;
  const text = html("p", { class: "words" }, [
    html("span", { class: "heard" }, [line.text.slice(0, cut)]),
  ]);
  if (!line.text) {
    const dots = html("span", { class: "dots", "aria-hidden": "true" });
    dots.append(html("i"), html("i"), html("i"));
    text.replaceChildren(dots);
  }
  if (line.text.slice(cut).trim()) text.append(html("s", { class: "unheard" }, [line.text.slice(cut)]));
  const who = html("span", { class: "who" }, [speaker(line)]);
  if (line.heard !== null) who.append(html("span", { class: "cut" }, ["you interrupted"]));
  element.replaceChildren(who, text);
}
