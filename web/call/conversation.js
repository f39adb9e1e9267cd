// A conversation: one call after another until the person hangs up, and the view model of it.
// This is the browser SDK; the page is one user of it.
//
//     const talk = new Conversation({ onChange: (view) => draw(view) });
//     await talk.start();   // from a click: browsers let no sound start without one

import { LevelMeter } from "../audio/level.js";
import { CallError, problem, problemOf } from "../errors.js";
import { NO_STATS, readConfig } from "../protocol.js";
import { INITIAL, reduce } from "../state.js";
import { openMicrophone, stopStream } from "./media.js";
import { ATTEMPTS, Countdown, delayBefore } from "./reconnect.js";
import { connect } from "./transport.js";

/** @typedef {import("../state.js").ViewModel} ViewModel */
/** @typedef {import("../protocol.js").LinkStats} LinkStats */

const STATS_MS = 1_000;
const SILENCE = { rms: 0, max: 0 };

export class Conversation {
  /**
   * @param {object} options
   * @param {(view: ViewModel, before: ViewModel) => void} options.onChange
   * @param {string} [options.base] URL of the server; the page's own if left out
   * @param {string | null} [options.transport] "ws" or "webrtc" to insist on one
   * @param {string} [options.microphone] device id
   * @param {string} [options.apiKey] the server's key, if it wants one
   */
  constructor({ onChange, base = document.baseURI, transport = null, microphone = "", apiKey = "" }) {
    this.onChange = onChange;
    this.base = base;
    this.wanted = transport;
    this.microphoneId = microphone;
    this.apiKey = apiKey;
    /** @type {ViewModel} */
    this.view = INITIAL;
    /** @type {LinkStats} */
    this.stats = NO_STATS;
    this.element = new Audio();
    this.element.autoplay = true;
    /** @type {AudioContext | null} */
    this.context = null;
    /** @type {MediaStream | null} */
    this.microphone = null;
    /** @type {import("./transport.js").Transport | null} */
    this.transport = null;
    /** @type {LevelMeter | null} */
    this.userMeter = null;
    /** @type {LevelMeter | null} */
    this.agentMeter = null;
    /** @type {Countdown | null} */
    this.countdown = null;
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.statsTimer = undefined;
    /** Grows with every start and hang-up; what belongs to an older one is stale. */
    this.epoch = 0;
  }

  /** @param {import("../protocol.js").ServerEvent | import("../state.js").PageEvent} event */
  dispatch(event) {
    const before = this.view;
    this.view = reduce(before, event);
    if (this.view !== before) this.onChange(this.view, before);
  }

  /** Ask for the microphone and call. Problems go into the view, nothing is thrown. */
  async start() {
    if (["connecting", "live", "reconnecting"].includes(this.view.phase)) return;
    this.epoch += 1;
    const { epoch } = this;
    this.dispatch({ type: "page.connecting" });
    try {
      // Made inside the click, before anything is awaited: later it would start suspended.
      this.context ??= new AudioContext({ latencyHint: "interactive" });
      const resumed = this.context.resume();
      const microphone = await openMicrophone(this.microphoneId);
      if (epoch !== this.epoch) return stopStream(microphone);
      await resumed;
      this.#useMicrophone(microphone);
      await this.#call(epoch);
    } catch (error) {
      if (epoch !== this.epoch) return;
      this.#release();
      this.dispatch({ type: "page.failed", problem: problemOf(error) });
    }
  }

  /** @param {MediaStream} stream */
  #useMicrophone(stream) {
    this.userMeter?.close();
    stopStream(this.microphone);
    this.microphone = stream;
    for (const track of stream.getAudioTracks()) track.enabled = !this.view.muted;
    const context = /** @type {AudioContext} */ (this.context);
    this.userMeter = new LevelMeter(context, context.createMediaStreamSource(stream));
  }

  /**
   * @param {number} epoch
   * @throws {CallError}
   */
  async #call(epoch) {
    const config = await this.#config();
    if (epoch !== this.epoch) return;
    const transport = await connect(
      {
        base: this.base,
        config,
        apiKey: this.apiKey,
        microphone: /** @type {MediaStream} */ (this.microphone),
        context: /** @type {AudioContext} */ (this.context),
        element: this.element,
        onEvent: (event) => this.#onEvent(event, epoch),
        onClosed: () => this.#onClosed(epoch),
      },
      this.wanted,
    );
    if (epoch !== this.epoch) return transport.close();
    this.transport = transport;
    this.#measure();
    this.dispatch({ type: "page.connected", transport: transport.kind });
  }

  async #config() {
    /** @type {Response} */
    let response;
    try {
      response = await fetch(new URL("config.json", this.base), { cache: "no-store" });
    } catch {
      throw new CallError("unreachable");
    }
    if (!response.ok) throw new CallError("unreachable");
    return readConfig(await response.json().catch(() => null));
  }

  /**
   * @param {import("../protocol.js").ServerEvent} event
   * @param {number} epoch
   */
  #onEvent(event, epoch) {
    if (epoch !== this.epoch) return;
    if (event.type === "error") {
      console.warn("server:", event.error.code, event.error.message);
      // A message of ours that it did not like is a matter for the console, not for the person.
      if (event.error.type === "invalid_request_error") return;
      this.dispatch({
        type: "page.notice",
        problem: problem("server", event.error.message ?? "It gave no reason."),
      });
      return;
    }
    this.dispatch(event);
  }

  #measure() {
    this.agentMeter?.close();
    const { context, transport } = this;
    const node = transport?.agentAudio;
    this.agentMeter = context && node ? new LevelMeter(context, node) : null;
    clearInterval(this.statsTimer);
    this.statsTimer = setInterval(async () => {
      if (transport) this.stats = await transport.stats();
    }, STATS_MS);
  }

  /** @param {number} epoch */
  #onClosed(epoch) {
    if (epoch !== this.epoch) return;
    this.#leave();
    this.#retry(1, epoch);
  }

  /**
   * @param {number} attempt
   * @param {number} epoch
   */
  #retry(attempt, epoch) {
    const seconds = delayBefore(attempt);
    if (seconds === null || attempt > ATTEMPTS) {
      this.#release();
      this.dispatch({ type: "page.failed", problem: problem("gave_up") });
      return;
    }
    this.countdown = new Countdown(
      seconds,
      (left) => this.dispatch({ type: "page.retry", attempt, seconds: left }),
      async () => {
        this.countdown = null;
        this.dispatch({ type: "page.retry", attempt, seconds: 0 });
        try {
          await this.#call(epoch);
        } catch (error) {
          if (epoch !== this.epoch) return;
          console.info("reconnect failed:", error);
          this.#retry(attempt + 1, epoch);
        }
      },
    );
  }

  /** Try again at once instead of waiting for the countdown. */
  retryNow() {
    this.countdown?.finish();
  }

  hangUp() {
    if (!["connecting", "live", "reconnecting"].includes(this.view.phase)) return;
    this.epoch += 1;
    this.#release();
    this.dispatch({ type: "page.ended" });
  }

  /** @param {boolean} muted */
  mute(muted) {
    for (const track of this.microphone?.getAudioTracks() ?? []) track.enabled = !muted;
    this.dispatch({ type: "page.muted", muted });
  }

  /**
   * Change the microphone, also in mid-call.
   * @param {string} deviceId
   * @throws {CallError}
   */
  async chooseMicrophone(deviceId) {
    this.microphoneId = deviceId;
    if (!this.microphone) return;
    const stream = await openMicrophone(deviceId);
    await this.transport?.replaceMicrophone(stream);
    this.#useMicrophone(stream);
  }

  /**
   * @param {string} deviceId
   * @throws {CallError} speaker_failed
   */
  async chooseSpeaker(deviceId) {
    try {
      await this.element.setSinkId?.(deviceId);
      await this.context?.setSinkId?.(deviceId);
    } catch {
      throw new CallError("speaker_failed");
    }
  }

  /** Levels now and their maxima since the last call of this method. */
  levels() {
    return {
      agent: this.agentMeter?.take() ?? SILENCE,
      user: this.view.muted ? SILENCE : this.userMeter?.take() ?? SILENCE,
    };
  }

  /**
   * Levels now, for whoever draws them; leaves the maxima alone.
   * @returns {{ agent: number, user: number }} RMS
   */
  loudness() {
    return {
      agent: this.agentMeter?.rms ?? 0,
      user: this.view.muted ? 0 : this.userMeter?.rms ?? 0,
    };
  }

  /** End the call, keep the microphone for the next. */
  #leave() {
    clearInterval(this.statsTimer);
    this.agentMeter?.close();
    this.agentMeter = null;
    this.transport?.close();
    this.transport = null;
    this.stats = NO_STATS;
  }

  #release() {
    this.countdown?.cancel();
    this.countdown = null;
    this.#leave();
    this.userMeter?.close();
    this.userMeter = null;
    stopStream(this.microphone);
    this.microphone = null;
  }
}
