// One call over a WebSocket: PCM16 at 24 kHz both ways inside the realtime events. For networks
// that let no UDP pass and servers without the media engine.

import { base64ToPcm16, pcm16ToBase64, pcm16ToFloat } from "../audio/pcm.js";
import { CallError } from "../errors.js";
import { NO_STATS, parseEvent } from "../protocol.js";

/** @typedef {import("../protocol.js").ServerEvent} ServerEvent */
/** @typedef {import("./transport.js").Transport} Transport */
/** @typedef {import("./transport.js").TransportOptions} TransportOptions */

const CONNECT_MS = 6_000;
/** What waits longer than this in the socket is old news: drop audio rather than fall behind. */
const MAX_WAITING_BYTES = 256 * 1024;
/** Bytes of about 0.4 s of speech: a line that works never holds so many back for long. */
const STUCK_BYTES = 24 * 1024;
const STUCK_MS = 5_000;
const WATCH_MS = 500;
/** Close code of a server that is full. */
const TRY_AGAIN_LATER = 1013;
/** Replies that were stopped, remembered so that their late audio is not played. */
const MAX_STOPPED = 32;

/** @implements {Transport} */
export class WebSocketCall {
  /** @type {"websocket"} */
  kind = "websocket";

  /**
   * @param {TransportOptions} options
   * @returns {Promise<WebSocketCall>} connected
   * @throws {CallError} busy, unreachable, refused, unsupported
   */
  static async connect(options) {
    if (!("AudioWorkletNode" in globalThis)) throw new CallError("unsupported");
    const { audioWorklet } = options.context;
    await audioWorklet.addModule(new URL("../audio/playback-worklet.js", import.meta.url));
    await audioWorklet.addModule(new URL("../audio/capture-worklet.js", import.meta.url));
    const call = new WebSocketCall(options);
    try {
      await call.#opened();
      return call;
    } catch (error) {
      call.close();
      throw error;
    }
  }

  /** @param {TransportOptions} options */
  constructor(options) {
    this.options = options;
    const { context, config, apiKey } = options;
    const url = new URL("v1/realtime", options.base);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.searchParams.set("model", config.model);
    // A browser can send no header here: the key travels as OpenAI's own clients send it.
    const protocols = apiKey ? ["realtime", `openai-insecure-api-key.${apiKey}`] : ["realtime"];
    this.socket = new WebSocket(url, protocols);
    this.socket.onmessage = ({ data }) => this.#onMessage(data);
    this.socket.onclose = () => this.#lost();
    // A network that vanishes closes nothing: what we say then only piles up.
    this.stuckSince = performance.now();
    this.watchdog = setInterval(() => this.#watch(), WATCH_MS);
    this.player = new AudioWorkletNode(context, "visavis-playback", { numberOfInputs: 0 });
    this.player.port.onmessage = ({ data }) => this.#onPlayed(data);
    this.player.connect(context.destination);
    this.agentAudio = this.player;
    this.capture = new AudioWorkletNode(context, "visavis-capture", { numberOfOutputs: 0 });
    this.capture.port.onmessage = ({ data }) => this.#sendAudio(data);
    this.source = context.createMediaStreamSource(options.microphone);
    this.source.connect(this.capture);
    /** @type {Set<string>} */
    this.stopped = new Set();
    /** Reply that plays now. */
    this.response = "";
    this.live = false;
    this.closed = false;
    this.bytes = 0;
    this.countedAt = performance.now();
  }

  #opened() {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new CallError("unreachable")), CONNECT_MS);
      /** @param {ServerEvent} event */
      const settle = (event) => {
        clearTimeout(timer);
        if (event.type !== "error") resolve(undefined);
        else if (event.error.code === "busy") reject(new CallError("busy"));
        else reject(new CallError("refused", event.error.message));
      };
      // The first event decides: a server that is full says so and closes.
      this.first = settle;
      let opened = false;
      this.socket.addEventListener("open", () => (opened = true));
      this.socket.addEventListener("close", ({ code, reason }) => {
        clearTimeout(timer);
        if (code === TRY_AGAIN_LATER) reject(new CallError("busy"));
        else if (reason) reject(new CallError("refused", reason));
        else reject(new CallError(opened ? "unreachable" : "no_socket"));
      });
    });
  }

  /** @param {unknown} data */
  #onMessage(data) {
    const event = parseEvent(data);
    if (!event || this.closed) return;
    if (!this.live) {
      this.first?.(event);
      if (event.type === "error") return;
      this.live = true;
    }
    if (event.type === "response.output_audio.delta") {
      this.#play(event.response_id, event.item_id, event.delta);
      return;
    }
    if (event.type === "output_audio_buffer.cleared") this.#stop(event.response_id);
    if (event.type === "response.done" && event.response.status === "cancelled") {
      this.#stop(event.response.id);
    }
    this.options.onEvent(event);
  }

  /**
   * @param {string} response
   * @param {string} item
   * @param {string} audio base64 of PCM16
   */
  #play(response, item, audio) {
    this.bytes += audio.length;
    if (this.stopped.has(response)) return;
    this.response = response;
    const samples = pcm16ToFloat(base64ToPcm16(audio));
    this.player.port.postMessage({ item, samples }, [samples.buffer]);
  }

  /** @param {string} response */
  #stop(response) {
    this.stopped.add(response);
    for (const oldest of this.stopped) {
      if (this.stopped.size <= MAX_STOPPED) break;
      this.stopped.delete(oldest);
    }
    if (response === this.response) this.player.port.postMessage({ clear: true });
  }

  /**
   * What left the worklet is heard one output latency later.
   * @param {{ item: string | null, audioMs: number, playing: boolean }} report
   */
  #onPlayed({ item, audioMs, playing }) {
    if (item === null) return;
    const latency = (this.options.context.outputLatency || 0) * 1000;
    const report = (/** @type {number} */ ms) =>
      this.send({ type: "visavis.playback", item_id: item, audio_ms: Math.max(0, Math.round(ms)) });
    if (playing) report(audioMs - latency);
    else setTimeout(() => report(audioMs), latency);
  }

  /** @param {Int16Array} pcm 20 ms */
  #sendAudio(pcm) {
    if (!this.live || this.socket.bufferedAmount > MAX_WAITING_BYTES) return;
    this.send({ type: "input_audio_buffer.append", audio: pcm16ToBase64(pcm) });
  }

  /** @param {import("../protocol.js").ClientEvent} event */
  send(event) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(event));
  }

  /** @param {MediaStream} stream */
  async replaceMicrophone(stream) {
    this.source.disconnect();
    this.source = this.options.context.createMediaStreamSource(stream);
    this.source.connect(this.capture);
  }

  #watch() {
    const { readyState, bufferedAmount } = this.socket;
    const now = performance.now();
    if (bufferedAmount < STUCK_BYTES) this.stuckSince = now;
    if (readyState > WebSocket.OPEN || now - this.stuckSince > STUCK_MS) this.#lost();
  }

  #lost() {
    if (this.closed || !this.live) return;
    this.close();
    this.options.onClosed();
  }

  /** @returns {Promise<import("../protocol.js").LinkStats>} TCP hides loss: only the rate is known */
  async stats() {
    const now = performance.now();
    const bitrate_down = (this.bytes * 8000) / Math.max(1, now - this.countedAt);
    this.bytes = 0;
    this.countedAt = now;
    return { ...NO_STATS, bitrate_down };
  }

  /** Hang up and free everything; says nothing to `onClosed`. */
  close() {
    if (this.closed) return;
    this.closed = true;
    clearInterval(this.watchdog);
    this.socket.close(1000, "hangup");
    this.source.disconnect();
    this.capture.disconnect();
    // Only our own connection: whoever measures the player takes theirs away.
    this.player.disconnect(this.options.context.destination);
    this.capture.port.close();
    this.player.port.close();
  }
}
