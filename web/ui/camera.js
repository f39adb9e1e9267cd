// The camera's preview. The picture stays on this page: the agent does not see yet.

import { openCamera, stopStream } from "../call/media.js";
import { problemOf } from "../errors.js";
import { remembered } from "./devices.js";
import { byId } from "./dom.js";

export class Camera {
  /** @param {(problem: import("../errors.js").Problem) => void} onProblem */
  constructor(onProblem) {
    this.onProblem = onProblem;
    this.tile = byId("camera-tile", HTMLElement);
    this.video = byId("camera-video", HTMLVideoElement);
    this.button = byId("camera", HTMLButtonElement);
    /** @type {MediaStream | null} */
    this.stream = null;
    this.opening = false;
  }

  async toggle() {
    if (this.opening) return;
    if (this.stream) this.off();
    else await this.#on();
  }

  /** Change to the camera that is chosen now, if one is on. */
  async reopen() {
    if (!this.stream) return;
    this.off();
    await this.#on();
  }

  async #on() {
    this.opening = true;
    try {
      this.stream = await openCamera(remembered("camera"));
      this.video.srcObject = this.stream;
      this.stream.getVideoTracks()[0]?.addEventListener("ended", () => this.off());
    } catch (error) {
      this.onProblem(problemOf(error));
    }
    this.opening = false;
    this.#show();
  }

  off() {
    stopStream(this.stream);
    this.stream = null;
    this.video.srcObject = null;
    this.#show();
  }

  #show() {
    this.tile.hidden = this.stream === null;
    this.button.setAttribute("aria-pressed", String(this.stream !== null));
  }
}
