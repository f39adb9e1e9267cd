// What the page shows, as a pure function of what happened. No DOM, no clock, no network.

/** @typedef {import("./protocol.js").ServerEvent} ServerEvent */
/** @typedef {import("./protocol.js").Ledger} Ledger */
/** @typedef {import("./protocol.js").ServerLink} ServerLink */
/** @typedef {import("./errors.js").Problem} Problem */

/** @typedef {"idle" | "connecting" | "live" | "reconnecting" | "ended" | "failed"} Phase */
/** @typedef {"webrtc" | "websocket"} Transport */

/**
 * One caption: what one side said in one go.
 * @typedef {object} Line
 * @property {string} id item id
 * @property {"user" | "agent"} role
 * @property {string} text all that was recognised or generated
 * @property {boolean} firm the words will not change any more
 * @property {number | null} heard if interrupted: how many characters of `text` were heard
 * @property {string | null} response
 */

/**
 * @typedef {object} ViewModel
 * @property {Phase} phase
 * @property {Transport | null} transport
 * @property {import("./protocol.js").UserState} user
 * @property {import("./protocol.js").AgentState} agent
 * @property {Line[]} lines
 * @property {Ledger[]} ledgers oldest first
 * @property {ServerLink | null} link
 * @property {Problem | null} problem
 * @property {{ attempt: number, seconds: number } | null} retry countdown to the next attempt
 * @property {boolean} muted
 * @property {string} version
 */

/**
 * What the page itself does to its state.
 * @typedef {{ type: "page.connecting" }
 *   | { type: "page.connected", transport: Transport }
 *   | { type: "page.retry", attempt: number, seconds: number }
 *   | { type: "page.ended" }
 *   | { type: "page.failed", problem: Problem }
 *   | { type: "page.notice", problem: Problem | null }
 *   | { type: "page.muted", muted: boolean }} PageEvent
 */

/** @type {Readonly<ViewModel>} */
export const INITIAL = Object.freeze({
  phase: "idle",
  transport: null,
  user: "listening",
  agent: "initializing",
  lines: [],
  ledgers: [],
  link: null,
  problem: null,
  retry: null,
  muted: false,
  version: "",
});

/** A call of an hour must not fill the page. */
const MAX_LINES = 400;
const MAX_LEDGERS = 200;

/**
 * @param {ViewModel} view
 * @param {ServerEvent | PageEvent} event
 * @returns {ViewModel} a new one if anything changed, else the same object
 */
export function reduce(view, event) {
  switch (event.type) {
    case "page.connecting":
      return { ...view, phase: "connecting", problem: null, retry: null };
    case "page.connected":
      return {
        ...view,
        phase: "live",
        transport: event.transport,
        agent: view.agent === "initializing" ? "listening" : view.agent,
        problem: null,
        retry: null,
      };
    case "page.retry":
      return {
        ...settled(view),
        phase: "reconnecting",
        retry: { attempt: event.attempt, seconds: event.seconds },
      };
    case "page.ended":
      return { ...settled(view), phase: "ended", problem: null, retry: null };
    case "page.failed":
      return { ...settled(view), phase: "failed", problem: event.problem, retry: null };
    case "page.notice":
      return { ...view, problem: event.problem };
    case "page.muted":
      return { ...view, muted: event.muted };
    case "visavis.hello":
      return { ...view, version: event.version };
    case "visavis.state":
      return { ...view, user: event.user, agent: event.agent };
    case "visavis.link":
      return { ...view, link: event };
    case "visavis.ledger":
      return { ...view, ledgers: withLedger(view.ledgers, event.ledger) };
    case "input_audio_buffer.speech_started":
      // The empty line keeps the place of words that may arrive after the answer began.
      return withLine({ ...view, user: "speaking" }, event.item_id, "user", null, (line) => line);
    case "input_audio_buffer.speech_stopped":
      return { ...view, user: "listening" };
    default:
      return reduceLines(view, event);
  }
}

/**
 * Captions only.
 * @param {ViewModel} view
 * @param {ServerEvent} event
 * @returns {ViewModel}
 */
function reduceLines(view, event) {
  switch (event.type) {
    case "conversation.item.input_audio_transcription.delta": {
      const { item_id, delta, visavis_text } = event;
      return withLine(view, item_id, "user", null, (line) =>
        // A late partial must not unsettle words that are final already.
        line.firm ? line : { ...line, text: visavis_text ?? line.text + delta },
      );
    }
    case "conversation.item.input_audio_transcription.completed": {
      const text = event.transcript.trim();
      if (!text) return withoutLine(view, event.item_id);
      return withLine(view, event.item_id, "user", null, (line) => ({ ...line, text, firm: true }));
    }
    case "response.output_audio_transcript.delta":
      return withLine(view, event.item_id, "agent", event.response_id, (line) =>
        line.firm ? line : { ...line, text: line.text + event.delta },
      );
    case "response.output_audio_transcript.done":
      return withLine(view, event.item_id, "agent", event.response_id, (line) => {
        const cut = cutAt(line.text, event.transcript);
        // The final words of an interrupted reply may be only those that were heard.
        if (cut !== null && cut < line.text.trimEnd().length && line.text !== event.transcript)
          return { ...line, firm: true, heard: line.heard ?? cut };
        return { ...line, text: event.transcript || line.text, firm: true };
      });
    case "conversation.item.truncated":
      return mapLine(view, (l) => l.id === event.item_id, (line) => ({
        ...line,
        firm: true,
        heard: event.visavis_text === undefined
          ? line.heard ?? line.text.length
          : cutAt(line.text, event.visavis_text) ?? line.text.length,
      }));
    case "output_audio_buffer.cleared":
      return mapLine(view, (l) => l.response === event.response_id, interrupted);
    case "response.done":
      return responseDone(view, event.response);
    default:
      return view;
  }
}

/**
 * @param {ViewModel} view
 * @param {{ id: string, status: string, output?: import("./protocol.js").OutputItem[] }} response
 * @returns {ViewModel}
 */
function responseDone(view, response) {
  const part = response.output?.[0]?.content?.[0];
  const said = part?.transcript ?? part?.text ?? null;
  return mapLine(view, (l) => l.response === response.id, (line) => {
    if (response.status !== "cancelled") return { ...line, firm: true };
    const cut = said === null ? null : cutAt(line.text, said);
    return interrupted(cut === null ? line : { ...line, heard: cut });
  });
}

/** @param {Line} line @returns {Line} */
function interrupted(line) {
  return { ...line, firm: true, heard: line.heard ?? line.text.length };
}

/**
 * Length of the beginning of `text` that `heard` is, blind to spaces and case; null if it is none.
 * @param {string} text
 * @param {string} heard
 * @returns {number | null}
 */
export function cutAt(text, heard) {
  let at = 0;
  for (const char of heard.toLowerCase()) {
    if (/\s/.test(char)) continue;
    while (at < text.length && /\s/.test(text[at])) at += 1;
    if (text.slice(at, at + char.length).toLowerCase() !== char) return null;
    at += char.length;
  }
  return at;
}

/**
 * A call that is not live any more says nothing more and changes no words.
 * @param {ViewModel} view
 * @returns {ViewModel}
 */
function settled(view) {
  return {
    ...view,
    transport: null,
    user: "listening",
    agent: "initializing",
    link: null,
    lines: view.lines
      .filter((line) => line.text)
      .map((line) => (line.firm ? line : { ...line, firm: true })),
  };
}

/**
 * @param {ViewModel} view
 * @param {string} id
 * @param {"user" | "agent"} role
 * @param {string | null} response
 * @param {(line: Line) => Line} change
 * @returns {ViewModel}
 */
function withLine(view, id, role, response, change) {
  if (view.lines.some((line) => line.id === id)) return mapLine(view, (l) => l.id === id, change);
  const line = change({ id, role, text: "", firm: false, heard: null, response });
  return { ...view, lines: [...view.lines, line].slice(-MAX_LINES) };
}

/**
 * @param {ViewModel} view
 * @param {(line: Line) => boolean} which
 * @param {(line: Line) => Line} change
 * @returns {ViewModel}
 */
function mapLine(view, which, change) {
  if (!view.lines.some(which)) return view;
  return { ...view, lines: view.lines.map((line) => (which(line) ? change(line) : line)) };
}

/** @param {ViewModel} view @param {string} id @returns {ViewModel} */
function withoutLine(view, id) {
  if (!view.lines.some((line) => line.id === id)) return view;
  return { ...view, lines: view.lines.filter((line) => line.id !== id) };
}

/**
 * The newest figures of a turn replace its older ones; after a reconnect turns count from one
 * again, so the person's item tells them apart.
 * @param {Ledger[]} ledgers
 * @param {Ledger} ledger
 * @returns {Ledger[]}
 */
function withLedger(ledgers, ledger) {
  const at = ledgers.findIndex((l) => l.turn === ledger.turn && l.user_item === ledger.user_item);
  if (at < 0) return [...ledgers, ledger].slice(-MAX_LEDGERS);
  return ledgers.map((known, index) => (index === at ? ledger : known));
}
