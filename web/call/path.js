// The network path of a call: while there is none, ICE begins anew, from whatever network there is.

/** How long ICE may try to find a path after the last one was lost, before the call is. */
export const LOST_MS = 8_000;
/** Between two attempts: one takes a round trip of signalling and a few of checks. A slower one is
 * waited for. */
export const RESTART_EVERY_MS = 2_500;

/** The server has no such call. */
const NOT_FOUND = 404;

/**
 * @typedef {object} Signalling
 * @property {() => Promise<string>} offer makes an SDP offer with new ICE credentials the local one
 * @property {(offer: string) => Promise<Response>} ask the server for its answer; fails if none comes
 * @property {() => void} onLost the call cannot be kept: no path came back in time, or the server
 *   does not know the call any more
 */

/** Keeps the path of a connected call until it is closed. */
export class Path {
  /**
   * @param {RTCPeerConnection} pc
   * @param {Signalling} signalling
   */
  constructor(pc, signalling) {
    this.pc = pc;
    this.signalling = signalling;
    this.attempts = 0;
    this.asking = false;
    this.closed = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.lostTimer = undefined;
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.restartTimer = undefined;
    this.watch = () => this.#watch();
    this.restart = () => this.#restart();
    pc.addEventListener("connectionstatechange", this.watch);
    // Another network, and ICE has not noticed yet that the old one is gone.
    addEventListener("online", this.restart);
  }

  #watch() {
    const state = this.pc.connectionState;
    if (state === "closed") this.#lose();
    if (state === "connected") this.#calm();
    if ((state === "disconnected" || state === "failed") && this.lostTimer === undefined) {
      this.lostTimer = setTimeout(() => this.#lose(), LOST_MS);
      this.restartTimer = setInterval(() => this.asking || this.#restart(), RESTART_EVERY_MS);
      this.#restart();
    }
  }

  #calm() {
    clearTimeout(this.lostTimer);
    clearInterval(this.restartTimer);
    this.lostTimer = this.restartTimer = undefined;
  }

  async #restart() {
    const attempt = (this.attempts += 1);
    this.asking = true;
    try {
      const response = await this.signalling.ask(await this.signalling.offer());
      const sdp = await response.text();
      if (this.closed) return;
      if (response.status === NOT_FOUND) return this.#lose();
      // An answer to an older offer has credentials that the server no longer takes.
      if (attempt !== this.attempts) return;
      if (!response.ok) throw new Error(`the server answered ${response.status}`);
      await this.pc.setRemoteDescription({ type: "answer", sdp });
    } catch (error) {
      // Offline still, refused, or overtaken by the next attempt: until the timer gives up, one of
      // those may succeed or the old path come back.
      console.info("ICE restart did not succeed:", error);
    } finally {
      if (attempt === this.attempts) this.asking = false;
    }
  }

  #lose() {
    if (this.closed) return;
    this.close();
    this.signalling.onLost();
  }

  close() {
    this.closed = true;
    this.#calm();
    this.pc.removeEventListener("connectionstatechange", this.watch);
    removeEventListener("online", this.restart);
  }
}
