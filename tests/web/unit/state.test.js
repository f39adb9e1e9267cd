import assert from "node:assert/strict";
import { test } from "node:test";

import { problem } from "../../../web/errors.js";
import { cutAt, INITIAL, reduce } from "../../../web/state.js";

const run = (...events) => events.reduce(reduce, INITIAL);
const partial = (id, text) => ({
  type: "conversation.item.input_audio_transcription.delta", item_id: id, delta: "", visavis_text: text,
});
const final = (id, transcript) => ({
  type: "conversation.item.input_audio_transcription.completed", item_id: id, transcript,
});
const said = (delta) => ({
  type: "response.output_audio_transcript.delta", response_id: "r1", item_id: "a1", delta,
});
const wholeText = (transcript) => ({
  type: "response.output_audio_transcript.done", response_id: "r1", item_id: "a1", transcript,
});
const doneWith = (status, transcript) => ({
  type: "response.done",
  response: { id: "r1", status, output: [{ id: "a1", content: [{ transcript }] }] },
});

test("partial words are replaced, final words stay", () => {
  const view = run(partial("u1", "hi there"), partial("u1", "hi, the air"));
  assert.deepEqual([view.lines[0].text, view.lines[0].firm], ["hi, the air", false]);
  const last = [final("u1", "Hi, the air."), partial("u1", "late")].reduce(reduce, view);
  assert.deepEqual([last.lines[0].text, last.lines[0].firm], ["Hi, the air.", true]);
});

test("deltas of other servers, without the whole text, are appended", () => {
  const delta = { type: "conversation.item.input_audio_transcription.delta", item_id: "u1" };
  const view = run({ ...delta, delta: "hello" }, { ...delta, delta: " you" });
  assert.equal(view.lines[0].text, "hello you");
});

test("noise that became no words leaves no caption", () => {
  const heard = { type: "input_audio_buffer.speech_started", item_id: "u1" };
  assert.equal(run(heard, final("u1", " ")).lines.length, 0);
});

test("words that arrive after the answer began stand before it", () => {
  const heard = { type: "input_audio_buffer.speech_started", item_id: "u1" };
  const view = run(heard, said("Yes."), final("u1", "Really?"));
  assert.deepEqual(view.lines.map((line) => line.text), ["Really?", "Yes."]);
});

test("a completed answer is firm and not cut", () => {
  const view = run(said("One "), said("two. "), wholeText("One two."), doneWith("completed", "One two."));
  const { text, firm, heard } = view.lines[0];
  assert.deepEqual({ text, firm, heard }, { text: "One two.", firm: true, heard: null });
});

test("an interrupted answer is cut at what was heard", () => {
  const cleared = { type: "output_audio_buffer.cleared", response_id: "r1" };
  const cut = { type: "conversation.item.truncated", item_id: "a1", audio_end_ms: 400 };
  const view = run(
    said("One two three."), cleared, wholeText("One two three."), doneWith("cancelled", "One two"), cut,
  );
  assert.equal(view.lines[0].text.slice(0, view.lines[0].heard), "One two");
  assert.equal(view.lines[0].text, "One two three.");
});

test("an answer of which nothing was heard is cut at its beginning", () => {
  assert.equal(run(said("One two."), doneWith("cancelled", "")).lines[0].heard, 0);
});

test("an answer stopped without words keeps all of them, marked", () => {
  const cleared = { type: "output_audio_buffer.cleared", response_id: "r1" };
  assert.equal(run(said("One two."), cleared).lines[0].heard, 8);
});

test("cutAt is blind to spaces and case, and knows what is no beginning", () => {
  assert.equal(cutAt("Hello,  big world", "hello, big"), 11);
  assert.equal(cutAt("Hello", ""), 0);
  assert.equal(cutAt("Hello", "Help"), null);
  assert.equal(cutAt("Hi", "Hi there"), null);
});

test("newer figures of a turn replace the older ones", () => {
  const ledger = (turn, ms) => ({
    type: "visavis.ledger", ledger: { turn, user_item: `u${turn}`, stages: { first_played: ms } },
  });
  const view = run(ledger(1, 100), ledger(2, 200), ledger(1, 150));
  assert.deepEqual(view.ledgers.map((l) => l.stages.first_played), [150, 200]);
});

test("a turn of a later call does not replace one of the call before", () => {
  const ledger = (item) => ({ type: "visavis.ledger", ledger: { turn: 1, user_item: item, stages: {} } });
  assert.equal(run(ledger("u1"), ledger("u9")).ledgers.length, 2);
});

test("phases: connecting, live, dropped, ended", () => {
  let view = run({ type: "page.connecting" }, { type: "page.connected", transport: "websocket" });
  assert.deepEqual([view.phase, view.transport, view.agent], ["live", "websocket", "listening"]);
  view = reduce(reduce(view, partial("u1", "half a")), { type: "page.retry", attempt: 1, seconds: 2 });
  assert.deepEqual([view.phase, view.retry?.seconds, view.transport], ["reconnecting", 2, null]);
  assert.equal(view.lines[0].firm, true);
  view = reduce(view, { type: "page.ended" });
  assert.deepEqual([view.phase, view.retry], ["ended", null]);
});

test("a problem shows and goes away with the next try", () => {
  let view = run({ type: "page.failed", problem: problem("busy") });
  assert.equal(view.problem?.code, "busy");
  view = reduce(view, { type: "page.connecting" });
  assert.equal(view.problem, null);
});

test("an unknown event changes nothing", () => {
  assert.equal(reduce(INITIAL, { type: "rate_limits.updated" }), INITIAL);
});

test("captions do not grow without end", () => {
  let view = INITIAL;
  for (let n = 0; n < 1000; n += 1) view = reduce(view, final(`u${n}`, "word"));
  assert.equal(view.lines.length, 400);
  assert.equal(view.lines.at(-1).id, "u999");
});
