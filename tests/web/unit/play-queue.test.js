import assert from "node:assert/strict";
import { test } from "node:test";

import { PlayQueue } from "../../../web/audio/play-queue.js";

const ones = (count) => new Float32Array(count).fill(1);

/** Pull `count` blocks of 128. */
function pull(queue, count) {
  const all = [];
  for (let n = 0; n < count; n += 1) {
    const block = new Float32Array(128);
    queue.pull(block);
    all.push(...block);
  }
  return all;
}

test("speech plays once, then silence", () => {
  const queue = new PlayQueue(1000);
  queue.push("a", ones(100));
  queue.push("a", ones(100));
  const out = pull(queue, 2);
  assert.equal(out.reduce((sum, s) => sum + s), 200);
  assert.equal(out[199], 1);
  assert.equal(out[200], 0);
  assert.equal(queue.empty, true);
});

test("it counts what was played of each item", () => {
  const queue = new PlayQueue(1000);
  queue.push("a", ones(100));
  queue.push("b", ones(300));
  pull(queue, 1);
  assert.deepEqual([queue.item, queue.playedMs], ["b", 28]);
});

test("a gap in the middle of an item does not reset its count", () => {
  const queue = new PlayQueue(1000);
  queue.push("a", ones(128));
  pull(queue, 3);
  queue.push("a", ones(128));
  pull(queue, 1);
  assert.equal(queue.playedMs, 256);
});

test("clear fades within 10 ms and forgets the rest", () => {
  const queue = new PlayQueue(24_000);
  queue.push("a", ones(24_000));
  pull(queue, 1);
  queue.clear();
  const out = pull(queue, 3);
  assert.ok(out[0] > 0.99 && out[120] < 0.6 && out[239] < 0.01);
  assert.equal(out.slice(240).every((s) => s === 0), true);
  assert.equal(queue.empty, true);
  assert.ok(Math.abs(queue.playedMs - 368 / 24) < 1e-9);
});

test("clear on an empty queue does not eat what comes next", () => {
  const queue = new PlayQueue(1000);
  queue.clear();
  queue.push("b", ones(128));
  assert.equal(pull(queue, 1)[127], 1);
});

test("new speech after a clear starts at once and at full level", () => {
  const queue = new PlayQueue(24_000);
  queue.push("a", ones(24_000));
  queue.clear();
  queue.push("b", ones(128));
  assert.equal(pull(queue, 1)[0], 1);
  assert.equal(queue.item, "b");
});

test("a queue that runs dry in a fade is ready for the next item", () => {
  const queue = new PlayQueue(24_000);
  queue.push("a", ones(64));
  queue.clear();
  pull(queue, 1);
  queue.push("b", ones(128));
  assert.equal(pull(queue, 1)[127], 1);
});
