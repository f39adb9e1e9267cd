// After an outage nothing said is lost: the page keeps what its microphone sent, and sends again
// what the server asks for on the data channel `visavis-backlog`. Where a browser cannot show its
// encoded packets, there is no such channel and everything else is as it is.

const CHANNEL = "visavis-backlog";
/** SCTP repeats a message for so long; then the server asks again. See crates/line/src/repair/backlog. */
const LIFETIME_MS = 300;
/** Bytes under way at most: what waits longer is not for live sound to wait behind. */
const MAX_BUFFERED = 8 * 1024;

/** Whether this browser shows encoded packets, and how. */
const TRANSFORM = "RTCRtpScriptTransform" in globalThis;
const STREAMS =
  !TRANSFORM &&
  "RTCRtpSender" in globalThis &&
  "createEncodedStreams" in globalThis.RTCRtpSender.prototype;

/** What the peer connection must be told when it is made. */
export const PEER_OPTIONS = STREAMS ? { encodedInsertableStreams: true } : {};

export class Backlog {
  /** @type {RTCDataChannel | null} */
  #channel = null;
  /** @type {ArrayBuffer[]} */
  #waiting = [];
  /** @type {Worker | null} */
  #worker = null;

  /**
   * Before the offer is made.
   * @param {RTCPeerConnection} pc
   * @param {RTCRtpSender} sender of the microphone
   */
  constructor(pc, sender) {
    if (!TRANSFORM && !STREAMS) return;
    this.sender = sender;
    try {
      const url = new URL("./backlog-worker.js", import.meta.url);
      this.#worker = new Worker(url, { type: "module", name: CHANNEL });
    } catch (error) {
      // From another origin, say. Only what an outage swallows is lost.
      console.info("no backlog:", error);
    }
    if (STREAMS) passThrough(sender, this.#worker);
    if (!this.#worker) return;
    this.#channel = pc.createDataChannel(CHANNEL, {
      ordered: false,
      maxPacketLifeTime: LIFETIME_MS,
    });
    this.#channel.binaryType = "arraybuffer";
    this.#channel.bufferedAmountLowThreshold = MAX_BUFFERED / 2;
    this.#channel.onbufferedamountlow = () => this.#flush();
    this.#channel.onmessage = ({ data }) => this.#worker?.postMessage({ missing: data });
    this.#worker.onmessage = ({ data }) => {
      this.#waiting.push(data.message);
      this.#flush();
    };
    this.#worker.onerror = (event) => {
      // A worker that could not be loaded would hold the packets for ever.
      console.info("no backlog:", event.message);
      if (TRANSFORM) /** @type {any} */ (sender).transform = null;
    };
    if (TRANSFORM) attach(sender, this.#worker);
  }

  /** Once the answer is known. */
  negotiated() {
    const codecs = this.sender?.getParameters().codecs ?? [];
    const red = codecs.find((codec) => codec.mimeType.toLowerCase() === "audio/red");
    this.#worker?.postMessage({ red: red?.payloadType ?? null });
  }

  close() {
    this.#worker?.terminate();
    this.#worker = null;
    this.#channel = null;
  }

  #flush() {
    const channel = this.#channel;
    while (channel?.readyState === "open" && channel.bufferedAmount <= MAX_BUFFERED) {
      const message = this.#waiting.shift();
      if (!message) return;
      channel.send(message);
    }
  }
}

/**
 * At once: Chromium passes by a transform that is set after the sender has begun.
 * @param {RTCRtpSender} sender
 * @param {Worker} worker
 */
function attach(sender, worker) {
  const Transform = /** @type {any} */ (globalThis).RTCRtpScriptTransform;
  /** @type {any} */ (sender).transform = new Transform(worker);
}

/**
 * The older way: packets stand still until somebody carries them.
 * @param {RTCRtpSender} sender
 * @param {Worker | null} worker
 */
function passThrough(sender, worker) {
  const { readable, writable } = /** @type {any} */ (sender).createEncodedStreams();
  if (!worker) readable.pipeTo(writable).catch(() => undefined);
  else worker.postMessage({ streams: { readable, writable } }, [readable, writable]);
}
