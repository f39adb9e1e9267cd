// How good the line is: bars at a glance, figures for those who ask.

import { byId, html } from "./dom.js";

/** @typedef {import("../protocol.js").LinkStats} LinkStats */
/** @typedef {import("../protocol.js").ServerLink} ServerLink */
/** @typedef {import("../state.js").ViewModel} ViewModel */

/**
 * @typedef {object} Figures
 * @property {number | null} rtt ms
 * @property {number | null} jitter ms, the worse of the two directions
 * @property {number | null} lossUp fraction
 * @property {number | null} lossDown fraction
 * @property {number | null} concealed fraction of audio guessed, the worse direction
 * @property {number | null} up bits a second
 * @property {number | null} down bits a second
 * @property {number | null} buffer ms
 */

/** Frames of 20 ms in the second a server report covers. */
const FRAMES_PER_S = 50;

/**
 * Both sides' measurements as one.
 * @param {LinkStats} stats the page's own
 * @param {ServerLink | null} link the server's
 * @returns {Figures}
 */
export function figures(stats, link) {
  const sent = link ? link.received + link.lost : 0;
  return {
    rtt: stats.rtt_ms ?? link?.rtt_ms ?? null,
    jitter: worst(stats.jitter_ms, link?.jitter_ms),
    lossUp: link && sent > 0 ? link.lost / sent : null,
    lossDown: stats.loss ?? link?.loss_down ?? null,
    concealed: worst(stats.concealed, link ? Math.min(1, link.concealed / FRAMES_PER_S) : null),
    up: link?.bitrate_up ?? null,
    down: stats.bitrate_down ?? link?.bitrate_down ?? null,
    buffer: stats.buffer_ms,
  };
}

/**
 * Four bars: nobody notices anything; one: words go missing.
 * @param {Figures} f
 * @returns {0 | 1 | 2 | 3 | 4} 0 if nothing is known
 */
export function quality(f) {
  if (f.rtt === null && f.lossUp === null && f.lossDown === null) return 0;
  const loss = Math.max(f.lossUp ?? 0, f.lossDown ?? 0);
  const rtt = f.rtt ?? 0;
  const concealed = f.concealed ?? 0;
  if (loss > 0.2 || rtt > 600 || concealed > 0.1) return 1;
  if (loss > 0.08 || rtt > 300 || concealed > 0.03) return 2;
  if (loss > 0.02 || rtt > 150 || concealed > 0.01) return 3;
  return 4;
}

const NAMES = ["Measuring", "Poor", "Fair", "Good", "Excellent"];

export class LinkPanel {
  constructor() {
    this.badge = byId("link", HTMLElement);
    this.name = byId("link-name", HTMLElement);
    this.rtt = byId("link-rtt", HTMLElement);
    this.details = byId("link-details", HTMLElement);
  }

  /**
   * @param {ViewModel} view
   * @param {LinkStats} stats
   */
  update(view, stats) {
    const live = view.phase === "live";
    this.badge.hidden = !live;
    if (!live) return;
    const f = figures(stats, view.link);
    const bars = quality(f);
    this.badge.dataset.bars = String(bars);
    // TCP hides what the network does: there may be nothing to measure.
    this.name.textContent = bars === 0 && view.transport === "websocket" ? "WebSocket" : NAMES[bars];
    this.rtt.textContent = f.rtt === null ? "" : `${Math.round(f.rtt)} ms`;
    const rows = [
      ["Round trip", ms(f.rtt)],
      ["Jitter", ms(f.jitter)],
      ["Loss up", percent(f.lossUp)],
      ["Loss down", percent(f.lossDown)],
      ["Concealed", percent(f.concealed)],
      ["Buffer", ms(f.buffer)],
      ["Rate up", rate(f.up)],
      ["Rate down", rate(f.down)],
      ["Transport", view.transport === "webrtc" ? "WebRTC" : "WebSocket"],
    ];
    this.details.replaceChildren(
      ...rows.map(([label, value]) =>
        html("div", {}, [html("dt", {}, [label]), html("dd", {}, [value])]),
      ),
    );
  }
}

/**
 * @param {number | null | undefined} a
 * @param {number | null | undefined} b
 */
function worst(a, b) {
  if (a === null || a === undefined) return b ?? null;
  return b === null || b === undefined ? a : Math.max(a, b);
}

/** @param {number | null} value */
function ms(value) {
  return value === null ? "–" : `${Math.round(value)} ms`;
}

/** @param {number | null} value */
function percent(value) {
  return value === null ? "–" : `${(100 * value).toFixed(1)} %`;
}

/** @param {number | null} value */
function rate(value) {
  return value === null ? "–" : `${Math.round(value / 1000)} kb/s`;
}
