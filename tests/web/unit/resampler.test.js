import assert from "node:assert/strict";
import { test } from "node:test";

import { Resampler } from "../../../web/audio/resampler.js";

const sine = (hertz, rate, count) =>
  Float32Array.from({ length: count }, (_, n) => Math.sin((2 * Math.PI * hertz * n) / rate));

/** Feed in blocks of 128, as a worklet gets them. */
function convert(from, to, input, block = 128) {
  const resampler = new Resampler(from, to);
  const output = [];
  for (let at = 0; at < input.length; at += block) {
    output.push(...resampler.process(input.subarray(at, at + block)));
  }
  return output;
}

const level = (samples) => Math.sqrt(samples.reduce((sum, s) => sum + s * s, 0) / samples.length);

for (const [from, to] of [[48_000, 24_000], [44_100, 24_000], [24_000, 48_000], [24_000, 44_100]]) {
  test(`${from} to ${to} Hz keeps a tone and its length`, () => {
    const output = convert(from, to, sine(1000, from, from));
    assert.ok(Math.abs(output.length - to) < 20, `${output.length} samples`);
    const wanted = sine(1000, to, output.length);
    const error = level(output.slice(50).map((s, n) => s - wanted[n + 50]));
    assert.ok(error < 0.02, `error ${error}`);
  });
}

test("what the lower rate cannot carry is taken away", () => {
  const output = convert(48_000, 24_000, sine(16_000, 48_000, 48_000));
  assert.ok(level(output) < 0.02, `level ${level(output)}`);
});

test("the size of the blocks does not change the sound", () => {
  const input = sine(440, 48_000, 4800);
  const one = convert(48_000, 24_000, input, 128);
  const other = convert(48_000, 24_000, input, 7);
  assert.equal(one.length, other.length);
  assert.ok(one.every((sample, n) => Math.abs(sample - other[n]) < 1e-6));
});
