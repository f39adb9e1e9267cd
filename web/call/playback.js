// Tells the server what is being played out now, while the agent speaks: history is what was heard.

/** How often. */
const PLAYBACK_MS = 60;

export class Playback {
  /**
   * @param {() => RTCRtpReceiver | null} receiver of the agent's voice
   * @param {(event: import("../protocol.js").ClientEvent) => void} send
   */
  constructor(receiver, send) {
    this.receiver = receiver;
    this.send = send;
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.timer = undefined;
  }

  /** @param {import("../protocol.js").ServerEvent} event of the server; some begin or end speech */
  take(event) {
    if (event.type === "visavis.state") this.#report(event.agent === "speaking");
    if (event.type === "output_audio_buffer.started") this.#report(true);
    if (event.type === "output_audio_buffer.stopped") this.#report(false);
    if (event.type === "output_audio_buffer.cleared") this.#report(false);
  }

  /** @param {boolean} on */
  #report(on) {
    if (on === (this.timer !== undefined)) return;
    clearInterval(this.timer);
    this.timer = on ? setInterval(() => this.#tell(), PLAYBACK_MS) : undefined;
    // The last word of what was heard counts most.
    if (!on) this.#tell();
  }

  #tell() {
    const source = this.receiver()?.getSynchronizationSources()[0];
    if (source) this.send({ type: "visavis.playback", rtp_timestamp: source.rtpTimestamp });
  }

  close() {
    clearInterval(this.timer);
  }
}
