// What the page tells the server about the agent's speech: how much came, was lost, was guessed.
// Pure: from two readings of getStats() to one event, `visavis.link` (src/visavis/seam.py, FarReport).

/**
 * Totals of one `inbound-rtp` report.
 * @typedef {object} InboundCounts
 * @property {number} at ms
 * @property {number} received packets
 * @property {number} lost packets
 * @property {number} concealed samples, without those of silence between two answers
 * @property {number} recovered packets from in-band FEC
 * @property {number} delay s that samples spent in the jitter buffer, summed
 * @property {number} emitted samples
 * @property {number} rate samples a second
 * @property {number} jitter s
 */

/** Samples of one frame of 20 ms, as a share of a second. */
const FRAMES_PER_S = 50;
/** So many packets in a window are speech; fewer say only that the line lives. */
const SPEECH_PACKETS = 3;
/** While nothing is said the server is told this seldom, ms. */
const IDLE_MS = 2_000;

/**
 * @param {any} report RTCInboundRtpStreamStats
 * @returns {InboundCounts}
 */
export function countsOf(report) {
  return {
    at: report.timestamp,
    received: report.packetsReceived ?? 0,
    lost: report.packetsLost ?? 0,
    concealed: (report.concealedSamples ?? 0) - (report.silentConcealedSamples ?? 0),
    recovered: report.fecPacketsReceived ?? 0,
    delay: report.jitterBufferDelay ?? 0,
    emitted: report.jitterBufferEmittedCount ?? 0,
    rate: 48_000,
    jitter: report.jitter ?? 0,
  };
}

/**
 * @param {InboundCounts} before
 * @param {InboundCounts} now
 * @returns {import("../protocol.js").ClientEvent | null} null if there is nothing to tell
 */
export function linkEvent(before, now) {
  const window_ms = Math.round(now.at - before.at);
  if (!(window_ms > 0)) return null;
  const since = (/** @type {"received" | "lost" | "concealed" | "recovered"} */ name) =>
    Math.max(0, now[name] - before[name]);
  const received = since("received");
  const lost = since("lost");
  const concealed = Math.round((since("concealed") / now.rate) * FRAMES_PER_S);
  const idle = received < SPEECH_PACKETS && lost === 0 && concealed === 0;
  // Told in the one window in which another two seconds have begun.
  if (idle && Math.floor(now.at / IDLE_MS) === Math.floor(before.at / IDLE_MS)) return null;
  const emitted = now.emitted - before.emitted;
  const buffer_ms = emitted > 0 ? ((now.delay - before.delay) / emitted) * 1000 : null;
  return {
    type: "visavis.link",
    window_ms: Math.min(window_ms, 60_000),
    received,
    lost,
    concealed,
    recovered: since("recovered"),
    jitter_ms: tenths(now.jitter * 1000),
    plan: true, // plan.js follows the server's plans as far as a browser can
    ...(buffer_ms === null ? {} : { buffer_ms: tenths(Math.max(0, buffer_ms)) }),
  };
}

/** @param {number} value */
function tenths(value) {
  return Math.min(60_000, Math.round(value * 10) / 10);
}
