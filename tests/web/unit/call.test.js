import assert from "node:assert/strict";
import { test } from "node:test";

import { ATTEMPTS, Countdown, delayBefore } from "../../../web/call/reconnect.js";
import { redFirst, withAudioNack, withInbandFec } from "../../../web/call/sdp.js";
import { waysToTry } from "../../../web/call/transport.js";
import { mediaCode, problem } from "../../../web/errors.js";
import { NO_STATS, parseEvent, readConfig } from "../../../web/protocol.js";
import { figures, quality } from "../../../web/ui/link.js";

test("WebRTC first, WebSocket behind it or instead of it", () => {
  assert.deepEqual(waysToTry({ webrtc: true }, null, true), ["webrtc", "websocket"]);
  assert.deepEqual(waysToTry({ webrtc: false }, null, true), ["websocket"]);
  assert.deepEqual(waysToTry({ webrtc: true }, null, false), ["websocket"]);
  assert.deepEqual(waysToTry({ webrtc: true }, "ws", true), ["websocket"]);
  assert.deepEqual(waysToTry({ webrtc: true }, "webrtc", true), ["webrtc"]);
});

test("back-off grows and ends", () => {
  const delays = Array.from({ length: ATTEMPTS }, (_, n) => delayBefore(n + 1));
  assert.deepEqual(delays, [...delays].sort((a, b) => a - b));
  assert.equal(delayBefore(ATTEMPTS + 1), null);
});

test("a countdown says every second and fires once", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const ticks = [];
  let fired = 0;
  const countdown = new Countdown(3, (left) => ticks.push(left), () => (fired += 1));
  for (let second = 0; second < 10; second += 1) t.mock.timers.tick(1000);
  assert.deepEqual(ticks, [3, 2, 1]);
  assert.equal(fired, 1);
  countdown.cancel();
});

test("in-band FEC is asked for, once", () => {
  const sdp = "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10\r\na=rtpmap:0 PCMU/8000\r\n";
  const munged = withInbandFec(sdp);
  assert.match(munged, /a=fmtp:111 minptime=10;useinbandfec=1\r\n/);
  assert.equal(withInbandFec(munged), munged);
  const bare = withInbandFec("a=rtpmap:109 opus/48000/2\r\n");
  assert.equal(bare, "a=rtpmap:109 opus/48000/2\r\na=fmtp:109 minptime=10;useinbandfec=1\r\n");
});

test("lost audio is asked for, once", () => {
  const sdp = "a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\na=rtpmap:63 red/48000/2\r\n";
  const munged = withAudioNack(sdp);
  assert.match(munged, /opus\/48000\/2\r\na=rtcp-fb:111 nack\r\na=rtcp-fb:111 transport-cc/);
  assert.equal(munged.match(/nack/g)?.length, 1);
  assert.equal(withAudioNack(munged), munged);
});

test("RED comes first where there is any, and nothing is lost", () => {
  const codecs = ["audio/opus", "audio/red", "audio/G722"].map((mimeType) => ({ mimeType }));
  assert.deepEqual(redFirst(codecs), [codecs[1], codecs[0], codecs[2]]);
  assert.deepEqual(redFirst([codecs[0], codecs[2]]), [codecs[0], codecs[2]]);
});

test("only events pass: not broken JSON, not bytes, not an array", () => {
  assert.deepEqual(parseEvent('{"type":"x"}'), { type: "x" });
  for (const bad of ["{", "[]", "null", "3", '{"type":3}', new ArrayBuffer(2)]) {
    assert.equal(parseEvent(bad), null);
  }
});

test("a config with parts missing means no WebRTC", () => {
  assert.deepEqual(readConfig(null), { version: "", webrtc: false, ice_servers: [], model: "default" });
  assert.equal(readConfig({ webrtc: true, ice_servers: "no" }).ice_servers.length, 0);
});

test("each way a microphone fails has its own words", () => {
  const named = (name) => Object.assign(new Error(), { name });
  assert.equal(mediaCode(named("NotAllowedError"), "mic"), "mic_refused");
  assert.equal(mediaCode(named("NotFoundError"), "mic"), "mic_missing");
  assert.equal(mediaCode(named("NotReadableError"), "mic"), "mic_in_use");
  assert.equal(mediaCode(named("NotAllowedError"), "camera"), "camera_refused");
  assert.equal(problem("refused", "No such model.").message, "No such model.");
});

test("line quality falls with loss and delay", () => {
  const link = {
    rtt_ms: 30, jitter_ms: 2, received: 50, lost: 0, recovered: 0, concealed: 0, loss_down: null,
    bitrate_up: 0, bitrate_down: 0, buffer_ms: 0,
  };
  assert.equal(quality(figures(NO_STATS, null)), 0);
  assert.equal(quality(figures(NO_STATS, link)), 4);
  assert.equal(quality(figures(NO_STATS, { ...link, received: 40, lost: 10 })), 2);
  assert.equal(quality(figures({ ...NO_STATS, rtt_ms: 900 }, link)), 1);
  assert.equal(figures({ ...NO_STATS, loss: 0.25 }, link).lossDown, 0.25);
});
