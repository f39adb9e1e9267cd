// The worker through which the microphone's encoded packets pass: it keeps a copy of each, and
// answers the server's requests for what got lost. Whatever goes wrong, the packets pass.

import { Kept, parseMissing, primaryOf } from "./kept.js";

const TICK_MS = 20;
/** Messages that wait; more than a minute of them would answer nothing in time. */
const MAX_QUEUE = 300;

const kept = new Kept();
/** Payload type of RED, if the page sends that. @type {number | null} */
let red = null;
/** @type {ArrayBuffer[]} */
const queue = [];
/** @type {ReturnType<typeof setInterval> | undefined} */
let timer;

/** @param {any} frame RTCEncodedAudioFrame */
function keep(frame) {
  const about = frame.getMetadata();
  const payload = new Uint8Array(frame.data);
  const packet = red !== null && about.payloadType === red ? primaryOf(payload) : payload;
  const rtp = about.rtpTimestamp ?? frame.timestamp;
  if (packet && typeof rtp === "number") kept.keep(rtp, packet);
}

/** @param {{ readable: ReadableStream<any>, writable: WritableStream<any> }} streams */
function pass({ readable, writable }) {
  const through = new TransformStream({
    transform(frame, controller) {
      try {
        keep(frame);
      } catch (error) {
        console.warn("a packet was not kept:", error);
      }
      controller.enqueue(frame);
    },
  });
  // Ends with the call; there is nobody to tell.
  readable.pipeThrough(through).pipeTo(writable).catch(() => undefined);
}

function sendNext() {
  const message = queue.shift();
  if (message) self.postMessage({ message }, { transfer: [message] });
  if (queue.length === 0) {
    clearInterval(timer);
    timer = undefined;
  }
}

self.addEventListener("message", ({ data }) => {
  if (data.streams) pass(data.streams);
  if ("red" in data) red = data.red;
  const missing = parseMissing(data.missing);
  if (!missing || queue.length > MAX_QUEUE) return;
  queue.push(...kept.answer(missing));
  timer ??= setInterval(sendNext, TICK_MS);
});

self.addEventListener("rtctransform", (event) => {
  pass(/** @type {any} */ (event).transformer);
});
