// Two readings of getStats() become what the server is told.

import assert from "node:assert/strict";
import { test } from "node:test";
import { countsOf, linkEvent } from "../../../web/call/link.js";

const before = countsOf({
  timestamp: 10_000,
  packetsReceived: 100,
  packetsLost: 1,
  concealedSamples: 960,
  silentConcealedSamples: 0,
  jitterBufferDelay: 10,
  jitterBufferEmittedCount: 96_000,
  jitter: 0.004,
});

test("what came, was lost and was guessed since the last time", () => {
  const now = countsOf({
    timestamp: 10_500,
    packetsReceived: 123,
    packetsLost: 3,
    concealedSamples: 960 + 4800,
    silentConcealedSamples: 2880,
    fecPacketsReceived: 1,
    jitterBufferDelay: 10 + 0.05 * 24_000,
    jitterBufferEmittedCount: 96_000 + 24_000,
    jitter: 0.00512,
  });
  assert.deepEqual(linkEvent(before, now), {
    type: "visavis.link",
    window_ms: 500,
    received: 23,
    lost: 2,
    concealed: 2,
    recovered: 1,
    jitter_ms: 5.1,
    plan: true,
    buffer_ms: 50,
  });
});

test("silence is told seldom, and a clock that stands still never", () => {
  const idle = (/** @type {number} */ at) => linkEvent(before, { ...before, at });
  assert.equal(idle(10_000), null);
  assert.equal(idle(10_500), null);
  assert.equal(idle(12_100)?.received, 0);
});

test("totals that go back, as some browsers' do, give no negative counts", () => {
  const now = { ...before, at: 10_500, received: 130, lost: 0, concealed: 0 };
  const event = linkEvent(before, now);
  assert.equal(event?.type === "visavis.link" && event.lost, 0);
});
