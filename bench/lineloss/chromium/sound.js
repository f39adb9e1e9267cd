// The worker through which all sound goes: what is said is handed over frame by frame when it is
// due, what is heard is kept with the time at which NetEq gave it. A thread of its own, so that
// nothing else that the page does delays a frame.

const RATE = 48_000;
const FRAME = RATE / 50;
const TICK_MS = 20;

/**
 * @typedef {object} Heard
 * @property {number[]} at µs of each block, on a clock of the browser's own
 * @property {Int16Array[]} pcm
 * @property {number} zero ms since 1970 at which that clock began: no block came here sooner after
 *   it was given
 */

/** @type {WritableStreamDefaultWriter<any>[]} */
const mouths = [];
/** @type {Heard[]} */
const ears = [];
let listening = false;

/**
 * Through a message, because timers set by timers are held back to 4 ms. Whole milliseconds, rounded
 * up: a timer knows no others, and one that comes too soon would be set again and again.
 */
const { port1, port2 } = new MessageChannel();
const sleep = (ms) =>
  new Promise((resolve) => {
    port1.onmessage = resolve;
    setTimeout(() => port2.postMessage(0), Math.ceil(ms));
  });

const now = () => performance.timeOrigin + performance.now();

/** @param {ReadableStream<any>} readable @param {Heard} heard */
async function listen(readable, heard) {
  const reader = readable.getReader();
  for (;;) {
    const { done, value: block } = await reader.read();
    const came = now();
    if (done) return;
    if (listening) {
      if (block.sampleRate !== RATE) throw new Error(`unexpected sound: ${block.sampleRate} Hz`);
      const samples = new Int16Array(block.numberOfFrames);
      block.copyTo(samples, { planeIndex: 0, format: "s16-planar" });
      heard.at.push(block.timestamp);
      heard.zero = Math.min(heard.zero, came - block.timestamp / 1000);
      heard.pcm.push(samples);
    }
    block.close();
  }
}

/** @param {number} start ms @param {number[]} phases s @param {Int16Array[]} said */
async function speak(start, phases, said) {
  const late = [];
  const order = phases.map((_, id) => id).sort((a, b) => phases[a] - phases[b]);
  for (let at = 0; at + FRAME <= said[0].length; at += FRAME) {
    for (const id of order) {
      const due = start + phases[id] * 1000 + (at / FRAME) * TICK_MS;
      while (now() < due) await sleep(due - now());
      late.push(now() - due);
      const frame = new AudioData({
        format: "s16",
        sampleRate: RATE,
        numberOfChannels: 1,
        numberOfFrames: FRAME,
        timestamp: (at / RATE) * 1e6,
        data: said[id].subarray(at, at + FRAME),
      });
      mouths[id].write(frame);
    }
  }
  return late;
}

/**
 * One body: how many blocks; of each the time (ms since 1970) and the length; all samples.
 * @param {Heard} heard
 */
function packed({ at, pcm, zero }) {
  return new Blob([
    Float64Array.of(at.length),
    new Float64Array(at.map((us) => zero + us / 1000)),
    new Float64Array(pcm.map((block) => block.length)),
    ...pcm,
  ]);
}

/** @param {{ start: number, phases: number[], seconds: number }} when */
async function run({ start, phases, seconds }) {
  const said = await Promise.all(
    phases.map(async (_, id) => new Int16Array(await (await fetch(`/said/${id}`)).arrayBuffer())),
  );
  while (now() < start) await sleep(start - now());
  listening = true;
  const late = await speak(start, phases, said);
  while (now() < start + seconds * 1000) await sleep(start + seconds * 1000 - now());
  listening = false;
  for (const [id, heard] of ears.entries()) {
    await fetch(`/heard/${id}`, { method: "POST", body: packed(heard) });
  }
  return { late };
}

self.onmessage = ({ data }) => {
  if (data.writable) mouths[data.id] = data.writable.getWriter();
  if (data.readable) listen(data.readable, (ears[data.id] = { at: [], pcm: [], zero: Infinity }));
  if (data.run) run(data.run).then(postMessage, (error) => postMessage({ error: String(error) }));
};
