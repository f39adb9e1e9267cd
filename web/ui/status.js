// The one sentence that says what is going on, the notice that says what went wrong, and the
// buttons that make sense now.

import { byId } from "./dom.js";
import { moodOf } from "./orb.js";

/** @typedef {import("../state.js").ViewModel} ViewModel */

/** @type {Record<import("./orb.js").Mood, [string, string]>} */
const WORDS = {
  idle: ["Ready when you are", "Press Talk and speak as you would to a person. Interrupt any time."],
  connecting: ["Connecting", "Opening your microphone and calling the server."],
  listening: ["Listening", "Go ahead, it hears you."],
  hearing: ["Listening", "It hears you."],
  thinking: ["Thinking", ""],
  speaking: ["Speaking", "Just speak to interrupt."],
  muted: ["Muted", "It does not hear you."],
  reconnecting: ["Reconnecting", ""],
  failed: ["Not connected", ""],
};

export class Status {
  constructor() {
    this.title = byId("status", HTMLElement);
    this.hint = byId("hint", HTMLElement);
    this.notice = byId("notice", HTMLElement);
    this.noticeTitle = byId("notice-title", HTMLElement);
    this.noticeText = byId("notice-text", HTMLElement);
    this.retry = byId("retry", HTMLButtonElement);
    this.dismiss = byId("dismiss", HTMLButtonElement);
    this.talk = byId("talk", HTMLButtonElement);
    this.talkLabel = byId("talk-label", HTMLElement);
    this.controls = byId("controls", HTMLElement);
    this.mute = byId("mute", HTMLButtonElement);
    this.muteLabel = byId("mute-label", HTMLElement);
    this.transport = byId("transport", HTMLElement);
  }

  /** @param {ViewModel} view */
  update(view) {
    document.body.dataset.phase = view.phase;
    document.body.classList.toggle("has-talk", view.lines.length > 0 || view.phase === "live");
    const [title, hint] = WORDS[moodOf(view)];
    this.title.textContent = view.phase === "ended" ? "Call ended" : title;
    this.hint.textContent = view.phase === "ended" ? "Press Talk to start another." : hint;
    const inCall = ["connecting", "live", "reconnecting"].includes(view.phase);
    this.talk.hidden = inCall;
    this.talkLabel.textContent = view.phase === "failed" && view.problem?.retry ? "Try again" : "Talk";
    this.controls.hidden = !inCall;
    this.mute.setAttribute("aria-pressed", String(view.muted));
    this.muteLabel.textContent = view.muted ? "Unmute" : "Mute";
    this.transport.textContent = view.transport === "websocket" ? "over WebSocket" : "";
    this.#notice(view);
  }

  /** @param {ViewModel} view */
  #notice(view) {
    const { retry, problem } = view;
    this.notice.hidden = !retry && !problem;
    this.retry.hidden = !retry || retry.seconds === 0;
    this.dismiss.hidden = Boolean(retry) || view.phase === "failed";
    this.notice.classList.toggle("severe", view.phase === "failed");
    if (retry) {
      this.noticeTitle.textContent = "The call dropped";
      this.noticeText.textContent =
        retry.seconds > 0
          ? `Calling again in ${retry.seconds} s (attempt ${retry.attempt}). Your words are kept.`
          : `Calling again now (attempt ${retry.attempt}).`;
    } else if (problem) {
      this.noticeTitle.textContent = problem.title;
      this.noticeText.textContent = problem.message;
    }
  }
}
