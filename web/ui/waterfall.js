// The latency card: the last turn's delay in large figures, where its time went, and the turns
// before it as small bars.

import { axis, bars, duration, formatMs, median, total, waits } from "./ledger.js";
import { byId, html, svg } from "./dom.js";

/** @typedef {import("../protocol.js").Ledger} Ledger */

const ROW = 24;
const TOP = 6;
const LABEL = 84;
const VALUE = 58;
/** Older turns shown as bars. */
const HISTORY = 8;

export class Waterfall {
  constructor() {
    this.card = byId("latency", HTMLElement);
    this.figure = byId("latency-total", HTMLElement);
    this.note = byId("latency-note", HTMLElement);
    this.strip = byId("latency-strip", HTMLElement);
    this.chart = byId("latency-chart", HTMLElement);
    this.history = byId("latency-history", HTMLElement);
    /** @type {Ledger[]} */
    this.ledgers = [];
    /** Turn the person chose to look at; null follows the newest. @type {Ledger | null} */
    this.chosen = null;
    new ResizeObserver(() => this.#draw()).observe(this.chart);
  }

  /** @param {Ledger[]} ledgers */
  update(ledgers) {
    if (ledgers === this.ledgers) return;
    const { chosen } = this;
    // New figures of the chosen turn replace it; a turn that went away frees the choice.
    this.chosen = chosen && (ledgers.find((l) => same(l, chosen)) ?? null);
    if (ledgers.length > this.ledgers.length) this.chosen = null;
    this.ledgers = ledgers;
    this.#draw();
  }

  #draw() {
    const ledger = this.chosen ?? this.ledgers.at(-1);
    this.card.hidden = !ledger;
    if (!ledger) return;
    this.#head(ledger);
    this.strip.replaceChildren(...stack(ledger, total(ledger) ?? 1));
    this.chart.replaceChildren(gantt(ledger, Math.max(260, this.chart.clientWidth)));
    this.#list(ledger);
  }

  /** @param {Ledger} ledger */
  #head(ledger) {
    const ms = total(ledger);
    const unit = html("span", { class: "unit" }, [ms === null ? "" : "ms"]);
    this.figure.replaceChildren(ms === null ? "…" : String(Math.round(ms)), unit);
    const middle = median(this.ledgers);
    const parts = [`Turn ${ledger.turn}`];
    if (ledger.interrupted) parts.push("interrupted by you");
    if (ledger.speculations > 1) parts.push(`${ledger.speculations} answers prepared`);
    if (ms !== null && !ledger.played_exact) parts.push("playback estimated");
    if (middle !== null && this.ledgers.length > 1) parts.push(`median ${formatMs(middle)}`);
    this.note.textContent = parts.join(" · ");
  }

  /** @param {Ledger} shown */
  #list(shown) {
    const recent = this.ledgers.slice(-HISTORY);
    this.history.hidden = recent.length < 2;
    const longest = Math.max(1, ...recent.map((l) => total(l) ?? 0));
    this.history.replaceChildren(
      ...recent.reverse().map((ledger) => {
        const ms = total(ledger);
        const button = html("button", { type: "button", class: "turn" }, [
          html("span", { class: "turn-name" }, [`Turn ${ledger.turn}`]),
          html("span", { class: "turn-bar" }, stack(ledger, longest)),
          html("span", { class: "turn-ms" }, [ms === null ? "…" : formatMs(ms)]),
        ]);
        button.setAttribute("aria-pressed", String(ledger === shown));
        button.addEventListener("click", () => {
          this.chosen = ledger;
          this.#draw();
        });
        return html("li", {}, [button]);
      }),
    );
  }
}

/** @param {Ledger} a @param {Ledger} b */
function same(a, b) {
  return a.turn === b.turn && a.user_item === b.user_item;
}

/**
 * One bar of what the person waited for.
 * @param {Ledger} ledger
 * @param {number} scale ms of the whole width
 * @returns {HTMLElement[]}
 */
function stack(ledger, scale) {
  return waits(ledger).map((part) => {
    const ms = part.to - part.from;
    const made = html("span", { class: `part ${part.kind}` });
    made.style.width = `${(100 * ms) / scale}%`;
    made.title = `${part.label}: ${formatMs(ms)}`;
    return made;
  });
}

/**
 * @param {Ledger} ledger
 * @param {number} width px
 * @returns {SVGElement}
 */
function gantt(ledger, width) {
  const rows = bars(ledger);
  const span = axis(rows);
  const bottom = TOP + rows.length * ROW;
  const x = (/** @type {number} */ ms) =>
    LABEL +
    ((Math.max(ms, span.from) - span.from) / (span.to - span.from)) * (width - LABEL - VALUE);
  const picture = svg("svg", {
    viewBox: `0 0 ${width} ${bottom + 20}`,
    width,
    height: bottom + 20,
    role: "img",
    "aria-label": describe(ledger),
  });
  for (let ms = span.from; ms <= span.to; ms += span.step) {
    const grid = { x1: x(ms), x2: x(ms), y1: TOP, y2: bottom };
    picture.append(svg("line", { ...grid, class: ms === 0 ? "zero" : "grid" }));
    const text = { x: x(ms), y: bottom + 14, class: "tick", "text-anchor": "middle" };
    picture.append(svg("text", text, [String(ms)]));
  }
  const end = total(ledger);
  if (end !== null) {
    picture.append(svg("line", { x1: x(end), x2: x(end), y1: TOP, y2: bottom, class: "heard" }));
  }
  rows.forEach((row, index) => {
    const middle = TOP + index * ROW + ROW / 2;
    const left = x(row.from);
    const length = Math.max(3, x(row.to) - left);
    picture.append(
      svg("g", {}, [
        svg("title", {}, [`${row.about}: ${duration(row)}`]),
        svg("text", { x: 0, y: middle + 4, class: "row-label" }, [row.label]),
        svg("rect", { x: left, y: middle - 6, width: length, height: 12, rx: 4, class: row.kind }),
        svg("text", { x: width, y: middle + 4, class: "row-ms", "text-anchor": "end" }, [
          duration(row),
        ]),
      ]),
    );
  });
  return picture;
}

/** @param {Ledger} ledger @returns {string} */
function describe(ledger) {
  const ms = total(ledger);
  const parts = waits(ledger).map((p) => `${p.label} ${formatMs(p.to - p.from)}`);
  const whole = ms === null ? "not answered yet" : `answered after ${formatMs(ms)}`;
  return `Turn ${ledger.turn}, ${whole}: ${parts.join(", ")}`;
}
