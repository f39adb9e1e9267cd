import assert from "node:assert/strict";
import { test } from "node:test";

import { Kept, parseMissing, primaryOf } from "../../../web/call/kept.js";

/** A request as the server sends it. */
function missing(request, from, to) {
  const view = new DataView(new ArrayBuffer(12));
  view.setUint8(0, 1);
  view.setUint8(1, 1);
  view.setUint16(2, request);
  view.setUint32(4, from);
  view.setUint32(8, to);
  return view.buffer;
}

/** The frames of answers, read as the server reads them. */
function frames(messages) {
  const all = [];
  for (const message of messages) {
    const view = new DataView(message);
    assert.deepEqual([view.getUint8(0), view.getUint8(1)], [1, 2]);
    let at = 7;
    for (let n = view.getUint8(6); n > 0; n -= 1) {
      const length = view.getUint16(at + 4);
      all.push({ rtp: view.getUint32(at), packet: [...new Uint8Array(message, at + 6, length)] });
      at += 6 + length;
    }
    assert.equal(at, message.byteLength);
  }
  return all;
}

const packet = (value, length = 80) => new Uint8Array(length).fill(value);

test("a request is read, anything else is not", () => {
  assert.deepEqual(parseMissing(missing(7, 4294967000, 960)), {
    request: 7,
    from: 4294967000,
    to: 960,
  });
  const newer = missing(1, 2, 3);
  new DataView(newer).setUint8(0, 2);
  for (const other of [newer, new ArrayBuffer(11), new ArrayBuffer(13), "missing", null, undefined]) {
    assert.equal(parseMissing(other), null);
  }
});

test("the range asked for is given, once, in order, also over the wrap of time", () => {
  const kept = new Kept();
  const start = 2 ** 32 - 50 * 960;
  for (let i = 0; i < 100; i += 1) kept.keep((start + i * 960) >>> 0, packet(i));
  const asked = parseMissing(missing(9, (start + 20 * 960) >>> 0, (start + 90 * 960) >>> 0));
  const messages = kept.answer(asked);
  assert.ok(messages.every((message) => message.byteLength <= 1100));
  for (const message of messages) {
    assert.deepEqual([new DataView(message).getUint16(2), new DataView(message).getUint16(4)], [9, 70]);
  }
  const given = frames(messages);
  assert.equal(given.length, 70);
  given.forEach(({ rtp, packet: [value] }, i) => {
    assert.deepEqual([rtp, value], [(start + (20 + i) * 960) >>> 0, 20 + i]);
  });
  assert.deepEqual(kept.answer(asked), []);
});

test("nothing kept is said at once", () => {
  const kept = new Kept();
  kept.keep(960, packet(1, 2)); // discontinuous transmission
  const messages = kept.answer(parseMissing(missing(1, 0, 96_000)));
  assert.equal(messages.length, 1);
  assert.equal(new DataView(messages[0]).getUint16(4), 0);
});

test("only the last 30 s are kept, and a packet too long for a message goes alone", () => {
  const kept = new Kept();
  for (let i = 0; i < 5000; i += 1) kept.keep(i * 960, packet(1, 3));
  const given = frames(kept.answer(parseMissing(missing(1, 0, 5000 * 960))));
  assert.equal(given[0].rtp, 4999 * 960 - 30 * 48_000);
  kept.keep(5000 * 960, packet(5, 1275));
  kept.keep(5001 * 960, packet(6, 1276));
  const long = frames(kept.answer(parseMissing(missing(2, 5000 * 960, 6000 * 960))));
  assert.deepEqual(long.map(({ packet }) => packet.length), [1275]);
});

test("a long answer is done in about a second", () => {
  const kept = new Kept();
  for (let i = 0; i < 400; i += 1) kept.keep(i * 960, packet(1));
  assert.equal(kept.answer(parseMissing(missing(1, 0, 400 * 960))).length, 50);
});

test("what is kept is a copy", () => {
  const kept = new Kept();
  const bytes = packet(1);
  kept.keep(0, bytes);
  bytes.fill(9);
  assert.equal(frames(kept.answer(parseMissing(missing(1, 0, 960))))[0].packet[0], 1);
});

test("the packet itself is taken out of RED", () => {
  // Two copies of 3 and 2 bytes, then the packet.
  const red = [0x80 | 111, 7, 0x80, 3, 0x80 | 111, 3, 0xc0, 2, 111, 1, 1, 1, 2, 2, 8, 9];
  assert.deepEqual([...primaryOf(new Uint8Array(red))], [8, 9]);
  assert.deepEqual([...primaryOf(new Uint8Array([111, 5]))], [5]);
  for (const bad of [[], [0x80 | 111], [0x80 | 111, 7, 0x80, 3, 111, 1]]) {
    assert.equal(primaryOf(new Uint8Array(bad)), null);
  }
});
