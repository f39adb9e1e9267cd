// One call over WebRTC: SDP by HTTP, audio as Opus, events on the data channel `oai-events`.

import { CallError } from "../errors.js";
import { parseEvent } from "../protocol.js";
import { Backlog, PEER_OPTIONS } from "./backlog.js";
import { redFirst, withAudioNack, withInbandFec } from "./sdp.js";
import { countsOf, linkEvent } from "./link.js";
import { LinkMeter } from "./link-stats.js";
import { Path } from "./path.js";
import { PlanFollower } from "./plan.js";
import { Playback } from "./playback.js";

/** @typedef {import("../protocol.js").LinkStats} LinkStats */
/** @typedef {import("./link.js").InboundCounts} InboundCounts */
/** @typedef {import("./transport.js").Transport} Transport */
/** @typedef {import("./transport.js").TransportOptions} TransportOptions */

/** If nothing connects by then, UDP does not pass: the WebSocket is the better choice. */
const CONNECT_MS = 4_000;
/** Candidates found later than this are not worth the wait; the server sees our address anyway. */
const GATHER_MS = 300;
const GATHER_WITH_STUN_MS = 1_000;
/** The server's answer to new ICE credentials takes no longer, or is asked for once more. */
const RESTART_MS = 4_000;
/** How often the server is told how its speech arrives. */
const LINK_MS = 500;

/** No path for media: the caller may fall back to the WebSocket. */
export class NoPathError extends Error {}

/** @implements {Transport} */
export class WebRtcCall {
  /** @type {"webrtc"} */
  kind = "webrtc";

  /**
   * @param {TransportOptions} options
   * @returns {Promise<WebRtcCall>} connected
   * @throws {NoPathError} if media finds no way
   * @throws {CallError} busy, unreachable, refused
   */
  static async connect(options) {
    const call = new WebRtcCall(options);
    try {
      await call.#connect();
      return call;
    } catch (error) {
      call.close();
      throw error;
    }
  }

  /** @param {TransportOptions} options */
  constructor(options) {
    this.options = options;
    this.pc = new RTCPeerConnection({ iceServers: options.config.ice_servers, ...PEER_OPTIONS });
    this.channel = this.pc.createDataChannel("oai-events");
    this.channel.onmessage = ({ data }) => {
      const event = parseEvent(data);
      if (!event) return;
      this.playback.take(event);
      if (event.type === "visavis.plan") this.plans.follow(event.plan);
      options.onEvent(event);
    };
    this.channel.onclose = () => this.#lost();
    this.sender = this.pc.addTrack(options.microphone.getAudioTracks()[0], options.microphone);
    this.backlog = new Backlog(this.pc, this.sender);
    this.plans = new PlanFollower(this.sender);
    /** @type {RTCRtpReceiver | null} */
    this.receiver = null;
    /** @type {AudioNode | null} */
    this.agentAudio = null;
    this.location = "";
    this.closed = false;
    /** @type {Path | null} */
    this.path = null;
    this.meter = new LinkMeter();
    this.playback = new Playback(
      () => this.receiver,
      (event) => this.send(event),
    );
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.linkTimer = undefined;
    this.told = /** @type {InboundCounts | null} */ (null);
    this.pc.ontrack = (event) => this.#onTrack(event);
  }

  #preferRed() {
    const transceiver = this.pc.getTransceivers().find(({ sender }) => sender === this.sender);
    const codecs = RTCRtpReceiver.getCapabilities?.("audio")?.codecs ?? [];
    if (codecs.length > 0) transceiver?.setCodecPreferences?.(redFirst(codecs));
  }

  async #connect() {
    this.#preferRed();
    const sdp = await this.#exchange(await this.#offer());
    try {
      await this.pc.setRemoteDescription({ type: "answer", sdp });
    } catch (error) {
      throw new CallError("refused", `The SDP answer cannot be used: ${error}`);
    }
    this.backlog.negotiated();
    await this.#connected();
    this.path = new Path(this.pc, {
      offer: () => this.#offer({ iceRestart: true }),
      ask: (offer) => this.#patch(offer),
      onLost: () => this.#lost(),
    });
    this.linkTimer = setInterval(() => this.#tellLink(), LINK_MS);
  }

  /**
   * @param {RTCOfferOptions} [options]
   * @returns {Promise<string>} the local offer, with candidates
   */
  async #offer(options) {
    const offer = await this.pc.createOffer(options);
    const wanted = withAudioNack(withInbandFec(offer.sdp ?? ""));
    await this.pc.setLocalDescription({ type: "offer", sdp: wanted });
    await this.#gathered();
    return this.pc.localDescription?.sdp ?? "";
  }

  #gathered() {
    const limit = this.options.config.ice_servers.length > 0 ? GATHER_WITH_STUN_MS : GATHER_MS;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, limit);
      const check = () => {
        if (this.pc.iceGatheringState !== "complete") return;
        clearTimeout(timer);
        resolve(undefined);
      };
      this.pc.addEventListener("icegatheringstatechange", check);
      check();
    });
  }

  /**
   * @param {string} offer
   * @returns {Promise<string>} the answer
   */
  async #exchange(offer) {
    /** @type {Response} */
    let response;
    try {
      response = await fetch(new URL("v1/realtime/calls", this.options.base), {
        method: "POST",
        headers: { "Content-Type": "application/sdp", ...this.#authorization },
        body: offer,
      });
    } catch {
      throw new CallError("unreachable");
    }
    if (response.status === 201) {
      this.location = response.headers.get("Location") ?? "";
      return response.text();
    }
    const body = await response.json().catch(() => null);
    const error = body?.error ?? {};
    if (error.code === "busy") throw new CallError("busy");
    if (response.status === 401) throw new CallError("key");
    // The server runs without its media engine: not the person's problem.
    if (error.code === "native_missing") throw new NoPathError(error.message);
    throw new CallError("refused", error.message ?? `It answered ${response.status}.`);
  }

  /** @param {string} offer */
  #patch(offer) {
    return fetch(new URL(this.location, this.options.base), {
      method: "PATCH",
      headers: { "Content-Type": "application/sdp", ...this.#authorization },
      body: offer,
      signal: AbortSignal.timeout(RESTART_MS),
    });
  }

  /** @returns {Record<string, string>} */
  get #authorization() {
    const { apiKey } = this.options;
    return apiKey ? { Authorization: `Bearer ${apiKey}` } : {};
  }

  #connected() {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new NoPathError(`not connected after ${CONNECT_MS} ms`)),
        CONNECT_MS,
      );
      const check = () => {
        const state = this.pc.connectionState;
        if (state === "connected" && this.channel.readyState === "open") {
          clearTimeout(timer);
          resolve(undefined);
        } else if (state === "failed" || state === "closed") {
          clearTimeout(timer);
          reject(new NoPathError(`connection ${state}`));
        }
      };
      this.pc.addEventListener("connectionstatechange", check);
      this.channel.addEventListener("open", check);
      check();
    });
  }

  /** @param {RTCTrackEvent} event */
  #onTrack({ receiver, track }) {
    if (track.kind !== "audio") return;
    this.receiver = receiver;
    // Every millisecond of receive buffer is one of waiting; NetEq grows it when it must.
    if ("jitterBufferTarget" in receiver) receiver.jitterBufferTarget = 0;
    if ("playoutDelayHint" in receiver) receiver.playoutDelayHint = 0;
    const stream = new MediaStream([track]);
    this.agentAudio = this.options.context.createMediaStreamSource(stream);
    this.options.element.srcObject = stream;
    // Refused only where no click came before; the call began with one.
    this.options.element.play().catch((error) => console.warn("playback did not start:", error));
  }

  /** @param {import("../protocol.js").ClientEvent} event */
  send(event) {
    if (this.channel.readyState === "open") this.channel.send(JSON.stringify(event));
  }

  /** @param {MediaStream} stream */
  async replaceMicrophone(stream) {
    await this.sender.replaceTrack(stream.getAudioTracks()[0]);
  }

  /** Tell the server what it cannot see: how its speech arrives and is played. */
  async #tellLink() {
    if (this.channel.readyState !== "open" || !this.receiver) return;
    for (const report of (await this.receiver.getStats()).values()) {
      if (report.type !== "inbound-rtp") continue;
      const now = countsOf(report);
      const { told } = this;
      this.told = now;
      const link = told && linkEvent(told, now);
      if (link) this.send(link);
    }
  }

  #lost() {
    // Before it is connected, `connect` throws.
    if (this.closed || !this.path) return;
    this.close();
    this.options.onClosed();
  }

  /** @returns {Promise<LinkStats>} since the last call of this method */
  async stats() {
    return this.meter.read(await this.pc.getStats());
  }

  /** Hang up and free everything; says nothing to `onClosed`. */
  close() {
    if (this.closed) return;
    this.closed = true;
    this.playback.close();
    clearInterval(this.linkTimer);
    this.path?.close();
    this.pc.close();
    this.backlog.close();
    this.options.element.srcObject = null;
    if (this.location) {
      // Tells a server that cannot see us leave; if it does not arrive, its timeout does the rest.
      const url = new URL(`${this.location}/hangup`, this.options.base);
      const headers = this.#authorization;
      fetch(url, { method: "POST", headers, keepalive: true }).catch(() => undefined);
    }
  }
}
