import assert from "node:assert/strict";
import { test } from "node:test";

import {
  base64ToPcm16, floatToPcm16, pcm16ToBase64, pcm16ToFloat,
} from "../../../web/audio/pcm.js";

test("floats become int16, and what is too loud is clipped", () => {
  const pcm = floatToPcm16(new Float32Array([0, 1, -1, 2, -2, 0.5]));
  assert.deepEqual([...pcm], [0, 32767, -32768, 32767, -32768, 16384]);
});

test("every int16 survives the way to float and back", () => {
  const all = Int16Array.from({ length: 65536 }, (_, i) => i - 32768);
  assert.deepEqual(floatToPcm16(pcm16ToFloat(all)), all);
});

test("base64 is little-endian and survives the way there and back", () => {
  const pcm = new Int16Array([1, -2, 32767, -32768]);
  assert.equal(Buffer.from(pcm16ToBase64(pcm), "base64").toString("hex"), "0100feffff7f0080");
  assert.deepEqual(base64ToPcm16(pcm16ToBase64(pcm)), pcm);
});

test("a minute of speech fits", () => {
  const minute = new Int16Array(24_000 * 60).fill(-7);
  assert.deepEqual(base64ToPcm16(pcm16ToBase64(minute)), minute);
});

test("an odd last byte is left out, and no base64 is an error", () => {
  assert.deepEqual([...base64ToPcm16(Buffer.from([1, 0, 9]).toString("base64"))], [1]);
  assert.throws(() => base64ToPcm16("%%%"), { name: "InvalidCharacterError" });
});
