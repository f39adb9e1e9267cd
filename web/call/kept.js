// What the page keeps of the person's speech, to send again what an outage swallowed: the newest
// encoded packets, and the messages in which they are given. The formats and figures are those of
// crates/line/src/repair/backlog, which does the same for our own client.

const VERSION = 1;
const MISSING = 1;
const RESENT = 2;
const MISSING_BYTES = 12;
const HEADER = 7;
const FRAME_HEADER = 6;
/** RTP time of 30 s. */
const KEPT_TICKS = 30 * 48_000;
const MAX_FRAMES = 3_000;
/** Bytes of one message: with all headers less than one datagram. */
const MESSAGE_ROOM = 1_100;
const MIN_FRAMES = 4;
const MAX_FRAMES_A_MESSAGE = 12;
/** Ticks of 20 ms, one message each, in which a long answer shall be done. */
const ANSWER_TICKS = 50;
/** Requests remembered: each comes several times. */
const KNOWN = 32;
/** Packets of discontinuous transmission say nothing that could be lost. */
const SAYS_NOTHING = 2;
/** Longest Opus packet. */
const MAX_PACKET = 1_275;

/** @typedef {{ request: number, from: number, to: number }} Missing RTP times, `to` exclusive */

/**
 * @param {unknown} message
 * @returns {Missing | null} null for what is no request
 */
export function parseMissing(message) {
  if (!(message instanceof ArrayBuffer) || message.byteLength !== MISSING_BYTES) return null;
  const view = new DataView(message);
  if (view.getUint8(0) !== VERSION || view.getUint8(1) !== MISSING) return null;
  return { request: view.getUint16(2), from: view.getUint32(4), to: view.getUint32(8) };
}

/**
 * The packet itself, out of a RED payload (RFC 2198) that begins with copies of earlier ones.
 * @param {Uint8Array} payload
 * @returns {Uint8Array | null} null if it is malformed
 */
export function primaryOf(payload) {
  let at = 0;
  let copies = 0;
  while (at + 4 <= payload.length && payload[at] & 0x80) {
    copies += ((payload[at + 2] & 3) << 8) | payload[at + 3];
    at += 4;
  }
  const start = at + 1 + copies;
  return at < payload.length && !(payload[at] & 0x80) && start <= payload.length
    ? payload.subarray(start)
    : null;
}

export class Kept {
  /** @type {{ rtp: number, packet: Uint8Array }[]} */
  #frames = [];
  /** @type {string[]} */
  #known = [];

  /**
   * Keep a packet that is being sent; it is copied.
   * @param {number} rtp 32 bits; grows, and wraps
   * @param {Uint8Array} packet
   */
  keep(rtp, packet) {
    if (packet.length <= SAYS_NOTHING || packet.length > MAX_PACKET) return;
    this.#frames.push({ rtp: rtp >>> 0, packet: packet.slice() });
    let old = Math.max(0, this.#frames.length - MAX_FRAMES);
    while ((rtp - this.#frames[old].rtp) >>> 0 > KEPT_TICKS) old += 1;
    this.#frames.splice(0, old);
  }

  /**
   * Everything that is kept of the range asked for, as messages to be sent one every 20 ms. None
   * if this request has come before.
   * @param {Missing} missing
   * @returns {ArrayBuffer[]}
   */
  answer(missing) {
    const name = `${missing.request} ${missing.from} ${missing.to}`;
    if (this.#known.includes(name)) return [];
    this.#known.push(name);
    if (this.#known.length > KNOWN) this.#known.shift();
    const length = (missing.to - missing.from) >>> 0;
    const wanted = this.#frames.filter((frame) => (frame.rtp - missing.from) >>> 0 < length);
    const many = Math.ceil(wanted.length / ANSWER_TICKS);
    const limit = Math.min(MAX_FRAMES_A_MESSAGE, Math.max(MIN_FRAMES, many));
    const messages = [];
    for (let at = 0; at < wanted.length || messages.length === 0; ) {
      let end = at;
      let bytes = HEADER;
      while (end < wanted.length && end - at < limit) {
        const more = FRAME_HEADER + wanted[end].packet.length;
        if (end > at && bytes + more > MESSAGE_ROOM) break;
        bytes += more;
        end += 1;
      }
      messages.push(resent(missing.request, wanted.length, wanted.slice(at, end), bytes));
      at = end;
    }
    return messages;
  }
}

/**
 * @param {number} request
 * @param {number} total frames of the whole answer
 * @param {{ rtp: number, packet: Uint8Array }[]} frames
 * @param {number} bytes
 * @returns {ArrayBuffer}
 */
function resent(request, total, frames, bytes) {
  const message = new ArrayBuffer(bytes);
  const view = new DataView(message);
  view.setUint8(0, VERSION);
  view.setUint8(1, RESENT);
  view.setUint16(2, request);
  view.setUint16(4, total);
  view.setUint8(6, frames.length);
  let at = HEADER;
  for (const { rtp, packet } of frames) {
    view.setUint32(at, rtp);
    view.setUint16(at + 4, packet.length);
    new Uint8Array(message, at + FRAME_HEADER).set(packet);
    at += FRAME_HEADER + packet.length;
  }
  return message;
}
