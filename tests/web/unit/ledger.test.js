import assert from "node:assert/strict";
import { test } from "node:test";

import { axis, bars, duration, median, total, waits } from "../../../web/ui/ledger.js";

const ledger = (stages, turn = 1) => ({ turn, user_item: `u${turn}`, stages });
const SPECULATED = ledger({
  silence_seen: 60, transcript: 40, llm_start: -200, llm_first_token: -80, first_clause: 20,
  tts_first_audio: 110, released: 250, first_sent: 262, first_played: 330,
});

test("the total is the first sound played", () => {
  assert.equal(total(SPECULATED), 330);
  assert.equal(total(ledger({ released: 250 })), null);
});

test("each known stage has a bar that ends there", () => {
  const byLabel = Object.fromEntries(bars(SPECULATED).map((bar) => [bar.label, [bar.from, bar.to]]));
  assert.deepEqual(byLabel["First token"], [-200, -80]);
  assert.deepEqual(byLabel["Turn end"], [60, 250]);
  assert.deepEqual(byLabel.Sending, [250, 262]);
  assert.deepEqual(byLabel.Playing, [262, 330]);
  assert.equal(bars(ledger({ silence_seen: 60 })).length, 1);
});

test("what was waited for has no gaps, no overlaps, and the length of the total", () => {
  const parts = waits(SPECULATED);
  assert.equal(parts[0].from, 0);
  parts.slice(1).forEach((part, n) => assert.equal(part.from, parts[n].to));
  assert.equal(parts.at(-1).to, 330);
  assert.equal(parts.some((part) => part.label === "First token"), false);
});

test("stages out of order give no bar that runs backward", () => {
  const odd = ledger({ llm_start: 300, llm_first_token: 200, released: 100, first_sent: 50 });
  for (const bar of bars(odd)) assert.ok(bar.to >= bar.from);
});

test("the axis holds zero and every bar, on round figures", () => {
  const span = axis(bars(SPECULATED));
  assert.ok(span.from <= -200 && span.to >= 330);
  assert.equal(Math.abs(span.from % span.step) + (span.to % span.step), 0);
  assert.deepEqual(axis([]), { from: 0, to: 200, step: 50 });
});

test("words known long before the end do not press the rest into a corner", () => {
  const shown = bars(ledger({ transcript: -2281, silence_seen: 60, first_sent: 380 }));
  assert.deepEqual(axis(shown), { from: -200, to: 400, step: 100 });
  assert.deepEqual(shown.map(duration), ["60 ms", "ahead", "380 ms"]);
});

test("the median leaves out turns without an answer", () => {
  const turns = [100, 300, 200, undefined].map((ms, n) =>
    ledger(ms === undefined ? {} : { first_played: ms }, n),
  );
  assert.equal(median(turns), 200);
  assert.equal(median([]), null);
});
