// Wiring: the page's parts, the conversation, the keyboard, and the door for tests.

import { Conversation } from "./call/conversation.js";
import { problemOf } from "./errors.js";
import { Camera } from "./ui/camera.js";
import { Captions } from "./ui/captions.js";
import { Devices, remembered } from "./ui/devices.js";
import { byId } from "./ui/dom.js";
import { LinkPanel } from "./ui/link.js";
import { Meter } from "./ui/meter.js";
import { moodOf, Orb } from "./ui/orb.js";
import { Status } from "./ui/status.js";
import { Theme } from "./ui/theme.js";
import { Waterfall } from "./ui/waterfall.js";

/** @typedef {import("./state.js").ViewModel} ViewModel */

const talk = new Conversation({
  onChange: draw,
  transport: new URLSearchParams(location.search).get("transport"),
  microphone: remembered("microphone"),
  // In the fragment, which browsers send to nobody.
  apiKey: new URLSearchParams(location.hash.slice(1)).get("key") ?? "",
});
const levels = () => talk.loudness();
const orb = new Orb(levels);
const meter = new Meter(levels);
const captions = new Captions();
const waterfall = new Waterfall();
const link = new LinkPanel();
const status = new Status();
const camera = new Camera((problem) => talk.dispatch({ type: "page.notice", problem }));
const devices = new Devices(choose);
const theme = new Theme(() => orb.refresh());

/** @param {ViewModel} view */
function draw(view) {
  orb.show(moodOf(view));
  meter.update(view);
  captions.update(view);
  waterfall.update(view.ledgers);
  link.update(view, talk.stats);
  status.update(view);
  if (view.phase === "ended" || view.phase === "failed") camera.off();
}

/**
 * @param {import("./ui/devices.js").Role} role
 * @param {string} deviceId
 */
async function choose(role, deviceId) {
  try {
    if (role === "microphone") await talk.chooseMicrophone(deviceId);
    else if (role === "speaker") await talk.chooseSpeaker(deviceId);
    else await camera.reopen();
  } catch (error) {
    talk.dispatch({ type: "page.notice", problem: problemOf(error) });
  }
}

async function start() {
  await talk.start();
  const speaker = remembered("speaker");
  if (speaker && talk.view.phase === "live") await choose("speaker", speaker);
}

const inCall = () => ["connecting", "live", "reconnecting"].includes(talk.view.phase);

/** What each key does; the same words stand on the buttons. @type {Record<string, () => void>} */
const KEYS = {
  " ": () => void (inCall() || start()),
  m: () => void (inCall() && talk.mute(!talk.view.muted)),
  c: () => void (inCall() && camera.toggle()),
  h: () => talk.hangUp(),
  d: () => void devices.open(),
  t: () => theme.toggle(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const target = /** @type {Element} */ (event.target);
  // Keys belong to fields, open dialogs and, for the space bar, to whatever button has the focus.
  if (target.closest("dialog[open], input, select, textarea")) return;
  if (event.key === " " && target.closest("button, summary, a")) return;
  const action = KEYS[event.key.toLowerCase()];
  if (!action) return;
  event.preventDefault();
  action();
});

/** @type {[string, () => void][]} */
const BUTTONS = [
  ["talk", () => void start()],
  ["mute", () => talk.mute(!talk.view.muted)],
  ["camera", () => void camera.toggle()],
  ["settings", () => void devices.open()],
  ["settings-top", () => void devices.open()],
  ["hangup", () => talk.hangUp()],
  ["retry", () => talk.retryNow()],
  ["dismiss", () => talk.dispatch({ type: "page.notice", problem: null })],
];
for (const [id, action] of BUTTONS) byId(id, HTMLButtonElement).addEventListener("click", action);

// A page that goes away must not leave the server waiting for it.
window.addEventListener("pagehide", () => talk.hangUp());
setInterval(() => link.update(talk.view, talk.stats), 1000);
draw(talk.view);

window.visavis = {
  state: () => ({
    ...talk.view,
    transcripts: {
      user: textsOf("user"),
      agent: textsOf("agent"),
    },
  }),
  stats: () => talk.stats,
  levels: () => talk.levels(),
};

/**
 * What one side said, one text a line, cut where it was interrupted.
 * @param {"user" | "agent"} role
 * @returns {string[]}
 */
function textsOf(role) {
  return talk.view.lines
    .filter((line) => line.role === role && line.text)
    .map((line) => (line.heard === null ? line.text : line.text.slice(0, line.heard)));
}
