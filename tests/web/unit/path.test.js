import assert from "node:assert/strict";
import { test } from "node:test";

import { LOST_MS, Path, RESTART_EVERY_MS } from "../../../web/call/path.js";

/** A connection whose state the test sets, and a server whose answers it gives. */
function begin(t) {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  t.mock.method(console, "info", () => undefined);
  const browser = new EventTarget();
  for (const name of ["addEventListener", "removeEventListener"]) {
    globalThis[name] = browser[name].bind(browser);
  }
  const pc = Object.assign(new EventTarget(), {
    connectionState: "connected",
    answers: [],
    setRemoteDescription: async ({ sdp }) => pc.answers.push(sdp),
  });
  const call = { pc, asked: [], lost: 0 };
  call.path = new Path(pc, {
    offer: async () => `offer ${call.asked.length}`,
    ask: (offer) =>
      new Promise((resolve, reject) => call.asked.push({ offer, resolve, reject })),
    onLost: () => (call.lost += 1),
  });
  call.becomes = async (state) => {
    pc.connectionState = state;
    pc.dispatchEvent(new Event("connectionstatechange"));
    await settled();
  };
  call.answer = async (number, status, sdp = "") => {
    call.asked[number].resolve(new Response(sdp, { status }));
    await settled();
  };
  call.pass = async (ms) => {
    t.mock.timers.tick(ms);
    await settled();
  };
  call.online = async () => {
    browser.dispatchEvent(new Event("online"));
    await settled();
  };
  return call;
}

const settled = async () => {
  for (let n = 0; n < 20; n += 1) await new Promise(setImmediate);
};

test("a lost path is asked for anew at once, and kept when it is found", async (t) => {
  const call = begin(t);
  await call.becomes("disconnected");
  await call.answer(0, 200, "answer");
  assert.deepEqual(call.pc.answers, ["answer"]);
  await call.becomes("connected");
  await call.pass(10 * LOST_MS);
  assert.equal(call.asked.length, 1);
  assert.equal(call.lost, 0);
});

test("a call that the server does not know is given up at once", async (t) => {
  const call = begin(t);
  await call.becomes("disconnected");
  await call.answer(0, 404);
  assert.equal(call.lost, 1);
  await call.pass(10 * LOST_MS);
  assert.equal(call.asked.length, 1);
  assert.equal(call.lost, 1);
});

for (const status of [400, 405, 409, 500, 503]) {
  test(`refused with ${status}, it asks again while the old path may come back`, async (t) => {
    const call = begin(t);
    await call.becomes("disconnected");
    await call.answer(0, status);
    await call.pass(RESTART_EVERY_MS);
    await call.answer(1, status);
    assert.equal(call.lost, 0);
    await call.becomes("connected");
    await call.pass(10 * LOST_MS);
    assert.equal(call.asked.length, 2);
    assert.equal(call.lost, 0);
    assert.deepEqual(call.pc.answers, []);
  });
}

test("no path in time: lost, once", async (t) => {
  const call = begin(t);
  await call.becomes("disconnected");
  await call.becomes("failed");
  for (let at = 0; at < LOST_MS; at += 500) {
    call.asked.at(-1).reject(new TypeError("offline"));
    assert.equal(call.lost, 0);
    await call.pass(500);
  }
  assert.equal(call.lost, 1);
  assert.equal(call.asked.length, 1 + Math.floor(LOST_MS / RESTART_EVERY_MS));
  await call.pass(10 * LOST_MS);
  assert.equal(call.lost, 1);
});

test("a slow answer is waited for", async (t) => {
  const call = begin(t);
  await call.becomes("disconnected");
  await call.pass(RESTART_EVERY_MS + 100);
  assert.equal(call.asked.length, 1);
  await call.answer(0, 200, "late");
  assert.deepEqual(call.pc.answers, ["late"]);
});

test("another network is asked from at once, and the answer to the one before is not taken", async (t) => {
  const call = begin(t);
  await call.becomes("disconnected");
  await call.online();
  assert.equal(call.asked.length, 2);
  await call.answer(0, 200, "old");
  await call.pass(RESTART_EVERY_MS);
  assert.equal(call.asked.length, 2);
  await call.answer(1, 200, "new");
  assert.deepEqual(call.pc.answers, ["new"]);
});

test("closed, it neither asks nor reports", async (t) => {
  const call = begin(t);
  await call.becomes("disconnected");
  call.path.close();
  await call.answer(0, 404);
  await call.becomes("failed");
  await call.online();
  await call.pass(10 * LOST_MS);
  assert.equal(call.asked.length, 1);
  assert.equal(call.lost, 0);
});
