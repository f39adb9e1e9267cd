// What the page shows of the link, from readings of getStats(): each covers the time since the last.

import { NO_STATS } from "../protocol.js";

/** @typedef {import("../protocol.js").LinkStats} LinkStats */

export class LinkMeter {
  constructor() {
    this.before = { bytes: 0, at: 0, lost: 0, received: 0, concealed: 0, samples: 0 };
    this.buffered = { delay: 0, count: 0 };
  }

  /**
   * @param {RTCStatsReport} reports
   * @returns {LinkStats} since the last call of this method
   */
  read(reports) {
    /** @type {LinkStats} */
    const stats = { ...NO_STATS };
    for (const report of reports.values()) {
      if (report.type === "candidate-pair" && report.nominated && report.currentRoundTripTime) {
        stats.rtt_ms = report.currentRoundTripTime * 1000;
      } else if (report.type === "inbound-rtp" && report.kind === "audio") {
        this.#inbound(report, stats);
      }
    }
    return stats;
  }

  /**
   * @param {any} report RTCInboundRtpStreamStats
   * @param {LinkStats} stats filled in
   */
  #inbound(report, stats) {
    const now = {
      bytes: (report.bytesReceived ?? 0) + (report.headerBytesReceived ?? 0),
      at: report.timestamp,
      lost: report.packetsLost ?? 0,
      received: report.packetsReceived ?? 0,
      // Silent concealment is the pause between two answers, not a fault.
      concealed: (report.concealedSamples ?? 0) - (report.silentConcealedSamples ?? 0),
      samples: report.totalSamplesReceived ?? 0,
    };
    const { before } = this;
    const packets = now.received - before.received + now.lost - before.lost;
    const samples = now.samples - before.samples;
    stats.jitter_ms = (report.jitter ?? 0) * 1000;
    stats.loss = packets > 0 ? Math.max(0, now.lost - before.lost) / packets : 0;
    stats.concealed = samples > 0 ? Math.max(0, now.concealed - before.concealed) / samples : 0;
    if (before.at) stats.bitrate_down = ((now.bytes - before.bytes) * 8000) / (now.at - before.at);
    const count = (report.jitterBufferEmittedCount ?? 0) - this.buffered.count;
    const delay = (report.jitterBufferDelay ?? 0) - this.buffered.delay;
    if (count > 0) stats.buffer_ms = (delay / count) * 1000;
    this.buffered = {
      delay: report.jitterBufferDelay ?? 0,
      count: report.jitterBufferEmittedCount ?? 0,
    };
    this.before = now;
  }
}
